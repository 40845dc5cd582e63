"""STATS at the front door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

import tapeql
from tapeql.errors import QueryError

NINE = dt.datetime(2025, 3, 10, 13, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tapeql.Database]:
    """Two symbols, a trade a minute for two hours of New York's morning, in two markets in turn."""
    with tapeql.connect(tmp_path_factory.mktemp("stats") / "lake") as opened:
        ts = [NINE + dt.timedelta(minutes=n) for n in range(120)]
        for code, price in (("A", 10.0), ("B", 20.0)):
            opened.write(
                "ticks",
                pa.table(
                    {
                        "ts": ts,
                        "price": [price + n % 7 for n in range(120)],
                        "quantity": [float(1 + n % 3) for n in range(120)],
                        "market": ["NQ"[n % 2] for n in range(120)],
                    }
                ),
                symbol=f"nasdaq:{code}",
            )
        yield opened


def rows(db: tapeql.Database, text: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = db.query(text, **params).to_pylist()
    return found


def test_all_rows_are_one_group(db: tapeql.Database) -> None:
    (row,) = rows(db, "STATS OF TICKS FROM nasdaq:A")
    assert row == {
        "trades": 120,
        "volume": 240.0,
        "low": 10.0,
        "high": 16.0,
        "vwap": pytest.approx(sum((10 + n % 7) * (1 + n % 3) for n in range(120)) / 240),
    }


@pytest.mark.parametrize("engine", ["kernels", "sql"])
def test_rows_are_counted_where_nothing_else_is_asked(db: tapeql.Database, engine: str) -> None:
    (row,) = rows(db, f"SET engine = {engine}; STATS OF TICKS FROM nasdaq:A, nasdaq:B SELECT count()")
    assert row == {"count": 240}


def test_no_rows_are_no_group(db: tapeql.Database) -> None:
    for text in (
        "STATS OF TICKS FROM nasdaq:A WHERE price > 99",
        "STATS OF TICKS FROM nasdaq:A PER market WHERE price > 99",
    ):
        assert rows(db, text) == rows(db, f"SET engine = sql; {text}") == []


@pytest.mark.parametrize("engine", ["kernels", "sql"])
def test_groups_show_what_they_are_known_by(db: tapeql.Database, engine: str) -> None:
    """A symbol with its venue, keys in the order of PER, groups in the order of keys."""
    text = "STATS OF TICKS FROM nasdaq:B, nasdaq:A SELECT count(), max(price) - min(price) AS span PER market, symbol"
    assert rows(db, f"SET engine = {engine}; {text}") == [
        {"market": market, "symbol": code, "exchange": "nasdaq", "count": 60, "span": 6.0}
        for market in "NQ"
        for code in "AB"
    ]


@pytest.mark.parametrize("engine", ["kernels", "sql"])
def test_every_is_the_grid_of_candles(db: tapeql.Database, engine: str) -> None:
    """Anchored at the session's open, the last stretch short where the session ends."""
    stats = rows(
        db,
        f"SET engine = {engine}; STATS OF TICKS EVERY 45m FROM nasdaq:A SELECT sum(quantity) AS volume, last(price) AS close",
    )
    candles = rows(db, "CANDLES 45m FROM nasdaq:A SELECT ts, ts_close, volume, close")
    assert stats == candles


def test_conditions_that_guard_against_infinities_stand_before_groups_too(db: tapeql.Database) -> None:
    """A quotient in WHERE is guarded by a name of its own in SQL, which is no column."""
    text = "STATS OF TICKS EVERY 30m FROM nasdaq:A, nasdaq:B SELECT count() WHERE price / price[1] > 1.05"
    assert rows(db, f"SET engine = sql; {text}") == rows(db, text) != []


def test_bars_have_statistics_too(db: tapeql.Database) -> None:
    """And so do expressions of them, windows included."""
    (row,) = rows(
        db, "STATS 30m FROM nasdaq:A SELECT count() AS bars, avg(sma(close, 2)) AS mean, corr(high, low) AS c"
    )
    assert row["bars"] == 4
    assert row["c"] is None  # highs and lows that never vary
    assert row["mean"] == pytest.approx(13.0, abs=2)


def test_the_result_is_ordered_and_limited(db: tapeql.Database) -> None:
    text = "STATS OF TICKS FROM nasdaq:A SELECT count() PER price ORDER BY count() DESC, price DESC LIMIT 2"
    assert [(row["price"], row["count"]) for row in rows(db, text)] == [(10.0, 18), (16.0, 17)]


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("STATS OF TICKS FROM nasdaq:A SELECT price", "E204", "PER price"),
        ("STATS OF TICKS FROM nasdaq:A SELECT sma(price, 5)", "E204", "avg(sma(price, 5))"),
        ("STATS OF TICKS FROM nasdaq:A SELECT avg(price)[1]", "E204", "inside an aggregate"),
        ("STATS OF TICKS FROM nasdaq:A SELECT avg(price, 20)", "E110", "avg(x)"),
        ("STATS OF TICKS FROM nasdaq:A SELECT wavg(price)", "E110", "needs `w`"),
        ("STATS OF TICKS FROM nasdaq:A SELECT percentile(price, 101)", "E208", "from 0 to 100"),
        ("STATS OF TICKS FROM nasdaq:A SELECT avg(prise)", "E101", "`price`"),
        ("STATS OF TICKS FROM nasdaq:A SELECT avg(price) AS a, max(price) AS a", "E109", "`a`"),
        ("STATS OF TICKS FROM nasdaq:A PER hour AS h, minute AS h", "E109", "`h`"),
        ("STATS OF BARS FROM nasdaq:A", "E002", "`TICKS`"),
        ("CANDLES 1h FROM nasdaq:A PER symbol", "E207", "STATS … PER symbol"),
        ("TICKS FROM nasdaq:A EVERY 5m", "E207", "CANDLES 10m"),
    ],
)
def test_what_is_wrong_teaches_what_is_right(db: tapeql.Database, text: str, code: str, told: str) -> None:
    with pytest.raises(QueryError) as refused:
        db.query(text)
    assert code in str(refused.value)
    assert told in str(refused.value)
