"""Columns of another relation beside those of a stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tapeql.query.nodes import OutputColumn
from tapeql.sql.expressions import Field
from tapeql.sql.statement import FEED, Statement, Stream, extended, typed_null
from tapeql.sql.terms import Node, column, join, named, op, select, star, table


def attached(statement: Statement, name: str, stream: Stream, other: str, on: Node, found: dict[str, Field]) -> Stream:
    """The stream with columns of another relation where it matches; `found` says their names there."""
    fields = stream.fields({logical: field.type for logical, field in found.items()})
    more = [named(column(found[logical].name, other), fields[logical].name) for logical in found]
    values = [star(stream.relation), *more]
    relation = statement.add(name, select(values, table(stream.relation), joins=[join(table(other), on, side="LEFT")]))
    return Stream(relation, {**stream.columns, **fields}, stream.keys)


def unknown(statement: Statement, name: str, stream: Stream, columns: Sequence[OutputColumn]) -> Stream:
    """Measures of symbols that have no bars at all."""
    return extended(statement, name, stream, {c.name: (c.expr.type, typed_null(c.expr.type)) for c in columns})


def same_day(stream: Stream, days: Stream) -> list[Node]:
    """Conditions of a row and the day of its symbol and session date."""
    return [
        op("=", column(FEED, days.relation), column(FEED, stream.relation)),
        op(
            "=",
            column(days.columns["session_date"].name, days.relation),
            column(stream.columns["session_date"].name, stream.relation),
        ),
    ]


def where(statement: Statement, name: str, stream: Stream, condition: Node) -> Stream:
    """The rows of a stream that meet a condition."""
    relation = statement.add(name, select([star()], table(stream.relation), where=condition))
    return replace(stream, relation=relation)
