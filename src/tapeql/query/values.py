"""What an operand is while it is being understood: an expression with its unit, or a date not yet compared."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from tapeql.errors import Span
from tapeql.query.columns import PERCENT_COLUMNS
from tapeql.query.dates import When
from tapeql.query.nodes import Column, Expr, Literal, Type


class Unit(enum.Enum):
    """What a number counts."""

    PLAIN = "no unit"
    PERCENT = "percent"
    FRACTION = "a fraction"
    INDEX = "an index"
    AMOUNT = "a price or a quantity"
    WRITTEN = "a number written with % or bps, held in percent"


@dataclass(frozen=True, slots=True)
class Value:
    expr: Expr
    unit: Unit = Unit.PLAIN

    @property
    def type(self) -> Type:
        return self.expr.type

    @property
    def is_bare_number(self) -> bool:
        return isinstance(self.expr, Literal) and self.unit is Unit.PLAIN and is_number(self)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date form; what it becomes depends on what it is compared with."""

    when: When
    span: Span


Operand = Value | Moment


def unknown(span: Span) -> Value:
    """Stands for what was refused: a NULL, at home anywhere, so that one mistake is told once."""
    return Value(Literal(None, Type.NULL, span))


def is_number(value: Value) -> bool:
    return value.type in (Type.INT, Type.FLOAT, Type.NULL)


def typed(expr: Expr, type: Type) -> Expr:
    """An untyped NULL takes the type of its company; anything else stays."""
    return Literal(None, type, expr.span) if expr.type is Type.NULL else expr


def of_column(column: Column) -> Value:
    name = column.name
    if name in PERCENT_COLUMNS or name.endswith("_pct"):
        return Value(column, Unit.PERCENT)
    return Value(column, Unit.AMOUNT if column.type in (Type.INT, Type.FLOAT) else Unit.PLAIN)
