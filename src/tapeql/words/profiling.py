"""What PROFILE tells of the trades that are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tapeql.language.clauses.add import Add
from tapeql.language.clauses.select import Item, Select
from tapeql.language.statements.query import Levels as Written
from tapeql.operators.counted import Counted
from tapeql.operators.group import Group
from tapeql.operators.levels import Levels
from tapeql.operators.operator import Operator
from tapeql.operators.project import Project
from tapeql.operators.project_whole import ProjectWhole
from tapeql.query.grouped import Measure
from tapeql.query.levels import LevelExpressions, of_level, spelled
from tapeql.query.nodes import Case, Column, Compare, Expr, Literal, OutputColumn, Type
from tapeql.query.outputs import resolve_items
from tapeql.words.asking import Asking
from tapeql.words.clauses.every import buckets
from tapeql.words.clauses.per import keys
from tapeql.words.grouping import in_order
from tapeql.words.results import level_reader

_MOST_BINS: Final = 100_000
_QUANTITY: Final = Column("quantity", Type.FLOAT)


def profiled(asking: Asking, beside: Sequence[OutputColumn]) -> tuple[Operator, ...]:
    """The operators from chosen trades to the columns of the result, and what ORDER BY and LIMIT need `beside` them."""
    add, select, reader = asking.clause(Add), asking.clause(Select), level_reader(asking)
    items: tuple[Item, ...] = select.items if select else (*asking.verb.measures, *(add.items if add else ()))
    own = keys(asking)
    shown = resolve_items(reader, [OutputColumn(key.name, key.column) for key in own], spelled(items))
    price = of_level("price")
    within = tuple(key.column for key in in_order(own))
    of_rows = [OutputColumn(key.column.name, key.value.expr) for key in own]
    of_rows += [OutputColumn(price.name, Column("price", Type.FLOAT)), *map(_summed, ("volume", "buy", "sell"))]
    sums = [Measure(of_level(n).name, "sum", (Column(f"in.{i}", Type.FLOAT),), (), Type.FLOAT) for n, i in _SUMS]
    every = buckets(asking)
    return (
        Counted(),
        *([every] if every else []),
        Project(tuple(of_rows)),
        Group((*within, price), (*sums, Measure(of_level("trades").name, "count", (), (), Type.INT))),
        Levels(within, *_size(asking, reader), tuple(reader.areas)),
        ProjectWhole(shown, tuple(beside)),
    )


_SUMS: Final = (("volume", "volume"), ("buy_volume", "buy"), ("sell_volume", "sell"))


def _summed(what: str) -> OutputColumn:
    if what == "volume":
        return OutputColumn("in.volume", _QUANTITY)
    of_side: Expr = Compare("=", Column("side", Type.STRING), Literal(what, Type.STRING))
    return OutputColumn(f"in.{what}", Case(((of_side, _QUANTITY),), Literal(0.0, Type.FLOAT), Type.FLOAT))


def _size(asking: Asking, reader: LevelExpressions) -> tuple[float, int]:
    """How far apart levels are, or else how many there are."""
    written = asking.written.verb.interval
    assert isinstance(written, Written)
    size = written.size
    if size.unit or size.value <= 0:
        asking.report.add("E208", "levels are so far apart, or so many: a number above 0", size.span)
        return 1.0, 0
    if written.of == "step":
        return float(size.value), 0
    if not float(size.value).is_integer() or size.value > _MOST_BINS:
        asking.report.add("E208", f"BINS is a whole number up to {_MOST_BINS:,}", size.span, "write `50 BINS`")
        return 1.0, 0
    return 0.0, int(size.value)
