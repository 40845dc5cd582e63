"""What holds of every operator: each is found in its folder and met in the plan of a sentence below."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import tapeql.operators
from tapeql.operators.operator import Cut, Operator, Plan, RowOperator
from tapeql.operators.project import Project
from tapeql.plan.expressions import columns_read, rewrite_plan
from tapeql.query.rewriting import column_names
from tapeql.run.execute import execute
from tapeql.storage.snapshot import Snapshot
from tests.sql.asking import plan_of

SENTENCES = (
    "CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10 FILL previous WHERE close > sma(2) ORDER BY rsi(2) LIMIT 2",
    "CANDLES 1h FROM binance:BTCUSDT ON DAYS WHERE close > open WHERE premarket AND spread_pct < 1 AND hour < 20",
    "CANDLES 1h FROM nyse:AAA WHERE regular.high > 0 OR gap_pct > 0",
    "CANDLES 1h FROM binance:BTCUSDT STYLE heikin_ashi",
    "RANGES 1h FROM nyse:AAA WHERE close > 0 |> TICKS",
    "TICKS FROM nyse:AAA ASOF QUOTES LAG 1us TOLERANCE 5m WHERE price > mid",
    "VWAP 1h ANCHOR week BANDS 1 FROM nyse:AAA",
    "TWAP 1h FROM nyse:AAA",
    "PROFILE STEP 1 FROM nyse:AAA ADD value_area(70%)",
    "CANDLES 1h FROM nyse:AAA MATCH (a{1,3} | b) WHEN a IS close > close[1], b IS TRUE WITHIN 2h WHERE match_id > 0",
    "CANDLES 1h FROM nyse:AAA AROUND (DAYS FROM nyse:AAA) BEFORE 1d AFTER 2h WHERE rel_bar < 3",
    "STATS OF TICKS EVERY 1h FROM nyse:AAA SELECT max(price) - min(price) AS span PER session",
)


def operators() -> list[type[Operator]]:
    """The classes the folders define."""
    names = [m.name for m in pkgutil.iter_modules(tapeql.operators.__path__) if m.ispkg]
    modules = [importlib.import_module(f"tapeql.operators.{name}") for name in names]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Operator) and value.__module__ == module.__name__
    ]


def met(plan: Plan) -> Iterator[Operator]:
    for step in plan.steps:
        yield step
        for inner in step.plans():
            yield from met(inner)


@pytest.fixture(scope="module")
def plans(in_lake: Snapshot) -> list[Plan]:
    return [plan_of(text, in_lake) for text in SENTENCES]


@pytest.mark.parametrize("kind", operators(), ids=lambda kind: kind.__name__)
def test_an_operator_answers_for_itself(kind: type[Operator], plans: list[Plan]) -> None:
    """It is rebuilt from what it says it holds, adds columns to those it is given, has words for EXPLAIN, and a kernel."""
    examples = [step for plan in plans for step in met(plan) if type(step) is kind]
    assert examples, "no sentence above has it"
    for step in examples:
        assert step.with_expressions(step.expressions()) == step
        assert step.with_plans(step.plans()) == step
        if bars := step.attached():
            assert step.with_attached(bars) == step
        assert "".join(step.text()).strip()
        read = frozenset[str]().union(*(column_names(e) for e in step.expressions()))
        assert step.columns(read) >= read or step.remakes or issubclass(kind, Project)
    whole = examples[0].cut is Cut.WHOLE
    assert hasattr(importlib.import_module(f"{kind.__module__}.kernel"), "finish" if whole else "run")


@dataclass(frozen=True, slots=True)
class Stranger(RowOperator):
    """An operator that nothing knows."""

    def text(self) -> Iterator[str]:
        yield "strange"


def test_no_operator_is_swallowed(plans: list[Plan], in_lake: Snapshot) -> None:
    """One without a kernel ends a query; one that says nothing of itself is taken for one that needs everything."""
    from dataclasses import replace

    plan = plans[-1]
    for engine in ("kernels", "sql"):
        strange = replace(
            plan,
            steps=(Stranger(), *plan.steps),
            asked=replace(plan.asked, settings=replace(plan.asked.settings, engine=engine)),
        )
        with pytest.raises((ImportError, AttributeError)):
            execute(strange, in_lake).table()
    silent = replace(plan, steps=(Operator(), *plan.steps))
    assert columns_read(silent) is None
    assert Operator().cut is Cut.WHOLE
    assert Operator().sees_range
    assert Operator().reach().rows is None
    assert rewrite_plan(silent, lambda expr: expr) == silent
