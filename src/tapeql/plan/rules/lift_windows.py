"""Expressions that look at neighbouring rows become columns computed before any row is dropped.

Where(close > sma(close, 20)[1])   →   Compute(w.0 = sma(close, 20)), Compute(w.1 = w.0[1]), …, Where(close > w.1)
"""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.compute.lifting import EVERYTHING, Windows
from tapeql.operators.in_range import InRange
from tapeql.operators.operator import Operator, Plan


def lift_windows(plan: Plan) -> Plan:
    """Windows of rows as they are read are computed before the range; of what an operator adds or makes, right behind it."""
    at = next(n for n, step in enumerate(plan.steps) if isinstance(step, InRange))
    range = plan.steps[at]
    assert isinstance(range, InRange)
    windows, found = Windows(), list[tuple[Windows, int, InRange]]()
    found.append((windows, at, range))
    steps: list[Operator] = []
    for step in plan.steps:
        steps.append(step.with_expressions(tuple(windows.lift(expr) for expr in step.expressions())))
        if step.remakes or step.adds:
            windows = Windows() if step.remakes else Windows(step.adds, windows)
            found.append((windows, len(steps), EVERYTHING))
    for each, place, rows in reversed(found):
        steps[place:place] = each.steps(rows)
    return replace(plan, steps=tuple(steps))
