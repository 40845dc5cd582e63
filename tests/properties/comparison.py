"""When two answers are the same: exactly, but for the last digits of what was summed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from tapeql.functions.registry import functions
from tapeql.query.nodes import Call, Column, Compare, Expr, Query, Shift, Type, children
from tests.oracle.answer import computed, expressions
from tests.oracle.expressions import evaluate
from tests.oracle.tape import Row, Tape
from tests.properties.stores import Answer, Refused, Rows

SUMS = 1e-12
RECURSIONS = 1e-9
EXACT = ("open", "high", "low", "close", "price", "quantity", "trades", "seq", "bid_size", "ask_size")


def difference(query: Query, tape: Tape, expected: Answer, found: Answer) -> str | None:
    """What is not the same, in a sentence; None if all is."""
    if isinstance(expected, Refused) or isinstance(found, Refused):
        return None if expected == found else f"expected {short(expected)}, found {short(found)}"
    if len(expected) != len(found):
        return f"expected {len(expected)} rows, found {len(found)}; {first_apart(expected, found)}"
    for n, column in enumerate(query.columns):
        for row, (one, other) in enumerate(zip(expected, found, strict=True)):
            if not same(query, tape, column.expr, one[n], other[n]):
                return f"row {row}, {column.name}: expected {one[n]!r}, found {other[n]!r}; in {one} and {other}"
    return None


def short(answer: Answer) -> str:
    return str(answer) if isinstance(answer, Refused) else f"{len(answer)} rows"


def first_apart(expected: Rows, found: Rows) -> str:
    for row, (one, other) in enumerate(zip(expected, found, strict=False)):
        if one != other:
            return f"row {row} is {other} and not {one}"
    longer = expected if len(expected) > len(found) else found
    return f"one ends before {longer[min(len(expected), len(found))]}"


def same(query: Query, tape: Tape, expr: Expr, a: Any, b: Any) -> bool:
    if is_exact(expr) or a is None or b is None:
        return bool(a == b)
    if abs(a - b) <= SUMS * max(abs(a), abs(b)):
        return True
    if isinstance(expr, Column) and not expr.name.startswith("day."):
        return False
    tolerance = RECURSIONS if is_recursive(expr) else SUMS
    return bool(abs(a - b) <= tolerance * max(abs(a), abs(b), scale(query, tape, expr)))


def is_exact(expr: Expr) -> bool:
    match expr:
        case Column(name=name, type=kind):
            return kind is not Type.FLOAT or name.rpartition(".")[2] in EXACT
        case Shift(x=x):
            return is_exact(x)
    return expr.type is not Type.FLOAT


def is_recursive(expr: Expr) -> bool:
    if isinstance(expr, Call):
        entry = functions()[expr.function]
        if entry.warmup(expr.params) != entry.lookback(expr.params):
            return True
    return any(is_recursive(child) for child in children(expr))


def scale(query: Query, tape: Tape, expr: Expr) -> float:
    """How large the numbers are that a value was computed from."""
    names = {leaf.name for leaf in leaves(expr)}
    values = (row[name] for symbol in query.symbols for row in computed(query, tape, symbol) for name in names)
    return max((abs(v) for v in values if isinstance(v, float | int)), default=0.0) + 100 * any(
        "pct" in n for n in names
    )


def leaves(expr: Expr) -> Iterable[Column]:
    return [expr] if isinstance(expr, Column) else [leaf for child in children(expr) for leaf in leaves(child)]


# ── knife-edges ───────────────────────────────────────────────────────────────────────────────────────────────────────


def is_knife_edge(query: Query, tape: Tape) -> bool:
    """Whether some comparison or ordering of computed numbers hangs on their last digits, so that either answer is right."""
    queries = [query] if query.days is None else [query, query.days]
    return any(close_call(asked, computed(asked, tape, symbol)) for asked in queries for symbol in asked.symbols)


def close_call(query: Query, rows: list[Row]) -> bool:
    def values(expr: Expr) -> list[Any]:
        return evaluate(expr, rows, lambda row: True)

    tests = [test for expr in expressions(query) for test in comparisons(expr)]
    pairs = [pair for test in tests for pair in zip(values(test.left), values(test.right), strict=True)]
    for key in query.order:
        if not is_exact(key.expr):
            ordered = sorted(v for v in values(key.expr) if v is not None)
            pairs += pairwise(ordered)
    return any(
        isinstance(a, float) and b is not None and abs(a - b) <= RECURSIONS * max(abs(a), abs(b), 1e-3)
        for a, b in pairs
    )


def comparisons(expr: Expr) -> list[Compare]:
    """Comparisons of numbers that are not stored as they are."""
    found = [test for child in children(expr) for test in comparisons(child)]
    if isinstance(expr, Compare) and not (is_exact(expr.left) and is_exact(expr.right)):
        found.append(expr)
    return found
