"""Every format writes the values there are, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapeql.errors import Diagnostic, Fix, Span
from tapeql.export import formats
from tapeql.export.info import INFO_KEY, decode_info
from tapeql.run.result import Result

SCHEMA = pa.schema(
    [
        pa.field("symbol", pa.string()),
        pa.field("ts", pa.timestamp("us", tz="UTC")),
        pa.field("price", pa.float64()),
        pa.field("trades", pa.int64()),
        pa.field("session_date", pa.date32()),
        pa.field("complete", pa.bool_()),
    ]
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_instants = st.integers(-(2**52), 2**52).map(lambda us: _EPOCH + timedelta(microseconds=us))
_rows = st.lists(
    st.fixed_dictionaries(
        {
            "symbol": st.none() | st.text(st.characters(codec="utf-8"), max_size=8),
            "ts": st.none() | _instants,
            "price": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "trades": st.none() | st.integers(-(2**63), 2**63 - 1),
            "session_date": st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
            "complete": st.none() | st.booleans(),
        }
    ),
    max_size=8,
)


def written(form: str, table: pa.Table, info: dict[str, object] | None = None, batch_rows: int = 3) -> bytes:
    sink = io.BytesIO()
    formats.load(form).write(Result(table.schema, iter(table.to_batches(batch_rows)), info or {}), sink)
    return sink.getvalue()


@given(_rows)
@settings(max_examples=100, deadline=None)
def test_json_reads_back_as_the_same_values(rows: list[dict[str, object]]) -> None:
    """JSON is one array of objects whose numbers and instants are exact."""
    read = json.loads(written("json", pa.Table.from_pylist(rows, SCHEMA)))
    assert len(read) == len(rows)
    for got, row in zip(read, rows, strict=True):
        assert list(got) == SCHEMA.names
        assert [got[n] for n in ("symbol", "trades", "complete")] == [row[n] for n in ("symbol", "trades", "complete")]
        assert got["price"] == row["price"]
        assert (got["ts"] and datetime.fromisoformat(got["ts"])) == row["ts"]
        assert (got["session_date"] and date.fromisoformat(got["session_date"])) == row["session_date"]


@given(_rows)
@settings(max_examples=100, deadline=None)
def test_csv_reads_back_as_the_same_values(rows: list[dict[str, object]]) -> None:
    """CSV quotes what needs it, writes NULL as nothing, and numbers so that they read back exactly."""
    text = written("csv", pa.Table.from_pylist(rows, SCHEMA)).decode()
    header, *read = csv.reader(io.StringIO(text, newline=""))
    assert header == SCHEMA.names
    assert len(read) == len(rows)
    for (symbol, ts, price, trades, day, complete), row in zip(read, rows, strict=True):
        assert symbol == (row["symbol"] or "")
        assert (datetime.fromisoformat(ts) if ts else None) == row["ts"]
        assert (float(price) if price else None) == row["price"]
        assert (int(trades) if trades else None) == row["trades"]
        assert (date.fromisoformat(day) if day else None) == row["session_date"]
        assert complete == {None: "", True: "true", False: "false"}[row["complete"]]  # type: ignore[index]


def test_instants_are_iso_8601_utc() -> None:
    """Whole seconds carry no fraction, others all six digits; NULL is empty, and quoted where it stands alone."""
    ts = pa.array([1741613400000000, 1741613400000001, None], pa.timestamp("us", tz="UTC"))
    assert written("csv", pa.table({"ts": ts})) == b'ts\n2025-03-10T13:30:00Z\n2025-03-10T13:30:00.000001Z\n""\n'


def test_an_empty_text_is_not_null() -> None:
    """CSV tells an empty text from NULL, as most readers do, by quotes."""
    assert written("csv", pa.table({"a": ["", None], "b": [1, 2]})) == b'a,b\n"",1\n,2\n'


def test_an_empty_result_keeps_its_columns() -> None:
    """No rows is an answer with a schema, in every format."""
    empty = SCHEMA.empty_table()
    assert written("csv", empty) == b"symbol,ts,price,trades,session_date,complete\n"
    assert json.loads(written("json", empty)) == []
    assert pq.read_table(io.BytesIO(written("parquet", empty))).schema.names == SCHEMA.names
    assert pa.ipc.open_file(written("arrow", empty)).read_all().schema == SCHEMA


def test_files_carry_the_result_information() -> None:
    """Arrow and Parquet files hold rows, schema metadata and the information of the result."""
    note = Diagnostic("N201", "a note", Span(3, 5), ("a hint",), Fix(Span(3, 5), "text"))
    info = {"notes": [note], "rows": 5, "engine": "kernels"}
    table = pa.table({"x": [math.pi] * 5}).replace_schema_metadata({"tapeql.query": "CANDLES"})
    parquet = pq.ParquetFile(io.BytesIO(written("parquet", table, info)))
    assert decode_info(parquet.metadata.metadata[INFO_KEY]) == info
    arrow = pa.ipc.open_file(written("arrow", table, info))
    batch, metadata = arrow.get_batch_with_custom_metadata(arrow.num_record_batches - 1)
    assert batch.num_rows == 0
    assert decode_info(metadata[INFO_KEY]) == info
    assert arrow.read_all().equals(table, check_metadata=True)
    assert parquet.read().schema.metadata[b"tapeql.query"] == b"CANDLES"


def test_every_format_is_found_by_its_name() -> None:
    """A format is one module; its name and its suffix find it."""
    assert formats.names() == ("arrow", "csv", "json", "parquet")
    assert [formats.by_suffix(f"x{formats.load(n).SUFFIX}") for n in formats.names()] == list(formats.names())
    assert formats.by_suffix("x.txt") is None


@pytest.mark.parametrize("form", ["csv", "json"])
def test_text_formats_do_not_depend_on_how_rows_arrive(form: str) -> None:
    """The bytes are the same however the batches were cut."""
    table = pa.table({"a": list(range(50)), "b": [f"s{i % 3}" for i in range(50)]})
    assert written(form, table, batch_rows=50) == written(form, table, batch_rows=1)
