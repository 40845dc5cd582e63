"""Coverage decides what a bar is built from, bar by bar."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tapeql
from tapeql.rows.spans import Spans, union, without
from tapeql.storage.lake import Lake
from tests import tapes

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
ENGINES = ("kernels", "sql")
Asked = Callable[[str], list[dict[str, Any]]]


def candles(first: str, step: int, count: int, volume: float) -> pa.Table:
    """Candles of one volume each, one after another."""
    start = tapes.us(first)
    return tapes.candles([(start + n * step, 1, 2, 0.5, 1.5, volume) for n in range(count)])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture(params=ENGINES)
def ask(request: pytest.FixtureRequest, lake: Lake) -> Asked:
    def answer(text: str) -> list[dict[str, Any]]:
        with tapeql.connect(lake.path, now="2025-06-01") as db:
            db.settings["engine"] = request.param
            return db.query(text).to_pylist()

    return answer


def volumes(rows: list[dict[str, Any]]) -> list[float]:
    return [row["volume"] for row in rows]


def test_one_stray_trade_hides_nothing(lake: Lake, ask: Asked) -> None:
    """A week of candles stays a week of candles."""
    lake.write("ohlcv", "binance", "X", candles("2025-03-03", MINUTE, 7 * 1440, 5), "1m")
    lake.write("ticks", "binance", "X", tapes.ticks([("2025-03-05T12:00:30", 99, 1)]))
    assert volumes(ask("CANDLES 1d FROM binance:X")) == [7200.0] * 7
    assert volumes(ask("CANDLES 1w FROM binance:X")) == [50400.0]


def test_one_daily_candle_hides_no_hourly_ones(lake: Lake, ask: Asked) -> None:
    """It is its day, and the week is built from what holds the whole of it."""
    lake.write("ohlcv", "binance", "X", candles("2025-03-03", HOUR, 7 * 24, 5), "1h")
    lake.write("ohlcv", "binance", "X", candles("2025-03-05", DAY, 1, 3), "1d")
    assert volumes(ask("CANDLES 1d FROM binance:X")) == [120.0, 120.0, 3.0, 120.0, 120.0, 120.0, 120.0]
    assert volumes(ask("CANDLES 1w FROM binance:X")) == [840.0]


def test_trades_where_they_hold_the_bar(lake: Lake, ask: Asked) -> None:
    """Inside the stretch of the trades bars are theirs, at its edges the candles'."""
    lake.write("ohlcv", "binance", "X", candles("2025-03-03", HOUR, 24, 5), "1h")
    lake.write("ticks", "binance", "X", tapes.ticks([("2025-03-03T03:30", 9, 1), ("2025-03-03T07:30", 9, 1)]))
    assert volumes(ask("CANDLES 1h FROM binance:X"))[:9] == [5, 5, 5, 5, 5, 5, 5, 5, 5]
    lake.write("ticks", "binance", "X", tapes.ticks([("2025-03-03T03:00", 9, 1), ("2025-03-03T05:10", 9, 1)]))
    assert volumes(ask("CANDLES 1h FROM binance:X"))[:9] == [5, 5, 5, 2, 1, 5, 5, 5, 5]  # nothing traded at 4 and at 6


def test_what_does_not_nest_is_told(lake: Lake, ask: Asked) -> None:
    """Hourly candles make no half hours: where there is nothing else, a note or an error says so."""
    lake.write("ohlcv", "binance", "X", candles("2025-03-04", HOUR, 24, 5), "1h")
    lake.write("ticks", "binance", "X", tapes.ticks([("2025-03-03T00:00", 9, 1), ("2025-03-03T23:59:59", 9, 1)]))
    assert len(ask("CANDLES 30m FROM binance:X")) == 2
    with tapeql.connect(lake.path, now="2025-06-01") as db:
        result = db.run("CANDLES 30m FROM binance:X")
        result.table()
        assert [note.code for note in result.info["notes"]] == ["N106"]
    with pytest.raises(tapeql.QueryError, match="`CANDLES 1h` would work"):
        ask("CANDLES 30m FROM binance:X DURING 2025-03-04")


HOURLY = {
    ("nasdaq", "2025-03-10T13:00", 7): {"1h": 0, "1h ALIGN epoch": 7, "2h ALIGN epoch": 4, "1d": 1, "1w": 1},
    ("nasdaq", "2025-03-10T13:30", 7): {"1h": 7, "1h ALIGN epoch": 0, "1d": 1, "1w": 1},
    ("lse", "2025-03-10T08:00", 9): {"1h": 9, "1h ALIGN epoch": 9, "1d": 1, "1w": 1},
    ("nse", "2025-03-10T03:45", 7): {"1h": 7, "1h ALIGN epoch": 0, "1d": 1, "1w": 1},
    ("tse", "2025-03-10T00:00", 6): {"1h ALIGN epoch": 6, "1d": 1, "1w": 1},
    ("fxcm", "2025-03-10T00:00", 24): {"1h": 24, "4h ALIGN epoch": 6},
}


@pytest.mark.parametrize(("stored", "expected"), HOURLY.items(), ids=lambda each: str(each)[:40])
def test_hourly_files_of_stocks(stored: tuple[str, str, int], expected: dict[str, int], lake: Lake, ask: Asked) -> None:
    """The clock's hours make days and hours of the clock, a session's hours its own; cut at the session's edges."""
    venue, first, count = stored
    lake.write("ohlcv", venue, "X", candles(first, HOUR, count, 5), "1h")
    for shape, bars in expected.items():
        interval, _, align = shape.partition(" ")
        text = f"CANDLES {interval} FROM {venue}:X {align}"
        if not bars:
            with pytest.raises(tapeql.QueryError, match="E402"):
                ask(text)
            continue
        rows = ask(text)
        assert (len(rows), sum(volumes(rows))) == (bars, 5 * count), shape


def test_a_declared_gap_is_not_covered(lake: Lake, ask: Asked) -> None:
    """Where a feed says that trades are missing, candles that hold the whole bar are taken."""
    ticks = [(tapes.us("2025-03-03T00:00") + n * MINUTE, 9.0, 1.0) for n in range(6 * 60)]
    lake.write("ticks", "binance", "X", tapes.ticks(ticks))
    lake.write("ohlcv", "binance", "X", candles("2025-03-03", HOUR, 6, 77), "1h")
    assert volumes(ask("CANDLES 1h FROM binance:X"))[:5] == [60, 60, 60, 60, 60]
    gap = pa.table(
        {
            "ts": pa.array([tapes.us("2025-03-03T02:10")], pa.timestamp("us", "UTC")),
            "gap_id": ["g"],
            "kind": ["trades"],
            "until": pa.array([tapes.us("2025-03-03T02:20")], pa.timestamp("us", "UTC")),
            "reason": ["outage"],
        }
    )
    lake.write("gaps", "binance", "X", gap)
    assert volumes(ask("CANDLES 1h FROM binance:X"))[:5] == [60, 60, 77, 60, 60]


EDGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=8)


@given(EDGES, EDGES, st.integers(0, 60), st.integers(0, 60))
def test_sets_of_time(one: list[tuple[int, int]], other: list[tuple[int, int]], low: int, high: int) -> None:
    """Unions, differences and amounts are those of sets of instants."""

    def instants(pairs: list[tuple[int, int]]) -> set[int]:
        return {us for start, end in pairs for us in range(start, end)}

    def plain(spans: Spans) -> set[int]:
        return instants(list(zip(spans.start.tolist(), spans.end.tolist(), strict=True)))

    a, b = Spans.of(one), Spans.of(other)
    assert plain(union(a, b)) == instants(one) | instants(other)
    assert plain(without(a, b)) == instants(one) - instants(other)
    assert plain(a.clipped(low, high)) == {us for us in instants(one) if low <= us < high}
    start, end = a.start, a.end
    assert b.within(start, end).sum() == len(instants(one) & instants(other))
