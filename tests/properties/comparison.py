"""When two answers are the same: exactly, but for the last digits of what was summed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tapeql.functions.registry import functions
from tapeql.query.nodes import And, Call, Column, Expr, OfDate, Shift, Type, children
from tests.oracle.answer import computed
from tests.oracle.tape import Tape
from tests.properties.stores import Answer, Refused, Rows
from tests.understood import Understood

SUMS = 1e-12
RECURSIONS = 1e-9
PRICES = frozenset(("open", "high", "low", "close"))
EXACT = ("open", "high", "low", "close", "price", "quantity", "trades", "seq", "bid_size", "ask_size")


def difference(query: Understood, tape: Tape, expected: Answer, found: Answer) -> str | None:
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


def same(query: Understood, tape: Tape, expr: Expr, a: Any, b: Any) -> bool:
    smoothed = query.is_smoothed and expr.type is Type.FLOAT and not PRICES.isdisjoint(c.name for c in leaves(expr))
    if (is_exact(expr) and not smoothed) or a is None or b is None:
        return bool(a == b)
    if abs(a - b) <= SUMS * max(abs(a), abs(b)):
        return True
    if isinstance(expr, Column) and expr.of != OfDate(None):
        return False
    tolerance = RECURSIONS if is_recursive(expr) else SUMS
    return bool(abs(a - b) <= tolerance * max(abs(a), abs(b), scale(query, tape, expr)))


def is_exact(expr: Expr) -> bool:
    match expr:
        case Column(name=name, type=kind):
            return kind is not Type.FLOAT or name in EXACT
        case Shift(x=x):
            return is_exact(x)
    return expr.type is not Type.FLOAT


def is_recursive(expr: Expr) -> bool:
    if isinstance(expr, Call):
        entry = functions()[expr.function]
        if entry.warmup(expr.params) != entry.lookback(expr.params):
            return True
    return any(is_recursive(child) for child in children(expr))


def scale(query: Understood, tape: Tape, expr: Expr) -> float:
    """How large the numbers are that a value was computed from."""
    if query.group is not None:  # any of what it was made of
        expr = And(tuple(column.expr for column in query.of_rows))
    names = {leaf.key for leaf in leaves(expr)}
    values = (row[name] for symbol in query.symbols for row in computed(query, tape, symbol) for name in names)
    return max((abs(v) for v in values if isinstance(v, float | int)), default=0.0) + 100 * any(
        "pct" in n for n in names
    )


def leaves(expr: Expr) -> Iterable[Column]:
    return [expr] if isinstance(expr, Column) else [leaf for child in children(expr) for leaf in leaves(child)]
