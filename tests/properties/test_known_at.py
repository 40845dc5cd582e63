"""No value is known before its time: another future leaves everything alone that EXPLAIN lookahead says was known.

Two tapes are the same up to an instant and have nothing in common after it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tapeql
from tapeql.query.settings import Settings
from tapeql.storage.lake import Lake
from tapeql.words.known_at import moment
from tapeql.words.lookahead import Moment
from tapeql.words.resolve import resolve
from tests import tapes

TURN = tapes.us("2025-03-12T15:07:13.123456Z")
NOW = "2025-03-14T22:00Z"
DAY = "2025-03-"

BARS = [
    "CANDLES 1h FROM nasdaq:A ADD close[1] AS before, sma(5), rsi(3), atr(3), macd(3, 6, 3), bbands(4), rvol(3)",
    "CANDLES 7m FROM nasdaq:A ADD spread_pct, bid, ask, since_open, hour, premarket.high AS high_before, premarket.spread AS s",
    "CANDLES 5m FROM nasdaq:A SESSION regular ADD highest(high, 5)[2] AS top, avg(volume) OVER 30m AS v, bar_of_day",
    "CANDLES 15m FROM nasdaq:A FILL previous ADD close[2] AS c, sma(4)",
    "CANDLES 40 ticks FROM nasdaq:A ADD ema(3), close[1] AS c",
    "CANDLES 30m STYLE heikin_ashi FROM nasdaq:A ADD sma(3)",
    "CANDLES 1d FROM nasdaq:A ADD sma(2), gap_pct, close[1] AS c, premarket.spread_pct AS s",
    "DAYS FROM nasdaq:A SELECT session_date, open, close, gap_pct, premarket.high AS h, close[1] AS c",
]
CHOSEN = [
    "CANDLES 10m FROM nasdaq:A WHERE close > sma(5) AND spread_pct < 0.3",
    "CANDLES 5m FROM nasdaq:A WHERE premarket AND close CROSSES ABOVE ema(4)",
    "CANDLES 1h FROM nasdaq:A TICKS WHERE quantity > 1 WHERE rsi(3) < 60",
    "CANDLES 1d FROM nasdaq:A WHERE volume > avg(volume, 2)[1] OR premarket.spread_pct < 0.1",
]
INSTANTS = [
    "TICKS FROM nasdaq:A ADD price[1] AS before, avg(price, 5) AS mean, cum(quantity) AS so_far",
    "TICKS FROM nasdaq:A ASOF QUOTES ADD price - mid AS edge",
    "QUOTES FROM nasdaq:A WHERE spread > spread[1] ADD avg(spread, 4) AS mean",
]


def tape(path: Path, seed: int) -> Lake:
    """Three days of trades and quotes from before the open to after the close; behind TURN they follow `seed`."""
    lake = Lake(path)
    for table, random in (("ticks", tapes.random_ticks), ("quotes", tapes.random_quotes)):
        rows = [random(f"{DAY}{day}T08:30Z", 40_000, 600, seed=day) for day in (10, 11, 12)]
        others = [random(f"{DAY}{day}T08:30Z", 40_000, 600, seed=100 * seed + day) for day in (12, 13)]
        turn = pa.scalar(TURN, pa.int64()).cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
        for piece, keep in [(piece, pc.less_equal) for piece in rows] + [(piece, pc.greater) for piece in others]:
            lake.write(table, "nasdaq", "A", piece.filter(keep(piece["ts"], turn)))
    return lake


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Lake]:
    folder = tmp_path_factory.mktemp("futures")
    return tape(folder / "one", 1), tape(folder / "other", 2)


def answers(lakes: tuple[Lake, Lake], text: str) -> list[list[dict[str, object]]]:
    found = []
    for lake in lakes:
        with tapeql.connect(lake.path, now=NOW) as db:
            found.append(db.query(text).to_pylist())
    return found


def us(instant: object) -> int:
    assert isinstance(instant, dt.datetime)
    return int(instant.replace(tzinfo=dt.UTC).timestamp()) * 1_000_000 + instant.microsecond


def edges(row: dict[str, object]) -> tuple[int, int]:
    """When a bar or day opens and closes; an instant is both."""
    begin = row.get("start", row.get("ts"))
    return us(begin), us(row.get("end", row.get("ts_close", begin)))


def moments(lake: Lake, text: str) -> Iterator[tuple[str, Moment]]:
    from tapeql.language.parse import parse
    from tapeql.operators.project import result_columns

    (statement,) = parse(text).statements
    query = resolve(statement, lake.snapshot(), Settings(), {}, tapes.us(NOW), text)
    return ((column.name, moment(column.expr, query)) for column in result_columns(query.steps))


@pytest.mark.parametrize("text", BARS)
def test_what_is_known_when_a_bar_opens_or_closes_is_known_then(lakes: tuple[Lake, Lake], text: str) -> None:
    text = text.replace("DAYS FROM nasdaq:A SELECT", "DAYS FROM nasdaq:A SELECT start, end,")
    one, other = answers(lakes, text)
    assert one != other
    known = dict(moments(lakes[0], text))
    opened = 0
    for a, b in zip(one, other, strict=False):
        opens, closes = edges(a)
        if opens > TURN:
            break
        for name, when in known.items():
            if closes <= TURN or when < Moment.CLOSE:
                assert a[name] == b[name], (name, when, a, b)
        opened += 1
    assert opened > (2 if "1d" in text or "DAYS" in text else 5)


@pytest.mark.parametrize("text", CHOSEN + INSTANTS)
def test_rows_that_were_over_are_the_same_rows(lakes: tuple[Lake, Lake], text: str) -> None:
    one, other = ([row for row in rows if edges(row)[1] <= TURN] for rows in answers(lakes, text))
    assert one
    assert one == other


def test_what_reads_the_future_does_change(lakes: tuple[Lake, Lake]) -> None:
    """The test above can fail: a mean of the whole range is another one."""
    one, other = answers(lakes, "CANDLES 1h FROM nasdaq:A ADD avg(close) OVER ALL AS mean")
    assert one[0]["mean"] != other[0]["mean"]
    assert dict(moments(lakes[0], "CANDLES 1h FROM nasdaq:A ADD avg(close) OVER ALL AS mean"))["mean"] is Moment.RANGE
