"""Typed expressions as text, for EXPLAIN and for messages."""

from __future__ import annotations

import datetime as dt
from typing import Final

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
)

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def instant_text(us: int) -> str:
    """`2025-03-10T13:30:00Z`, with microseconds where there are any."""
    return (_EPOCH + dt.timedelta(microseconds=us)).isoformat().replace("+00:00", "Z")


def expr_text(expr: Expr) -> str:
    """An expression with every operation in parentheses, so that nothing is left to precedence."""
    match expr:
        case Literal(value=None):
            return "NULL"
        case Literal(value=value, type=Type.STRING):
            return "'" + str(value).replace("'", "''") + "'"
        case Literal(value=int(value), type=Type.INSTANT):
            return instant_text(value)
        case Literal(value=int(value), type=Type.DATE):
            return (_EPOCH + dt.timedelta(days=value)).date().isoformat()
        case Literal(value=int(value), type=Type.TIME):
            return str(dt.timedelta(microseconds=value))
        case Literal(value=int(value), type=Type.DURATION):
            return f"{value} us"
        case Literal(value=value):
            return str(value)
        case Column():
            return expr.key
        case Shift(x=x, rows=rows):
            return f"{expr_text(x)}[{rows}]"
        case Call(function=name, inputs=inputs, params=params, output=output):
            arguments = ", ".join([*(expr_text(x) for x in inputs), *(str(p) for p in params)])
            return f"{name}({arguments})" + ("" if output == name else f".{output}")
        case Over(aggregate=name, x=x, us=us):
            return f"{name}({expr_text(x)}) OVER {'ALL' if us is None else f'{us} us'}"
        case Scalar(function=name, arguments=arguments):
            return f"{name}({', '.join(expr_text(a) for a in arguments)})"
        case Arithmetic(op=op, left=left, right=right) | Compare(op=op, left=left, right=right):
            return f"({expr_text(left)} {op} {expr_text(right)})"
        case Negate(x=x):
            return f"(-{expr_text(x)})"
        case In(x=x, items=items):
            return f"({expr_text(x)} IN ({', '.join(expr_text(i) for i in items)}))"
        case IsNull(x=x):
            return f"({expr_text(x)} IS NULL)"
        case Not(x=x):
            return f"(NOT {expr_text(x)})"
        case And(items=items):
            return "(" + " AND ".join(expr_text(i) for i in items) + ")"
        case Or(items=items):
            return "(" + " OR ".join(expr_text(i) for i in items) + ")"
        case Case(whens=whens, otherwise=otherwise):
            branches = " ".join(f"WHEN {expr_text(c)} THEN {expr_text(v)}" for c, v in whens)
            return f"CASE {branches} ELSE {expr_text(otherwise)} END"
