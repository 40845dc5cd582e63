"""How much of a plan each dialect says. What it says is kept with the queries, in tests/queries."""

from __future__ import annotations

import pytest

from tapeql.operators.operator import Plan
from tapeql.run.lower import explain_sql, lower
from tapeql.storage.snapshot import Snapshot
from tests.sql.asking import plan_of

QUERIES = {
    "hours": "CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10",
    "stocks": "CANDLES 1h FROM nyse:AAA DURING 2025-03-10 SESSION regular WHERE close > sma(2)",
    "premarket": "CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10 WHERE premarket AND spread_pct < 0.05 AND close > sma(20)",
    "days": "DAYS FROM nyse:DDD DURING 2025-03-10 .. 2025-03-11 WHERE rvol(2) > 1 |> CANDLES 1d",
    "weeks": "CANDLES 1w FROM nyse:DDD DURING 2025-03-03 .. 2025-03-14",
    "filled": "CANDLES 2h FROM binance:BTCUSDT DURING 2025-03-10 FILL previous MAX 3 ADD rsi(2)",
    "ticks": "TICKS FROM binance:BTCUSDT DURING 2025-03-10 TICKS WHERE quantity >= 2 ADD price * quantity AS value",
    "quotes": "QUOTES FROM binance:BTCUSDT DURING 2025-03-10 WHERE spread_pct > 10bps ORDER BY spread DESC LIMIT 3",
}


def pushed(text: str, snapshot: Snapshot, dialect: str) -> tuple[int, int]:
    plan: Plan = plan_of(text, snapshot)
    return lower(plan, snapshot, dialect).pushed_steps, len(plan.steps)


@pytest.mark.parametrize("name", QUERIES)
def test_duckdb_says_everything_but_fill(name: str, in_lake: Snapshot) -> None:
    """On DuckDB the whole plan is one statement, unless holes are to be filled: then it ends before them."""
    done, all_steps = pushed(QUERIES[name], in_lake, "duckdb")
    assert done == (0 if name == "filled" else all_steps)


def test_postgres_stops_before_kernels(in_lake: Snapshot) -> None:
    """Postgres says windows SQL has, and leaves from the first kernel or FILL on to the kernels."""
    assert pushed(QUERIES["stocks"], in_lake, "postgres") == (4, 4)
    assert pushed(QUERIES["filled"], in_lake, "postgres")[0] == 0
    done, all_steps = pushed("CANDLES 1h FROM binance:BTCUSDT WHERE close > ema(3) ADD spread", in_lake, "postgres")
    assert (done, all_steps) == (1, 5)


def test_names_cannot_collide(in_lake: Snapshot) -> None:
    """Names differing in case only, or longer than a database allows, stay apart."""
    wanted = f"CANDLES 1h FROM binance:BTCUSDT SELECT close AS X, open AS x, high AS {'n' * 80}a, low AS {'n' * 80}b, ts AS feed"
    lowered = lower(plan_of(wanted, in_lake), in_lake, "postgres")
    names = [e.alias_or_name for e in lowered.statement.expressions]
    assert len(set(names)) == len(names) == 5
    assert all(len(name.encode()) <= 63 for name in names)


def test_what_no_sql_says_is_told_in_comments(in_lake: Snapshot) -> None:
    """EXPLAIN sql is text that runs: what follows on the kernels, or all of it, stands in comments."""
    text = explain_sql(plan_of("CANDLES 1h FROM binance:BTCUSDT WHERE close > ema(3)", in_lake), in_lake, "postgres")
    statement, _, after = text.partition("\n-- then, on the kernels:\n")
    assert statement.startswith("WITH")
    assert after
    assert all(line.startswith("-- ") for line in after.splitlines())
    nothing = explain_sql(plan_of("CANDLES 1h FROM binance:BTCUSDT TICKS WHERE hour = 9", in_lake), in_lake, "duckdb")
    assert nothing.startswith("-- all of it runs on the kernels:")
    assert all(line.startswith("-- ") for line in nothing.splitlines())
