"""Plans remembered: the same sentence over the same snapshot is understood once.

A plan depends on the clock. It is reused only where a later clock cannot change it: the text names no day relative to
now, and everything it reads was finished when it was made.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace
from typing import Final

from tapeql.language import syntax
from tapeql.language.clauses.during import During
from tapeql.operators.fill import FillSlots
from tapeql.operators.operator import Plan
from tapeql.rows.nesting import Shape
from tapeql.rows.nodes import Bars

KEPT: Final = 512
"""Plans remembered; the least recently asked is forgotten."""

RELATIVE: Final = frozenset({"today", "yesterday", "now"})


class Plans:
    """Safe for any number of threads."""

    def __init__(self) -> None:
        self._plans: OrderedDict[Hashable, Plan] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, now_us: int) -> Plan | None:
        """The plan kept under the key, at a clock not before its own."""
        with self._lock:
            plan = self._plans.get(key)
            if plan is None or now_us < plan.asked.now_us:
                return None
            self._plans.move_to_end(key)
        return replace(plan, asked=replace(plan.asked, now_us=now_us))

    def keep(self, key: Hashable, statement: syntax.Statement, plan: Plan) -> None:
        """Keeps the plan of a statement, if a later clock cannot change it."""
        if _is_relative(statement) or not _is_settled(plan):
            return
        with self._lock:
            self._plans[key] = plan
            while len(self._plans) > KEPT:
                self._plans.popitem(last=False)


def _is_relative(statement: syntax.Statement) -> bool:
    return (
        any(date.text in RELATIVE for date in syntax.within(statement, syntax.Date))
        or any(syntax.within(statement, syntax.Parameter))
        or any(during.last is not None for during in syntax.within(statement, During))
    )


def _is_settled(plan: Plan) -> bool:
    """Whether every bar that the plan can make was complete at its clock."""
    if any(isinstance(step, FillSlots) for step in plan.steps):
        return False
    rows = plan.rows
    reach_us = 0
    if isinstance(rows, Bars):
        reach_us = Shape(rows.interval, rows.zone, rows.reference, rows.sessions, rows.align).reach_us
    finished = all(feed.end_us + reach_us < plan.asked.now_us for feed in rows.feeds)
    return finished and all(_is_settled(inner) for step in plan.steps for inner in step.plans())
