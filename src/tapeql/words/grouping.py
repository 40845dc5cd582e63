"""What a query tells of groups of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from tapeql.language.clauses.add import Add
from tapeql.language.clauses.select import Item, Select
from tapeql.operators.group import Group
from tapeql.operators.operator import Operator
from tapeql.operators.project import Project
from tapeql.operators.project_whole import ProjectWhole
from tapeql.query.grouped import Key
from tapeql.query.nodes import Column, OutputColumn, Type
from tapeql.query.outputs import resolve_items
from tapeql.words.asking import Asking
from tapeql.words.clauses.every import buckets
from tapeql.words.clauses.per import keys
from tapeql.words.results import group_reader


def grouped(asking: Asking, beside: Sequence[OutputColumn]) -> tuple[Operator, ...]:
    """The operators from chosen rows to the columns of the result, and what ORDER BY and LIMIT need `beside` them."""
    add, select, reader = asking.clause(Add), asking.clause(Select), group_reader(asking)
    items: tuple[Item, ...] = select.items if select else (*asking.verb.measures, *(add.items if add else ()))
    own = keys(asking)
    shown = resolve_items(reader, [OutputColumn(key.name, key.column) for key in own], items)
    of_rows = [OutputColumn(key.column.name, key.value.expr) for key in own]
    of_rows += [OutputColumn(column.name, expr) for expr, column in reader.inputs.items()]
    if not of_rows:  # rows without columns cannot be counted
        of_rows = [OutputColumn("row", Column("ts", Type.INSTANT))]
    measures = tuple(replace(measure, name=column.name) for measure, column in reader.measures.items())
    every = buckets(asking)
    return (
        *([every] if every else []),
        Project(tuple(of_rows)),
        Group(tuple(key.column for key in in_order(own)), measures),
        ProjectWhole(shown, tuple(beside)),
    )


def in_order(keys: Sequence[Key]) -> list[Key]:
    """Groups come by exchange and symbol, which are shown the other way round."""
    ordered = list(keys)
    for n, pair in enumerate(pairwise(keys)):
        if tuple(key.name for key in pair) == ("symbol", "exchange"):
            ordered[n : n + 2] = reversed(pair)
    return ordered
