"""Expressions over the levels of a profile: columns of the level, of what its profile is known by, and of the whole profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tapeql.functions.aggregates import aggregate
from tapeql.functions.registry import find
from tapeql.language import syntax
from tapeql.language.clauses.select import Item
from tapeql.language.writing import format_expr
from tapeql.query.columns import RowColumn, RowKind
from tapeql.query.expressions import Expressions
from tapeql.query.grouped import Key
from tapeql.query.nodes import Column, Type
from tapeql.query.values import Operand, Value

LEVEL: Final = RowKind(
    "level",
    (
        RowColumn("price", Type.FLOAT, "the lower edge of a price level, itself included"),
        RowColumn("volume", Type.FLOAT, "the quantity traded in it, of trades that count for volume"),
        RowColumn("buy_volume", Type.FLOAT, "the part of it that buyers took"),
        RowColumn("sell_volume", Type.FLOAT, "the part of it that sellers took"),
        RowColumn("trades", Type.INT, "how many trades that was"),
    ),
)
"""What is known of a level, besides what its profile is known by."""

POC: Final = Column("level.poc", Type.FLOAT)
"""The price of the level with most volume, the lowest of equals."""


def of_level(name: str) -> Column:
    return Column(f"level.{name}", LEVEL[name])


def area_edge(share: float, edge: str) -> Column:
    """`low` or `high` of the value area that holds this share of the volume."""
    return Column(f"level.area.{share!r}.{edge}", Type.FLOAT)


EDGES = ("low", "high")
USUAL = 0.7
"""The share of the volume that a value area holds where it is not said: about one deviation on both sides of a mean."""


@dataclass(slots=True, kw_only=True)
class LevelExpressions(Expressions):
    """keys    what profiles are known by, and the columns of their levels
    areas   the shares of the value areas met, each once
    """

    keys: Sequence[Key]
    areas: dict[float, None] = field(default_factory=dict)

    def operand(self, written: syntax.Expr) -> Operand:
        key = self._key(written)
        if key is not None:
            return Value(replace(key.column, span=written.span), key.value.unit)
        match written:
            case syntax.Call(name=name, arguments=()) if name.lower() == "poc":
                return Value(POC)
            case syntax.Call(name=name) if name.lower() == "poc":
                return self.refuse("E110", "`poc` has no place for this", written.span, "it is called so: `poc()`")
            case syntax.Output(call=syntax.Call(name=name) as call, output=edge) if name.lower() == "value_area":
                return self._area(call, edge.lower(), written)
            case syntax.Call(name=name) if name.lower() == "value_area":
                hint = "`value_area(70%).low` and `.high` are one each"
                return self.refuse("E204", "`value_area` has two outputs", written.span, hint)
            case syntax.Call(name=name) if find(name) is not None or aggregate(name) is not None:
                hint = "of a whole profile there are `poc()` and `value_area(70%)`"
                return self.refuse("E204", f"`{name}` is of rows; a level is alone here", written.span, hint)
            case syntax.Over() | syntax.Index():
                return self.refuse(
                    "E204", "levels have none before them: [n] and OVER are of rows in time", written.span
                )
            case _:
                # super() without arguments does not work in a dataclass with slots.
                return super(LevelExpressions, self).operand(written)

    def name_of(self, written: syntax.Expr) -> str | None:
        key = self._key(written)
        match written:
            case syntax.Call(name=name) if name.lower() == "poc":
                return "poc"
            case syntax.Output(call=syntax.Call(name=name), output=edge) if name.lower() == "value_area":
                return f"value_area_{edge.lower()}"
            case _:
                return key.name if key else None

    def _key(self, written: syntax.Expr) -> Key | None:
        text = format_expr(written)
        named = text.lower() if isinstance(written, syntax.Name) else text
        return next((key for key in self.keys if named in (key.written, key.name)), None)

    def _area(self, call: syntax.Call, edge: str, written: syntax.Output) -> Value:
        share = USUAL
        match [argument.value for argument in call.arguments]:
            case []:
                pass
            case [syntax.Number(value=value, unit="%")]:
                share = value / 100
            case [syntax.Number(value=value, unit="")]:
                share = float(value)
            case _:
                share = 0
        if not 0 < share <= 1:
            hint = "write `value_area(70%)`"
            return self.refuse("E208", "a value area holds a share of the volume, up to 100%", call.span, hint)
        if edge not in EDGES:
            return self.refuse("E106", f"`value_area` has no output `{edge}`", written.output_span, "it has low, high")
        self.areas[share] = None
        return Value(area_edge(share, edge))


def spelled(items: Sequence[Item]) -> tuple[Item, ...]:
    """Items with a value area as its two edges, a column each."""
    found: list[Item] = []
    for item in items:
        match item.value:
            case syntax.Call(name=name) as call if name.lower() == "value_area":
                found += [
                    Item(
                        syntax.Output(call, edge, call.span, call.span),
                        f"{item.alias or 'value_area'}_{edge}",
                        item.span,
                    )
                    for edge in EDGES
                ]
            case _:
                found.append(item)
    return tuple(found)
