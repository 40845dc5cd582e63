"""What an expression means: a list of values, one for each row of a symbol, NULL being None."""

from __future__ import annotations

import math
import operator
import statistics
from collections.abc import Callable, Sequence
from typing import Any

from tapeql.functions.registry import functions
from tapeql.functions.scalars import SCALARS
from tapeql.query.nodes import (
    And,
    Arithmetic,
    Call,
    Case,
    Column,
    Compare,
    Expr,
    In,
    IsNull,
    Literal,
    Negate,
    Not,
    Or,
    Over,
    Scalar,
    Shift,
    Type,
)  # fmt: skip
from tests.oracle.tape import Row

Values = list[Any]

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def evaluate(expr: Expr, rows: Sequence[Row], in_range: Callable[[Row], bool]) -> Values:
    """The value of `expr` in each row of one symbol; `in_range` says which rows `OVER ALL` sees."""

    def value(x: Expr) -> Values:
        return evaluate(x, rows, in_range)

    match expr:
        case Literal(value=constant, type=kind):
            return [float(constant) if kind is Type.FLOAT and constant is not None else constant for _ in rows]
        case Column(key=name):
            return [row[name] for row in rows]
        case Shift(x=x, rows=n):
            return ([None] * n + value(x))[: len(rows)]
        case Call(function=name, inputs=inputs, params=params, output=output):
            entry = functions()[name]
            series = [[None if v is None else float(v) for v in value(x)] for x in inputs]
            answers = entry.oracle(series, params)
            return [finite(v) for v in answers[entry.outputs.index(output)]]
        case Over(aggregate=name, x=x, us=us):
            return over(name, value(x), us, rows, in_range)
        case Scalar(function=name, arguments=arguments):
            return [scalar(name, operands) for operands in zip(*map(value, arguments), strict=True)]
        case Arithmetic(op=op, left=left, right=right):
            return [arithmetic(op, a, b) for a, b in zip(value(left), value(right), strict=True)]
        case Negate(x=x):
            return [None if v is None else -v for v in value(x)]
        case Compare(op=op, left=left, right=right):
            return [compare(op, a, b) for a, b in zip(value(left), value(right), strict=True)]
        case In(x=x, items=items):
            return [any_true([compare("=", v, item.value) for item in items]) for v in value(x)]
        case IsNull(x=x):
            return [v is None for v in value(x)]
        case Not(x=x):
            return [None if v is None else not v for v in value(x)]
        case And(items=items):
            return [all_true(operands) for operands in zip(*map(value, items), strict=True)]
        case Or(items=items):
            return [any_true(operands) for operands in zip(*map(value, items), strict=True)]
        case Case(whens=whens, otherwise=otherwise):
            answers = value(otherwise)
            for condition, then in reversed(whens):
                chosen = zip(value(condition), value(then), answers, strict=True)
                answers = [yes if test is True else no for test, yes, no in chosen]
            return answers


# ── three-valued logic ────────────────────────────────────────────────────────────────────────────────────────────────


def all_true(values: Sequence[bool | None]) -> bool | None:
    if any(v is False for v in values):
        return False
    return None if any(v is None for v in values) else True


def any_true(values: Sequence[bool | None]) -> bool | None:
    if any(v is True for v in values):
        return True
    return None if any(v is None for v in values) else False


def compare(op: str, a: Any, b: Any) -> bool | None:
    return None if a is None or b is None else COMPARISONS[op](a, b)


# ── numbers: whatever is not a finite double is NULL ──────────────────────────────────────────────────────────────────


def finite(v: float | None) -> float | None:
    return v if v is not None and math.isfinite(v) else None


def arithmetic(op: str, a: float | None, b: float | None) -> float | None:
    if a is None or b is None:
        return None
    a, b = float(a), float(b)
    match op:
        case "+":
            return finite(a + b)
        case "-":
            return finite(a - b)
        case "*":
            return finite(a * b)
        case "/":
            return finite(a / b) if b != 0 else None
    raise AssertionError(op)


def scalar(name: str, operands: Sequence[float | None]) -> float | None:
    """Row-wise mathematics, by the oracle its own entry brings."""
    return finite(SCALARS[name].oracle(operands))


# ── windows of time ───────────────────────────────────────────────────────────────────────────────────────────────────


def over(name: str, x: Values, us: int | None, rows: Sequence[Row], in_range: Callable[[Row], bool]) -> Values:
    """An aggregate over the rows of the last `us`, this one included, or (None) over the rows of the range; NULLs skipped."""
    if us is None:
        whole = aggregate(name, [v for v, row in zip(x, rows, strict=True) if in_range(row)])
        return [whole] * len(rows)
    return [
        aggregate(name, [v for v, other in zip(x, rows, strict=True) if row["ts"] - us < other["ts"] <= row["ts"]])
        for row in rows
    ]


def aggregate(name: str, values: Values) -> float | None:
    known = [float(v) for v in values if v is not None]
    match name:
        case "count":
            return float(len(known))
        case _ if not known:
            return None
        case "sum":
            return finite(math.fsum(known))
        case "avg":
            return finite(math.fsum(known) / len(known))
        case "min":
            return min(known)
        case "max":
            return max(known)
        case "median":
            return statistics.median(known)
        case "stddev":
            return statistics.pstdev(known)
    raise AssertionError(name)
