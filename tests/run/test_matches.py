"""MATCH and AROUND through the front door: what is beside a row, and what looks at its neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

import tapeql
from tapeql.storage.lake import Lake
from tests import tapes
from tests.query.asking import refused

CLOSES = (5, 4, 3, 4, 5, 4, 3, 2, 3, 3, 2, 1)
MATCH = "MATCH (dip{2,} rally) WHEN dip IS close < close[1], rally IS close > close[1]"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tapeql.Database]:
    """Twelve minutes around the midnight of a venue that never closes, the fourth of them without a trade."""
    lake = Lake(tmp_path_factory.mktemp("matches") / "lake")
    minutes = [n for n in range(13) if n != 3]
    start = tapes.us("2025-03-10T23:54")
    rows = [(start + minute * 60_000_000, close, 1.0) for minute, close in zip(minutes, CLOSES, strict=True)]
    lake.write("ticks", "binance", "X", tapes.ticks(rows))
    with tapeql.connect(lake.path, now="2025-03-11T12:00Z") as opened:
        yield opened


def column(db: tapeql.Database, text: str, name: str) -> list[object]:
    found: pa.Table = db.query(text)
    return found[name].to_pylist()


def test_matches_go_over_quiet_minutes_and_midnight(db: tapeql.Database) -> None:
    """Two matches: down, down, (nothing traded,) up; and three down over midnight, up."""
    rows = f"CANDLES 1m FROM binance:X {MATCH} SELECT close, match_id, match_step"
    assert column(db, rows, "close") == [4, 3, 4, 4, 3, 2, 3]
    assert column(db, rows, "match_id") == [1, 1, 1, 2, 2, 2, 2]
    assert column(db, rows, "match_step") == ["dip", "dip", "rally", "dip", "dip", "dip", "rally"]


def test_the_longest_that_is_in_time(db: tapeql.Database) -> None:
    """Three minutes hold two dips and the rally, so the match begins a dip later; five hold them over the quiet minute."""
    assert column(db, f"CANDLES 1m FROM binance:X {MATCH} WITHIN 3m SELECT close", "close") == [3, 2, 3]
    assert column(db, f"CANDLES 1m FROM binance:X {MATCH} WITHIN 4m SELECT close", "close") == [4, 3, 4, 4, 3, 2, 3]


def test_neighbours_of_what_a_match_says(db: tapeql.Database) -> None:
    """`close[1]` is the bar before among all, `match_id[1]` that of the row before among those of matches; WHERE comes after."""
    first = f"CANDLES 1m FROM binance:X {MATCH} WHERE match_id[1] IS NULL OR match_id != match_id[1] SELECT close, close[1] AS b"
    assert column(db, first, "close") == [4, 4]
    assert column(db, first, "b") == [5, 5]


def test_events_that_overlap(db: tapeql.Database) -> None:
    """A bar near two events comes twice, in order of time; `rel_bar` counts from the beginning of each."""
    around = "CANDLES 1m FROM binance:X AROUND (RANGES 1m FROM binance:X WHERE close > close[1]) BEFORE 1m AFTER 1m"
    rows = f"{around} SELECT close, event_id, rel_bar, event_id[1] AS other"
    assert column(db, rows, "event_id") == [1, 1, 1, 2, 2, 2]
    assert column(db, rows, "rel_bar") == [0, 1, 2, -1, 0, 1]
    assert column(db, rows, "close") == [4, 5, 4, 2, 3, 3]
    wide = f"{around.replace('1m AFTER 1m', '6m AFTER 6m')} SELECT ts, event_id"
    assert len(set(column(db, wide, "ts"))) < len(column(db, wide, "ts"))


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("CANDLES 5m FROM nasdaq:AAPL MATCH (dip ralyl) WHEN dip IS TRUE, rally IS TRUE", ["E101", "E101"]),
        ("CANDLES 5m FROM nasdaq:AAPL MATCH (dip{300}) WHEN dip IS TRUE", ["E504"]),
        ("CANDLES 5m FROM nasdaq:AAPL MATCH (dip{3,2}) WHEN dip IS TRUE", ["E208"]),
        ("CANDLES 5m FROM nasdaq:AAPL MATCH (dip) WHEN dip IS TRUE, dip IS FALSE", ["E109"]),
        ("CANDLES 5m FROM nasdaq:AAPL MATCH (dip) WHEN dip IS match_id > 1", ["E101"]),
        ("RANGES 5m FROM nasdaq:AAPL MATCH (dip) WHEN dip IS TRUE", ["E207"]),
        ("CANDLES 5m FROM nasdaq:AAPL AROUND (TICKS FROM nasdaq:AAPL)", ["E207"]),
        ("CANDLES 5m FROM nasdaq:AAPL AROUND (DAYS FROM nasdaq:AAPL SELECT start)", ["E207"]),
        ("CANDLES 5m FROM nasdaq:AAPL AROUND (DAYS FROM nasdaq:AAPL) BEFORE 1bd", ["E203"]),
    ],
)
def test_what_cannot_be(text: str, codes: list[str]) -> None:
    """Mistakes are told where they are written."""
    assert [d.code for d in refused(text) if d.is_error] == codes
