"""Row-wise expressions as SQL: doubles throughout, three-valued logic, and NULL wherever a number would not be finite.

On an engine with IEEE arithmetic infinities and NaN go through sums, differences, products and dividends and are taken
away where the result is used; a divisor is a use, since x / inf would hide it. Other engines are asked beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

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
from tapeql.sql.dialects.dialect import Dialect, Unsayable
from tapeql.sql.terms import (
    BIGINT,
    BOOLEAN,
    DOUBLE,
    TEXT,
    Kind,
    Node,
    both,
    call,
    case,
    cast,
    coalesce,
    column,
    double,
    either,
    integer,
    is_null,
    negation,
    null,
    op,
    tight,
)

KINDS: dict[Type, Kind] = {
    Type.BOOL: BOOLEAN,
    Type.INT: BIGINT,
    Type.FLOAT: DOUBLE,
    Type.STRING: TEXT,
    Type.INSTANT: BIGINT,
    Type.DATE: BIGINT,
    Type.TIME: BIGINT,
    Type.DURATION: BIGINT,
    Type.NULL: DOUBLE,
}
"""How types are written inside a statement: instants as microseconds, dates as days since 1970-01-01."""

_INT64 = range(-(2**63) + 1, 2**63)


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a relation: the name SQL knows it by, and its type."""

    name: str
    type: Type


@dataclass(frozen=True, slots=True)
class Rowwise:
    """Writes expressions over the columns of one relation."""

    dialect: Dialect
    columns: Mapping[str, Field]

    def value(self, expr: Expr, type: Type | None = None) -> Node:
        """The expression in its own type, or as a value of `type` (a NULL, or an integer where a number is wanted)."""
        if type is not None and type is not self._type(expr):
            return self.number(expr) if type is Type.FLOAT else self._unknown(expr, type)
        match expr:
            case Literal(value=None, type=kind):
                return null(KINDS[kind])
            case Literal(value=value, type=Type.STRING):
                return self.dialect.text(str(value))
            case Literal(value=value, type=Type.BOOL):
                return exp.Boolean(this=bool(value))
            case Literal(value=value, type=Type.FLOAT):
                return double(float(value or 0))
            case Literal(value=value):
                return cast(integer(int(value or 0)), BIGINT)
            case Column():
                return column(self._field(expr.key).name)
            case Negate(x=x) if self._type(x) is Type.INT:
                return exp.Neg(this=tight(self.value(x)))
            case Case(whens=whens, otherwise=otherwise, type=kind):
                chosen = [(self.truth(test), self.value(then, kind)) for test, then in whens]
                return case(*chosen, otherwise=self.value(otherwise, kind))
            case Compare() | In() | IsNull() | Not() | And() | Or():
                return self.truth(expr)
            case Arithmetic() | Scalar() | Negate():
                return self.number(expr)
            case Shift() | Call() | Over():
                raise AssertionError("windows are columns by now")

    def truth(self, expr: Expr) -> Node:
        match expr:
            case Compare(op=symbol, left=left, right=right):
                return self._compare(symbol, left, right)
            case In(x=x, items=items):
                return self._in(x, items)
            case IsNull(x=x):
                return is_null(self.value(x))
            case Not(x=x):
                return negation(self.truth(x))
            case And(items=items):
                return both(*(self.truth(item) for item in items))
            case Or(items=items):
                return either(*(self.truth(item) for item in items))
            case _ if self._type(expr) is Type.NULL:
                return null(BOOLEAN)
        return self.value(expr)

    def number(self, expr: Expr) -> Node:
        """A double that is finite or NULL."""
        match expr:
            case Literal(value=value):
                return _literal(value)
            case Arithmetic() if self.dialect.ieee:
                return self._finite(self._raw(expr))
            case Arithmetic(op=symbol, left=left, right=right):
                operands = [self.number(left), self.number(right)]
                return self.dialect.bind(operands, lambda a, b: self.dialect.arithmetic(symbol, a, b))
            case Negate(x=x):
                return exp.Neg(this=tight(self.number(x)))
            case Scalar(function=function, arguments=arguments):
                return self._scalar(function, arguments)
            case Case(whens=whens, otherwise=otherwise):
                chosen = [(self.truth(test), self.number(then)) for test, then in whens]
                return case(*chosen, otherwise=self.number(otherwise))
            case _:
                pass
        found = self.value(expr)
        return found if self._type(expr) is Type.FLOAT else cast(found, DOUBLE)

    def _type(self, expr: Expr) -> Type:
        match expr:
            case Column():
                return self._field(expr.key).type
            case Negate(x=x):
                return Type.INT if self._type(x) is Type.INT else Type.FLOAT
            case _:
                return expr.type

    def _unknown(self, expr: Expr, type: Type) -> Node:
        return null(KINDS[type]) if self._type(expr) is Type.NULL else self.value(expr)

    def _raw(self, expr: Expr) -> Node:
        """IEEE arithmetic as it comes."""
        match expr:
            case Arithmetic(op="/", left=left, right=right):
                return op("/", self._raw(left), self.number(right))
            case Arithmetic(op=symbol, left=left, right=right):
                return op(symbol, self._raw(left), self._raw(right))
            case Negate(x=x):
                return exp.Neg(this=tight(self._raw(x)))
            case _:
                return self.number(expr)

    def _field(self, name: str) -> Field:
        if name not in self.columns:
            raise Unsayable(name)
        return self.columns[name]

    def _finite(self, x: Node) -> Node:
        return self.dialect.bind([x], lambda v: case((call("isfinite", v), v.copy())))

    def _scalar(self, function: str, arguments: tuple[Expr, ...]) -> Node:
        values = [self.number(a) for a in arguments]
        match function, values:
            case "coalesce", _:
                return coalesce(*values)
            case "nullif", [x, y]:
                return self.dialect.bind([x, y], lambda a, b: case((op("=", a, b), null(DOUBLE)), otherwise=a.copy()))
            case (("greatest" | "least"), [_]):
                return values[0]
            case (("greatest" | "least"), _):
                return self.dialect.bind(values, lambda *atoms: _if_known(atoms, call(function, *atoms)))
            case "round", [x, digits]:
                return self._round(x, digits)
            case (("abs" | "floor" | "ceil"), [x]):
                return call(function, x)
            case "sign", [x]:
                return cast(call("sign", x), DOUBLE)
            case _:
                pass
        found = self.dialect.bind(values, lambda *atoms: self.dialect.scalar(function, atoms))
        return self._finite(found) if self.dialect.ieee else found

    def _round(self, x: Node, digits: Node) -> Node:
        """Halves away from zero at the given decimal place; powers of ten are read from text, which is exact."""

        def rounded(value: Node, places: Node) -> Node:
            size = cast(cast(call("abs", places.copy()), BIGINT), TEXT)
            power = cast(call("concat", self.dialect.text("1e"), size), DOUBLE)
            fine = self._apply("*", value, power)
            coarse = self._apply("/", value, power)
            halved = [self.dialect.bind([side], lambda v: self.dialect.scalar("round", [v])) for side in (fine, coarse)]
            at_fine = coalesce(self._apply("/", halved[0], power), value.copy())
            at_coarse = self._apply("*", halved[1], power)
            answer = case((op("<", places, double(0)), at_coarse), otherwise=at_fine)
            return case((either(is_null(value.copy()), is_null(places.copy())), null(DOUBLE)), otherwise=answer)

        clipped = call("greatest", call("least", call("trunc", digits), double(308)), double(-308))
        known = self.dialect.bind([digits.copy()], lambda d: case((is_null(d), null(DOUBLE)), otherwise=clipped))
        return self.dialect.bind([x, known], rounded)

    def _apply(self, symbol: str, left: Node, right: Node) -> Node:
        if self.dialect.ieee:
            return self._finite(op(symbol, left.copy(), right.copy()))
        operands = [left.copy(), right.copy()]
        return self.dialect.bind(operands, lambda a, b: self.dialect.arithmetic(symbol, a, b))

    def _compare(self, symbol: str, left: Expr, right: Expr) -> Node:
        types = {self._type(left), self._type(right)}
        if Type.NULL in types:
            return null(BOOLEAN)
        if types == {Type.STRING}:
            return op(symbol, self.dialect.byte_order(self.value(left)), self.value(right))
        if types <= {Type.INT, Type.FLOAT} and not (types == {Type.INT} and _fits(left) and _fits(right)):
            return op(symbol, self.number(left), self.number(right))
        return op(symbol, self.value(left), self.value(right))

    def _in(self, x: Expr, items: tuple[Literal, ...]) -> Node:
        kind = self._type(x)
        if kind is Type.NULL:
            return null(BOOLEAN)
        types = {kind, *(item.type for item in items if item.value is not None)}
        if types <= {Type.INT, Type.FLOAT} and not (types == {Type.INT} and all(map(_fits, items))):
            return exp.In(this=tight(self.number(x)), expressions=[self.number(item) for item in items])
        subject = self.dialect.byte_order(self.value(x)) if kind is Type.STRING else self.value(x)
        return exp.In(
            this=tight(subject),
            expressions=[null(KINDS[kind]) if item.value is None else self.value(item) for item in items],
        )


def _fits(expr: Expr) -> bool:
    return not isinstance(expr, Literal) or (isinstance(expr.value, int) and expr.value in _INT64)


def _literal(value: bool | int | float | str | None) -> Node:
    return null(DOUBLE) if value is None else double(float(value))


def _if_known(atoms: tuple[Node, ...], answer: Node) -> Node:
    return case((either(*(is_null(a.copy()) for a in atoms)), null(DOUBLE)), otherwise=answer)
