"""The quotes that prevail at trades, in batches of any size, against one look at all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeql.cancel import Cancel
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.series import Series
from tapeql.operators.as_of import AsOf
from tapeql.operators.as_of.kernel import run
from tapeql.query.columns import PREVAILING
from tapeql.query.nodes import Column, Of, Type
from tapeql.rows.nodes import Feed, Ticks
from tests.query.asking import refused
from tests.run.test_quotes import FEED, Quote, Quotes

TOLD = tuple(Column(c.name, c.type, Of.PREVAILING) for c in PREVAILING if c.name in ("bid", "mid", "quote_ts"))
rows = st.lists(st.tuples(st.integers(0, 60), st.sampled_from([0.0, 1.0, 2.0, 3.0]), st.sampled_from([2.0, 4.0])))


def frames(instants: Sequence[int], size: int) -> Iterator[Frame]:
    for first in range(0, len(instants), size):
        ts = np.array(instants[first : first + size], dtype=np.int64)
        yield Frame(len(ts), {"ts": Vector(Type.INSTANT, ts)})


@given(
    rows.map(sorted), st.lists(st.integers(0, 70)).map(sorted), st.integers(1, 9), st.integers(1, 9), st.integers(0, 4)
)
def test_batches_do_not_matter(quotes: list[Quote], trades: list[int], batch: int, frame: int, lag: int) -> None:
    """Wherever the batches of quotes and of trades end, each trade has the last quote at or before it, less the lag."""
    step = AsOf(TOLD, lag, 20)
    series = Series(Ticks((FEED,), (), None, "UTC", "XNYS"), Feed(FEED.symbol, "24x7", 0, 71), frames(trades, frame))
    found = list(run(step, series, Context(Quotes(quotes, batch), 10**6, Cancel())))  # type: ignore[arg-type]
    mids, stamps, valid = (
        [v for f in found for v in values(f)]
        for values in (
            lambda f: f["quote.mid"].values,
            lambda f: f["quote.quote_ts"].values,
            lambda f: f["quote.quote_ts"].is_valid,
        )
    )
    for at, mid, stamp, is_valid in zip(trades, mids, stamps, valid, strict=True):
        known = [q for q in quotes if q[0] <= at - lag]
        if not known or at - known[-1][0] > 20:
            assert np.isnan(mid)
            assert not is_valid
        else:
            ts, bid, ask = known[-1]
            assert stamp == ts
            assert (np.isnan(mid) and bid == 0) or mid == (bid + ask) / 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("TICKS FROM nasdaq:AAPL ASOF QUOTES LAG 5s TOLERANCE 1s", "E208"),
        ("TICKS FROM nasdaq:AAPL ASOF QUOTES LAG 0s", "E203"),
        ("TICKS FROM nasdaq:AAPL ASOF QUOTES LAG 1mo", "E203"),
        ("QUOTES FROM nasdaq:AAPL ASOF QUOTES", "E207"),
        ("TICKS FROM nasdaq:AAPL WHERE price > ask", "E101"),
    ],
)
def test_what_cannot_be(text: str, code: str) -> None:
    """Mistakes are told where they are written."""
    assert [d.code for d in refused(text)] == [code]
