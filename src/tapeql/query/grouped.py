"""Expressions over groups of rows: of what a group is known by, and of aggregates of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tapeql.errors import Fix
from tapeql.functions.aggregates import Aggregate, aggregate
from tapeql.functions.registry import find
from tapeql.language import syntax
from tapeql.language.writing import format_expr
from tapeql.query.arguments import is_constant
from tapeql.query.expressions import Expressions
from tapeql.query.nodes import Column, Expr, Literal, Type
from tapeql.query.units import settle
from tapeql.query.values import Operand, Unit, Value, typed, unknown


@dataclass(frozen=True, slots=True)
class Key:
    """What tells groups apart: as it is written, as it is shown, and as columns of the rows and of the groups."""

    written: str
    name: str
    value: Value
    column: Column


@dataclass(frozen=True, slots=True)
class Measure:
    """An aggregate of columns of the rows, which is a column of the groups."""

    name: str
    function: str
    inputs: tuple[Column, ...]
    params: tuple[float, ...]
    type: Type


@dataclass(slots=True, kw_only=True)
class GroupExpressions(Expressions):
    """rows      reads what aggregates are of
    keys      what groups are known by
    inputs    what was read of the rows, a column each
    measures  the aggregates met, each once
    """

    rows: Expressions
    keys: Sequence[Key]
    inputs: dict[Expr, Column] = field(default_factory=dict)
    measures: dict[Measure, Column] = field(default_factory=dict)

    def operand(self, written: syntax.Expr) -> Operand:
        key = self._key(written)
        if key is not None:
            return Value(key.column, key.value.unit)
        match written:
            case syntax.Call() if (entry := aggregate(written.name)) is not None:
                return self._aggregate(entry, written)
            case syntax.Call() if find(written.name) is not None:
                text = format_expr(written)
                return self.refuse(
                    "E204",
                    f"`{written.name}` is of the rows around one; a group has one of each of its rows",
                    written.span,
                    f"`avg({text})` is the mean of them",
                    fix=Fix(written.span, f"avg({text})"),
                )
            case syntax.Name(parts=(name,)) if (
                name not in self.scope.aliases and name.lower() not in self.scope.aliases
            ):
                return self._many(written)
            case syntax.Name(parts=(_, _)):
                return self._many(written)
            case syntax.Over(x=syntax.Call() as call):
                return self.refuse(
                    "E204",
                    f"`{call.name}` is of the rows of a group here; OVER is of the rows around one",
                    written.span,
                )
            case syntax.Index():
                return self.refuse(
                    "E204", "groups have none before them: [n] is of rows, inside an aggregate", written.span
                )
            case _:
                # super() without arguments does not work in a dataclass with slots.
                return super(GroupExpressions, self).operand(written)

    def name_of(self, written: syntax.Expr) -> str | None:
        """`avg(spread)` → avg_spread, `percentile(spread, 95)` → percentile_spread_95."""
        key = self._key(written)
        if key is not None:
            return key.name
        if not isinstance(written, syntax.Call) or aggregate(written.name) is None:
            return None
        parts = [written.name.lower()]
        for argument in written.arguments:
            match argument.value:
                case syntax.Name(parts=names):
                    parts += names
                case syntax.Number(value=number, unit=""):
                    parts.append(f"{number:g}".replace(".", "p"))
                case _:
                    return None
        return "_".join(parts)

    def _key(self, written: syntax.Expr) -> Key | None:
        text = format_expr(written)
        named = text.lower() if isinstance(written, syntax.Name) else text
        return next(
            (key for key in self.keys if text in (key.written, key.name) or named in (key.written, key.name)), None
        )

    def _many(self, written: syntax.Name) -> Value:
        """A column of the rows, of which a group has many."""
        told = len(self.scope.report.found.found)
        value = self.rows.value(written)
        if len(self.scope.report.found.found) > told:
            return unknown(written.span)
        text = format_expr(written)
        picked = f"avg({text})" if value.type in (Type.INT, Type.FLOAT) else f"first({text})"
        return self.refuse(
            "E204",
            f"a group has many values of `{text}`",
            written.span,
            f"`{picked}` is one of them all; `PER {text}` makes a group of each",
            fix=Fix(written.span, picked),
        )

    def _aggregate(self, entry: Aggregate, written: syntax.Call) -> Value:
        arguments = self._arguments(entry, written)
        if arguments is None:
            return unknown(written.span)
        series, constants = arguments
        inputs = [self._input(entry, each) for each in series]
        params = self._params(entry, constants)
        if params is None:
            return unknown(written.span)
        columns = tuple(self._column(value.expr) for value in inputs)
        type = Type.INT if entry.gives == "count" else columns[0].type if entry.gives == "same" else Type.FLOAT
        measure = Measure("", entry.name, columns, params, type)
        column = self.measures.setdefault(measure, Column(f"agg.{len(self.measures)}", type))
        unit = inputs[0].unit if inputs and entry.keeps_unit else Unit.AMOUNT if entry.gives == "count" else Unit.PLAIN
        return Value(Column(column.name, type, span=written.span), unit)

    def _arguments(self, entry: Aggregate, written: syntax.Call) -> tuple[list[syntax.Expr], list[syntax.Expr]] | None:
        """Series and constants, by place or by name; None after E110."""
        inputs = ("x",) if entry.name == "count" and written.arguments else entry.inputs
        names = [*inputs, *(name for name, _, _ in entry.params)]
        found: dict[str, syntax.Expr] = {}
        for place, argument in enumerate(written.arguments):
            name = argument.keyword.lower() if argument.keyword else names[place] if place < len(names) else ""
            if name not in names or name in found:
                hints = [f"it is called so: `{entry.usage}`"]
                if not entry.params and is_constant(argument.value):
                    hints.append("a window of rows stands inside an aggregate: `max(avg(price, 20))`")
                self.refuse("E110", f"`{entry.name}` has no place for this", argument.value.span, *hints)
                return None
            found[name] = argument.value
        missing = [name for name in names if name not in found]
        if missing:
            self.refuse(
                "E110", f"`{entry.name}` needs `{missing[0]}`", written.span, f"it is called so: `{entry.usage}`"
            )
            return None
        return [found[name] for name in inputs], [found[name] for name, _, _ in entry.params]

    def _input(self, entry: Aggregate, written: syntax.Expr) -> Value:
        if entry.numbers and entry.name != "count":
            return _known(self.rows.number(written, f"`{entry.name}`"))
        return _known(self.rows.value(written))

    def _params(self, entry: Aggregate, written: Sequence[syntax.Expr]) -> tuple[float, ...] | None:
        found = []
        for (name, least, most), each in zip(entry.params, written, strict=True):
            value = self.rows.value(each)
            match value.expr:
                case Literal(value=int() | float() as number) if least <= number <= most:
                    found.append(float(number))
                case _:
                    self.refuse("E208", f"`{name}` of `{entry.name}` is a number from {least} to {most}", each.span)
                    return None
        return tuple(found)

    def _column(self, expr: Expr) -> Column:
        return self.inputs.setdefault(expr, Column(f"in.{len(self.inputs)}", expr.type))


def read_key(rows: Expressions, written: syntax.Expr, alias: str | None) -> tuple[str, str, Value]:
    """A key of PER: how it is written, what it is called, and its value of a row."""
    text = format_expr(written)
    plain = text.lower() if isinstance(written, syntax.Name) else text
    return plain, alias or plain.replace(".", "_"), _known(rows.value(written))


def _known(value: Value) -> Value:
    """A value as a column: a unit of its own is settled, and an untyped NULL is a number."""
    value = settle(value)
    return Value(typed(value.expr, Type.FLOAT), value.unit)
