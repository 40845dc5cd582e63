"""What travels beside the batches comes back as it was."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeql import errors
from tapeql.errors import Diagnostic, Fix, LimitError, QueryError, Span, TapeQLError
from tapeql.export.info import decode_info, encode_info
from tapeql.serve.batches import cut
from tapeql.serve.wire import (
    RECORD_BYTES,
    Request,
    decode_error,
    decode_request,
    decode_status,
    encode_error,
    encode_status,
)

_spans = st.tuples(st.integers(0, 2**17), st.integers(0, 2**17)).map(lambda pair: Span(*sorted(pair)))
_texts = st.text(st.characters(codec="utf-8"), max_size=40)
_diagnostics = st.builds(
    Diagnostic,
    st.sampled_from(["E001", "E102", "W201", "N101"]),
    _texts,
    _spans,
    st.lists(_texts, max_size=2).map(tuple),
    st.none() | st.builds(Fix, _spans, _texts),
)
_values = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | _texts


@given(st.text(st.characters(codec="utf-8")), st.dictionaries(_texts, _values), st.dictionaries(_texts, _texts))
def test_requests_come_back(query: str, params: dict[str, object], settings: dict[str, str]) -> None:
    """A request is its bytes, whatever its text."""
    request = Request(query, params, settings)
    assert decode_request(request.encode()) == request


def test_a_plain_text_is_its_own_request() -> None:
    """Without parameters and settings nothing is wrapped."""
    assert Request("SHOW symbols").encode() == b"SHOW symbols"
    assert Request("{").encode() == b'{"query": "{"}'


@given(st.lists(_diagnostics, min_size=1, max_size=4))
def test_errors_come_back(found: list[Diagnostic]) -> None:
    """A QueryError keeps its diagnostics, as many as fit and at least the first."""
    encoded = encode_error(QueryError(found, "text"))
    error = decode_error(encoded, "text")
    assert isinstance(error, QueryError)
    assert error.diagnostics == tuple(found)[: len(error.diagnostics)]
    assert error.diagnostics
    assert len(error.diagnostics) == len(found) or len(encoded) <= RECORD_BYTES
    assert error.source == "text"


@pytest.mark.parametrize("kind", ["DataError", "StoreError", "ConnectionFailed", "Cancelled", "TapeQLError"])
def test_kinds_come_back(kind: str) -> None:
    """Every error of the tree stays what it is; a limit keeps its name."""
    error = decode_error(encode_error(getattr(errors, kind)("reason é")), "")
    assert type(error).__name__ == kind
    assert str(error) == "reason é"
    limit = decode_error(encode_error(LimitError("too many", "FILL_ROWS")), "")
    assert isinstance(limit, LimitError)
    assert limit.limit == "FILL_ROWS"


def test_long_errors_are_cut_from_their_end() -> None:
    """What does not fit into headers is left out, the first diagnostic never."""
    found = [Diagnostic("E102", f"unknown function {i} " + "x" * 100) for i in range(500)]
    error = decode_error(encode_error(QueryError(found)), "")
    assert isinstance(error, QueryError)
    assert 5 < len(error.diagnostics) < 50
    assert error.diagnostics[0] == found[0]
    huge = encode_error(QueryError([Diagnostic("E102", "x" * 100_000, hints=("y" * 100_000,))]))
    assert len(huge) <= RECORD_BYTES
    assert isinstance(decode_error(huge, ""), QueryError)
    assert len(encode_error(TapeQLError("é" * 100_000))) <= RECORD_BYTES


@given(st.integers(0, 16), _texts, st.binary(max_size=300))
def test_a_status_holds_its_detail(code: int, message: str, detail: bytes) -> None:
    """google.rpc.Status is encoded as protobuf does, and read back."""
    assert decode_status(encode_status(code, message, detail)) == detail


@given(st.binary(max_size=60))
def test_foreign_details_are_no_records(extra: bytes) -> None:
    """Bytes that are not ours never raise."""
    decode_status(extra)


def test_information_comes_back() -> None:
    """Diagnostics inside result information are diagnostics again."""
    info = {"notes": [Diagnostic("N101", "a note", Span(1, 2))], "rows": 3, "sources": {"a:B": ["trades"]}}
    assert decode_info(encode_info(info)) == info


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 20))
def test_batches_are_cut_to_size(lengths: list[int], rows: int) -> None:
    """The same rows in the same order, none empty, and no two neighbours fit in one batch."""
    import pyarrow as pa

    numbers = iter(range(sum(lengths)))
    batches = [pa.record_batch({"x": pa.array([next(numbers) for _ in range(n)], pa.int64())}) for n in lengths]
    sizes, got = [], []
    for batch in cut(batches, rows):
        sizes.append(batch.num_rows)
        got += batch.column(0).to_pylist()
    assert got == list(range(sum(lengths)))
    assert all(one + other > rows for one, other in pairwise(sizes))
    assert all(0 < size <= rows for size in sizes)


def test_wide_rows_make_smaller_batches() -> None:
    """A message's bytes are bounded as well as its rows."""
    import pyarrow as pa

    batch = pa.record_batch({"text": ["x" * 1000] * 1000})
    assert all(piece.nbytes <= 101_000 for piece in cut([batch], size_bytes=100_000))
