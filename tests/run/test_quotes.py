"""Time-weighted means of quotes against brute force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeql.calendars.grid import ALWAYS, NEVER
from tapeql.cancel import Cancel
from tapeql.kernels.context import Context
from tapeql.kernels.quotes import Slots, time_weighted
from tapeql.query.nodes import Symbol
from tapeql.rows.nodes import Feed
from tapeql.storage.snapshot import Part

FEED = Feed(Symbol("binance", "BTCUSDT"), "24x7", 0, 1000)
Quote = tuple[int, float, float]


class Quotes:
    """A snapshot of quotes alone, in batches of any size."""

    id = "1"
    dialect = "duckdb"

    def __init__(self, rows: Sequence[Quote], batch_rows: int) -> None:
        self.rows = rows
        self.batch_rows = batch_rows

    def symbols(self) -> Sequence[tuple[str, str]]:
        return [("binance", "BTCUSDT")]

    def intervals(self, venue: str, code: str) -> Sequence[str]:
        return ()

    def parts(self, table: str, venue: str, code: str, interval: str = "") -> Sequence[Part]:
        if not self.rows:
            return ()
        return [Part(table, venue, code, "", "", self.rows[0][0], self.rows[-1][0], len(self.rows))]

    def coverage(self, table: str, venue: str, code: str, interval: str = "") -> Sequence[tuple[int, int]]:
        return ()

    def scan(
        self,
        table: str,
        venue: str,
        code: str,
        start_us: int,
        end_us: int,
        columns: Sequence[str],
        interval: str = "",
        spelled: bool = True,
    ) -> Iterator[pa.RecordBatch]:
        rows = [row for row in self.rows if start_us <= row[0] < end_us]
        names = ("ts", "bid", "ask", "market")
        for first in range(0, len(rows), self.batch_rows):
            chosen = rows[first : first + self.batch_rows]
            arrays = {
                "ts": pa.array([r[0] for r in chosen], pa.timestamp("us", tz="UTC")),
                "bid": pa.array([r[1] for r in chosen], pa.float64()),
                "ask": pa.array([r[2] for r in chosen], pa.float64()),
                "market": pa.nulls(len(chosen), pa.string()),
            }
            yield pa.RecordBatch.from_arrays([arrays[c] for c in columns], names=[n for n in names if n in columns])


def brute(rows: Sequence[Quote], start: int, end: int, market_open: int) -> float:
    """One microsecond at a time."""
    spreads = []
    for now in range(start, end):
        standing = [row for row in rows if market_open <= row[0] <= now]
        if standing:
            _, bid, ask = standing[-1]
            if 0 < bid <= ask:
                spreads.append(ask - bid)
    return float(np.mean(spreads)) if spreads else float("nan")


quote_rows = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 4).map(float), st.integers(0, 5).map(float)), max_size=25
).map(lambda rows: sorted(rows, key=lambda row: row[0]))


@given(
    quote_rows,
    st.lists(st.integers(0, 70), min_size=2, max_size=8, unique=True).map(sorted),
    st.integers(1, 7),
    st.sampled_from([ALWAYS, 0, 20, NEVER]),
)
def test_means_equal_brute_force(rows: list[Quote], edges: list[int], batch_rows: int, market_open: int) -> None:
    """Whatever the files, the slots and the opening of the market, a mean is what every microsecond says."""
    start, end = np.array(edges[:-1]), np.array(edges[1:])
    count = len(start)
    opened = np.maximum(np.full(count, market_open), ALWAYS)
    if market_open == 20:  # no slot lies before its market opens
        start, end = np.maximum(start, 20), np.maximum(end, 20)
        keep = end > start
        start, end, opened = start[keep], end[keep], opened[keep]
        count = len(start)
    slots = Slots(start, end, opened, np.arange(count))
    context = Context(Quotes(rows, batch_rows), 10**6, Cancel())
    means = time_weighted(["spread"], slots, count, FEED, context)["spread"]
    wanted = [
        float("nan") if market_open == NEVER else brute(rows, int(a), int(b), market_open)
        for a, b in zip(start, end, strict=True)
    ]
    assert means == pytest.approx(wanted, rel=1e-12, nan_ok=True)


def test_crossed_quotes_are_counted() -> None:
    """A crossed quote is left out with the time it stood, and counted."""
    context = Context(Quotes([(0, 1.0, 2.0), (10, 3.0, 2.0), (20, 1.0, 4.0)], 9), 1000, Cancel())
    slots = Slots(np.array([0]), np.array([30]), np.array([ALWAYS]), np.array([0]))
    means = time_weighted(["spread"], slots, 1, FEED, context)
    assert means["spread"][0] == pytest.approx((1.0 * 10 + 3.0 * 10) / 20)
    assert context.counts["crossed_quotes"] == 1
