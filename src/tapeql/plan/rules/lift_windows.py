"""Expressions that look at neighbouring rows become columns computed before any row is dropped.

Where(close > sma(close, 20)[1])   →   Compute(w.0 = sma(close, 20)), Compute(w.1 = w.0[1]), …, Where(close > w.1)
"""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.compute.lifting import Windows
from tapeql.operators.in_range import InRange
from tapeql.operators.operator import Plan
from tapeql.plan.expressions import rewrite_plan


def lift_windows(plan: Plan) -> Plan:
    windows = Windows()
    lifted = rewrite_plan(plan, windows.lift)
    steps = list(lifted.steps)
    at = next(n for n, step in enumerate(steps) if isinstance(step, InRange))
    in_range = steps[at]
    assert isinstance(in_range, InRange)
    steps[at:at] = windows.steps(in_range)
    return replace(lifted, steps=tuple(steps))
