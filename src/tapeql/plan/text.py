"""EXPLAIN plan and EXPLAIN warmup: a plan as a person reads it, from the rows down."""

from __future__ import annotations

from tapeql.functions.registry import functions
from tapeql.operators.compute import Compute
from tapeql.operators.operator import Plan, plan_text
from tapeql.query.lookback import lookback
from tapeql.query.nodes import Call
from tapeql.query.text import expr_text, instant_text


def describe(plan: Plan) -> str:
    """A line a step, in the order they run; sub-plans indented."""
    return "\n".join(plan_text(plan))


def warmup(plan: Plan) -> str:
    """What looks back, how far, and where reading starts for each symbol of a located plan."""
    lines = [f"rows before the range: {'all stored' if plan.lookback_rows is None else plan.lookback_rows}"]
    if plan.lookback_us:
        lines.append(f"time before those: {plan.lookback_us / 1e6:g} s")
    for window in (expr for step in plan.steps if isinstance(step, Compute) for expr in step.expressions()):
        need = lookback(window)
        text = f"  {expr_text(window)}: {need.rows if need.rows is not None else 'all'} rows"
        if isinstance(window, Call):
            text += f" (first value after {functions()[window.function].lookback(window.params)})"
        lines.append(text)
    start = plan.asked.start_us
    for feed in plan.rows.feeds:
        asked = "everything stored" if start is None else f"asked from {instant_text(start)}"
        lines.append(f"{feed.symbol}: {asked}, read from {instant_text(feed.start_us)}")
    return "\n".join(lines)
