"""A call of a function that is defined by a formula, as that formula."""

from __future__ import annotations

from tapeql.functions.registry import functions
from tapeql.language.parse import parse_expression
from tapeql.language.syntax import Binary, Expr as Written, Index, Name, Number, Unary
from tapeql.language import syntax
from tapeql.query.nodes import Arithmetic, Call, Expr, Literal, Negate, Shift, Type


def formula(call: Call) -> Expr:
    """The formula of the call's function over the call's inputs and parameters."""
    entry = functions()[call.function]
    assert entry.formula is not None
    names: dict[str, Expr] = {i.name: x for i, x in zip(entry.inputs, call.inputs, strict=True)}
    for param, value in zip(entry.params, call.params, strict=True):
        names[param.name] = Literal(value, Type.INT if isinstance(value, int) else Type.FLOAT)
    return _bound(_parsed(entry.formula), names)


def _parsed(text: str) -> Written:
    return parse_expression(text)


def _bound(written: Written, names: dict[str, Expr]) -> Expr:
    match written:
        case Number(value=value):
            return Literal(value, Type.INT if isinstance(value, int) else Type.FLOAT)
        case Name(parts=(name,)):
            return names[name]
        case Binary(op=op, left=left, right=right):
            return Arithmetic(op, _bound(left, names), _bound(right, names))
        case Unary(op="-", x=x):
            return Negate(_bound(x, names))
        case Index(x=x, n=n):
            return Shift(_bound(x, names), n)
        case syntax.Call(name=name, arguments=arguments):
            entry = functions()[name]
            values = [_bound(a.value, names) for a in arguments]
            inputs = tuple(values[: len(entry.inputs)])
            params = tuple(v.value for v in values[len(entry.inputs) :] if isinstance(v, Literal))
            return Call(name, inputs, params, entry.outputs[0])  # type: ignore[arg-type]
    raise AssertionError(f"a formula holds arithmetic, shifts and calls only: {written}")
