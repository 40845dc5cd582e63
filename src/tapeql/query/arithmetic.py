"""Signs, `+ - * /`, and the row-wise functions: numbers in, a number out, units kept."""

from __future__ import annotations

from tapeql.language import syntax
from tapeql.query import units
from tapeql.query.nodes import Arithmetic, Literal, Negate, Scalar, Type
from tapeql.query.reader import Reader
from tapeql.query.values import Value

_UNITLESS = {"sign", "sqrt", "ln", "log10", "exp", "pow"}


def resolve_sign(reader: Reader, written: syntax.Unary) -> Value:
    x = reader.number(written.x, f"`{written.op}`")
    if written.op == "+" or x.type is Type.NULL:
        return x
    match x.expr:
        case Literal(value=int() | float() as number, type=type):  # the sign of a number belongs to it
            return Value(Literal(-number, type, written.span), x.unit)
        case expr:
            return Value(Negate(expr, written.span), x.unit)


def resolve_binary(reader: Reader, written: syntax.Binary) -> Value:
    left = reader.number(written.left, f"`{written.op}`")
    right = reader.number(written.right, f"`{written.op}`")
    if written.op in ("*", "/"):
        a, b, unit = units.product(written.op, left, right)
    else:
        (a, b), unit = units.agree((left, right), reader.scope.report)
    return Value(Arithmetic(written.op, a, b, written.span), unit)


def resolve_scalar(reader: Reader, name: str, written: syntax.Call) -> Value:
    from tapeql.functions.scalars import SCALARS

    fewest, most = SCALARS[name].fewest, SCALARS[name].most
    for argument in written.arguments:
        if argument.keyword is not None:
            return reader.refuse("E110", f"`{name}` takes no keyword arguments", argument.span)
    count = len(written.arguments)
    if count < fewest or (most is not None and count > most):
        takes = f"{fewest}" if fewest == most else f"{fewest} or more" if most is None else f"{fewest} to {most}"
        return reader.refuse(
            "E110", f"`{name}` takes {takes} argument{'s' * (takes != '1')}, not {count}", written.span
        )
    values = [reader.number(argument.value, f"`{name}`") for argument in written.arguments]
    if name in _UNITLESS:
        return Value(Scalar(name, tuple(units.settle(value).expr for value in values), written.span))
    exprs, unit = units.agree(values, reader.scope.report)
    return Value(Scalar(name, exprs, written.span), unit)
