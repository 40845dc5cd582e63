"""The passes over a plan, in order: each a function Plan → Plan in a file of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tapeql.operators.operator import Plan
from tapeql.plan.rules.expand_formulas import expand_formulas
from tapeql.plan.rules.filter_rows import filter_rows
from tapeql.plan.rules.fold_constants import fold_constants
from tapeql.plan.rules.lift_windows import lift_windows

Rule = Callable[[Plan], Plan]

RULES: Final[tuple[Rule, ...]] = (expand_formulas, fold_constants, lift_windows, filter_rows)

OPTIONAL: Final = frozenset({"fold_constants", "filter_rows"})
"""Passes that only save work; a plan runs the same without them."""
