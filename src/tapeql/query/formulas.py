"""A call of a function that is defined by a formula, as that formula."""

from __future__ import annotations

import functools
import re

from tapeql.functions.registry import functions
from tapeql.language import syntax
from tapeql.language.syntax import Binary, Index, Name, Number, Unary
from tapeql.query.nodes import Arithmetic, Call, Expr, Literal, Negate, Shift, Type


def formula(call: Call) -> Expr:
    """The formula of the call's function over the call's inputs and parameters."""
    entry = functions()[call.function]
    assert entry.formula is not None
    names: dict[str, Expr] = {i.name: x for i, x in zip(entry.inputs, call.inputs, strict=True)}
    text = entry.formula
    for param, value in zip(entry.params, call.params, strict=True):
        text = re.sub(rf"\b{param.name}\b", str(value), text)
    return _bound(_parsed(text), names)


@functools.cache
def _parsed(text: str) -> syntax.Expr:
    """A formula is read as what it is in the language: an expression a sentence adds."""
    from tapeql.language.parse import parse

    (statement,) = parse(f"DAYS ADD {text}").statements
    assert isinstance(statement, syntax.Query)
    (clause,) = statement.clauses
    assert isinstance(clause, syntax.Add)
    return clause.items[0].value


def _bound(written: syntax.Expr, names: dict[str, Expr]) -> Expr:
    match written:
        case Number(value=value):
            return _literal(value)
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
            return Call(name, inputs, tuple(_number(v) for v in values[len(entry.inputs) :]), entry.outputs[0])
    raise AssertionError(f"a formula holds arithmetic, shifts and calls only: {written}")


def _literal(value: int | float) -> Literal:
    return Literal(value, Type.INT if isinstance(value, int) else Type.FLOAT)


def _number(expr: Expr) -> int | float:
    assert isinstance(expr, Literal)
    assert isinstance(expr.value, int | float)
    return expr.value
