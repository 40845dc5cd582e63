"""Arithmetic of literals becomes a literal.

close > 2 * 50   →   close > 100
"""

from __future__ import annotations

import math
import operator

from tapeql.operators.operator import Plan
from tapeql.plan.expressions import rewrite_plan
from tapeql.query.nodes import Arithmetic, Expr, Literal, Negate, Type
from tapeql.query.rewriting import bottom_up

_OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


def fold_constants(plan: Plan) -> Plan:
    return rewrite_plan(plan, folded)


def folded(expr: Expr) -> Expr:
    """An expression whose constant parts are literals.

    >>> folded(Arithmetic("*", Literal(2, Type.INT), Literal(50, Type.INT))).value
    100.0
    >>> folded(Arithmetic("/", Literal(1, Type.INT), Literal(0, Type.INT))).value is None
    True
    """
    return bottom_up(expr, _folded)


def _folded(expr: Expr) -> Expr:
    match expr:
        case Negate(x=Literal(value=value, type=type)) if isinstance(value, int | float):
            return Literal(-value, type)
        case Arithmetic(op=op, left=Literal(value=left), right=Literal(value=right)):
            return Literal(_calculated(op, left, right), Type.FLOAT)
        case _:
            return expr


def _calculated(op: str, left: object, right: object) -> float | None:
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return None
    try:
        value = float(_OPERATORS[op](float(left), float(right)))
    except (ZeroDivisionError, OverflowError):
        return None
    return value if math.isfinite(value) else None
