"""Disagreements that hang on the last digits of computed numbers, so that either answer is right."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tapeql.query.nodes import Column, Compare, Expr, children
from tests.oracle.answer import computed, day_of, expressions, in_range, selected
from tests.oracle.expressions import evaluate
from tests.oracle.tape import Row, Tape
from tests.properties.comparison import RECURSIONS, difference, is_exact
from tests.properties.stores import Answer, Refused, Rows, Shelf
from tests.understood import Understood

LIMIT = re.compile(
    r" LIMIT (LAST )?\d+( PER (symbol|session_date|weekday, symbol|session|month > 2|bars > 2, symbol|bars))?\b"
)


def is_knife_edge(shelf: Shelf, text: str, ask: Callable[[str], Answer]) -> bool:
    """Whether an engine is right about all rows but those where numbers compared are equal to the last digits, and
    right about their order but for keys that are. LIMIT, which both decide, is left out."""
    free = LIMIT.sub("", text)
    query = shelf.query(free)
    if query.group is not None:  # a row on an edge moves its whole group
        return bool(close_calls(query, shelf.tape)) or has_close_keys(query, shelf.tape)
    rows = edgy(query, shelf.tape)
    if not rows and not has_close_keys(query, shelf.tape):
        return False
    expected, found = shelf.oracle(free), ask(free)
    if isinstance(expected, Refused) or isinstance(found, Refused):
        return False
    left = [
        sorted_by_key(query, [row for row in answer if key_of(query, row) not in rows]) for answer in (expected, found)
    ]
    return difference(query, shelf.tape, *left) is None


def edgy(query: Understood, tape: Tape) -> set[tuple[Any, ...]]:
    """Keys of the rows where some comparison is a close call, or that hang on a day where one is."""
    days: set[Any] = set()
    if query.days is not None:
        days = {day_of(query, row) for row in close_calls(query.days, tape)}
    rows = close_calls(query, tape)
    if days:
        rows += [row for symbol in query.symbols for row in computed(query, tape, symbol) if day_of(query, row) in days]
    return {key_of(query, row["columns"]) for row in rows}


def close_calls(query: Understood, tape: Tape) -> list[Row]:
    found = []
    tests = [test for expr in expressions(query) for test in comparisons(expr)]
    for symbol in query.symbols:
        rows = computed(query, tape, symbol)
        for test in tests:
            sides = [evaluate(side, rows, lambda row: in_range(query, row)) for side in (test.left, test.right)]
            found += [row for row, a, b in zip(rows, *sides, strict=True) if is_close(a, b)]
    return found


def comparisons(expr: Expr) -> list[Compare]:
    """Comparisons of numbers that are not stored as they are."""
    found = [test for child in children(expr) for test in comparisons(child)]
    if isinstance(expr, Compare) and not (is_exact(expr.left) and is_exact(expr.right)):
        found.append(expr)
    return found


def is_close(a: Any, b: Any) -> bool:
    return isinstance(a, float) and b is not None and abs(a - b) <= RECURSIONS * max(abs(a), abs(b), 1e-3)


def has_close_keys(query: Understood, tape: Tape) -> bool:
    """Whether ORDER BY decides between numbers that are equal to the last digits."""
    if query.group is not None:
        rows = selected(query, tape)
    else:
        rows = [row for symbol in query.symbols for row in computed(query, tape, symbol)]
    for n, key in enumerate(query.order):
        if not is_exact(key.expr):
            ordered = sorted(row["keys"][n] for row in rows if row["keys"][n] is not None)
            if any(is_close(a, b) for a, b in pairwise(ordered)):
                return True
    return False


def key_of(query: Understood, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What tells the rows of a result apart: every generated query shows the symbol and an instant."""
    keys = ("symbol", "exchange", "ts", "ts_close", "seq")
    return tuple(
        v for v, c in zip(row, query.columns, strict=True) if isinstance(c.expr, Column) and c.expr.name in keys
    )


def sorted_by_key(query: Understood, rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: key_of(query, row))
