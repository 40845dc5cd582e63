"""Small answers worked out by hand, on DuckDB over a lake and on Postgres."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tapeql.run import duckdb, postgres
from tapeql.storage.snapshot import Snapshot
from tests.sql.asking import context, plan_of, rows_of
from tests.tapes import us

Ask = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(params=["duckdb", "postgres"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Asks one engine."""
    engine = request.param
    snapshot: Snapshot = request.getfixturevalue("in_lake" if engine == "duckdb" else "in_database")

    def answer(text: str) -> list[dict[str, Any]]:
        plan, shared = plan_of(text, snapshot), context(snapshot)
        batches = (duckdb if engine == "duckdb" else postgres).execute(plan, shared)
        return rows_of(plan, batches)

    return answer


def picked(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def at(row: dict[str, Any], name: str = "ts") -> int:
    return us(row[name].isoformat())


def test_bars_hold_their_trades(ask: Ask) -> None:
    """Ties in time are ordered by seq, an edge belongs to the later bar, vwap weighs by quantity."""
    rows = ask("CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10")
    assert [at(row) for row in rows] == [us("2025-03-10T10:00"), us("2025-03-10T11:00"), us("2025-03-10T13:00")]
    assert picked(rows, "open", "high", "low", "close", "volume", "trades") == [
        (100.0, 104.0, 100.0, 101.0, 4.0, 3),
        (102.0, 102.0, 102.0, 102.0, 4.0, 1),
        (103.0, 103.0, 103.0, 103.0, 1.0, 1),
    ]
    assert rows[0]["vwap"] == pytest.approx((100 + 208 + 101) / 4, rel=1e-15)
    assert picked(rows, "session", "complete", "filled") == [("premarket", True, False)] * 2 + [(None, True, False)]


def test_sale_conditions_decide_what_counts(ask: Ask) -> None:
    """An odd lot adds volume only, and an official close printed again adds nothing."""
    rows = ask("CANDLES 1h FROM nyse:AAA")
    assert picked(rows, "session", "open", "high", "close", "volume", "trades") == [
        ("premarket", 50.0, 50.0, 50.0, 10.0, 1),
        ("regular", 51.0, 52.0, 52.0, 205.0, 3),
        ("aftermarket", 52.5, 52.5, 52.5, 500.0, 1),
    ]
    assert [at(row) for row in rows] == [us(f"2025-03-10T{t}") for t in ("12:00", "13:30", "20:00")]


def test_ticks_where_overrides_conditions(ask: Ask) -> None:
    """With TICKS WHERE every trade that passes counts for everything."""
    (row,) = ask("CANDLES 1d FROM nyse:AAA TICKS WHERE price > 51 AND price != 52.5")
    assert picked([row], "open", "high", "close", "volume", "trades") == [(60.0, 60.0, 52.0, 105.0, 2)]


def test_quote_means_are_weighted_by_time(ask: Ask) -> None:
    """Crossed quotes and missing sides take no time, locked ones do, the prevailing one counts from the start."""
    rows = ask("CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10 ADD spread, bid")
    assert picked(rows, "spread", "bid") == [
        (pytest.approx((2 * 30 + 1 * 15) / 45, rel=1e-14), pytest.approx((99 * 30 + 100 * 15) / 45, rel=1e-14)),
        (0.0, 100.0),
        (0.0, 100.0),
    ]


def test_session_measures_are_known_at_its_close(ask: Ask) -> None:
    """A bar before the regular open does not see what the pre-market will have been."""
    rows = ask("CANDLES 1h FROM nyse:AAA ADD premarket.high, premarket.trades, gap_pct")
    assert picked(rows, "premarket_high", "premarket_trades", "gap_pct") == [
        (None, None, None), (50.0, 1, None), (50.0, 1, None),
    ]  # fmt: skip


def test_windows_need_all_of_their_rows(ask: Ask) -> None:
    """A window of n rows is NULL before n rows exist; `[1]` is the row before."""
    rows = ask("CANDLES 1h FROM binance:BTCUSDT ADD sma(2) AS s, close[1] AS c, count(close, 2) AS n, stddev(2) AS d")
    assert picked(rows, "s", "c", "n", "d") == [
        (None, None, None, None),
        (101.5, 101.0, 2.0, 0.5),
        (102.5, 102.0, 2.0, 0.5),
        (101.0, 103.0, 2.0, 2.0),
    ]


def test_kernels_run_on_what_sql_gives(ask: Ask) -> None:
    """A recursive function answers alike inside DuckDB and behind Postgres."""
    rows = ask("CANDLES 1h FROM binance:BTCUSDT ADD ema(2) AS e")
    assert picked(rows, "e") == [
        (None,), (101.5,), (pytest.approx(102.5),), (pytest.approx(102.5 + (99 - 102.5) * 2 / 3),),
    ]  # fmt: skip


def test_time_windows_and_whole_ranges(ask: Ask) -> None:
    """OVER 1h sees (ts - 1h, ts], OVER ALL the range only."""
    rows = ask(
        "CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10 ADD sum(volume) OVER 2h AS v, max(close) OVER ALL AS m, "
        "count(close) OVER 1h AS n, median(close) OVER ALL AS d"
    )
    assert picked(rows, "v", "m", "n", "d") == [
        (4.0, 103.0, 1.0, 102.0),
        (8.0, 103.0, 1.0, 102.0),
        (1.0, 103.0, 1.0, 102.0),
    ]


def test_fill_carries_the_close(ask: Ask) -> None:
    """Holes longer than MAX stay whole."""
    rows = ask("CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10 FILL previous MAX 1 ADD sma(2) AS s")
    assert picked(rows, "open", "close", "volume", "trades", "vwap", "filled", "s")[1:3] == [
        (102.0, 102.0, 4.0, 1, 102.0, False, 101.5),
        (102.0, 102.0, 0.0, 0, None, True, 102.0),
    ]
    assert len(rows) == 4


def test_stored_days_match_by_date(ask: Ask) -> None:
    """Midnight stamps of daily candles find their session, and weeks hold their days."""
    days = ask("CANDLES 1d FROM nyse:DDD DURING 2025-03-07 .. 2025-03-11")
    assert [row["session_date"].isoformat() for row in days] == ["2025-03-07", "2025-03-10", "2025-03-11"]
    assert at(days[0]) == us("2025-03-07T14:30")
    assert at(days[1]) == us("2025-03-10T13:30")
    weeks = ask("CANDLES 1w FROM nyse:DDD DURING 2025-03-03 .. 2025-03-14")
    assert picked(weeks, "open", "high", "low", "close", "volume", "trades", "vwap") == [
        (10.0, 12.0, 9.0, 11.0, 100.0, None, None),
        (11.0, 14.0, 10.0, 13.0, 500.0, None, None),
    ]


def test_days_select_rows(ask: Ask) -> None:
    """What is left of `|>` chooses days, and indicators still see every bar."""
    rows = ask(
        "DAYS FROM nyse:DDD DURING 2025-03-07 .. 2025-03-11 WHERE close > close[1] AND volume > 250 "
        "|> CANDLES 1d ADD close[1] AS before"
    )
    assert picked(rows, "close", "before") == [(13.0, 12.0)]


def test_ticks_and_quotes_are_labelled(ask: Ask) -> None:
    """Rows keep their order within an instant; a quote without two sides has no spread, a crossed one a negative one."""
    trades = ask("TICKS FROM binance:BTCUSDT DURING 2025-03-10 WHERE side = 'sell' OR price < 101")
    assert picked(trades, "price", "side", "session") == [
        (100.0, "buy", "premarket"),
        (104.0, "sell", "premarket"),
        (103.0, "sell", "regular"),
    ]
    quotes = ask("QUOTES FROM binance:BTCUSDT SELECT bid, spread, session_date")
    assert picked(quotes, "spread") == [(2.0,), (1.0,), (-1.0,), (None,), (0.0,)]
    assert {row["session_date"].isoformat() for row in quotes} == {"2025-03-10"}


def test_order_and_limit(ask: Ask) -> None:
    """NULLs come last either way, ties keep exchange, symbol, ts; LIMIT counts the whole result or each symbol."""
    text = "CANDLES 1h FROM binance:BTCUSDT, nyse:AAA SELECT symbol, close[1] AS c ORDER BY c"
    assert picked(ask(text), "c")[-2:] == [(None,), (None,)]
    assert picked(ask(f"{text} DESC"), "symbol", "c")[-2:] == [("BTCUSDT", None), ("AAA", None)]
    assert len(ask(f"{text} LIMIT 3")) == 3
    assert picked(ask(f"{text} LIMIT 1 PER symbol"), "symbol", "c") == [("AAA", 50.0), ("BTCUSDT", 101.0)]
