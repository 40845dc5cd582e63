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
    windows, at = Windows(), next(n for n, step in enumerate(plan.steps) if isinstance(step, InRange))
    range = plan.steps[at]
    assert isinstance(range, InRange)
    late, behind = windows, at
    steps: list[Operator] = []
    for step in plan.steps:
        steps.append(step.with_expressions(tuple(late.lift(expr) for expr in step.expressions())))
        if step.remakes:
            steps[at:at] = windows.steps(range)
            windows, at, range = Windows(), len(steps), EVERYTHING
            late = windows
        elif step.adds:
            late, behind = Windows(step.adds, windows), len(steps)
    if late is not windows:
        steps[behind:behind] = late.steps(EVERYTHING)
    steps[at:at] = windows.steps(range)
    return replace(plan, steps=tuple(steps))
