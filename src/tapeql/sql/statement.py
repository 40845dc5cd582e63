"""A statement being written: its CTEs in order, and the numbers by which it knows symbols and calendars."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import InitVar, dataclass, field

from sqlglot import exp

from tapeql.query.nodes import Type
from tapeql.rows.nodes import Feed
from tapeql.sql.dialects.dialect import Dialect
from tapeql.sql.expressions import KINDS, Field, Rowwise
from tapeql.sql.merging import merged
from tapeql.sql.terms import (
    BIGINT,
    TEXT,
    Kind,
    Node,
    column,
    integer,
    join,
    named,
    null,
    op,
    order,
    select,
    table,
    text,
)
from tapeql.sql.terms import name as identifier
from tapeql.storage.schema import TABLES
from tapeql.storage.snapshot import Snapshot

FEED, AT, SEQ = "feed", "ts_us", "seq"
"""Columns every stream of rows has: its symbol's number in byte order, its instant in µs, and `seq` where rows have one."""

_PLAIN = re.compile(r"[a-z][a-z0-9_]{0,40}")
_RESERVED = frozenset({FEED, AT, SEQ, "g", "i", "row"})
GROUP = "g"
"""The number of a symbol's calendar."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows of all symbols: a relation, its columns by the names expressions use, and the columns that order it."""

    relation: str
    columns: Mapping[str, Field]
    keys: tuple[str, ...]

    def name_for(self, logical: str, taken: Iterable[str] = ()) -> str:
        """A name no column of the stream has, whatever its case: near to the logical one."""
        used = _RESERVED.union((f.name for f in self.columns.values()), taken)
        plain = re.sub(r"[^a-z0-9_]+", "_", logical.lower()).strip("_")[:40]
        stem = plain if _PLAIN.fullmatch(plain) else f"c_{plain}"[:40]
        number, name = 1, stem
        while name in used:
            number += 1
            name = f"{stem}_{number}"
        return name

    def fields(self, types: Mapping[str, Type]) -> dict[str, Field]:
        """New columns for the stream."""
        found: dict[str, Field] = {}
        for logical, type in types.items():
            found[logical] = Field(self.name_for(logical, [f.name for f in found.values()]), type)
        return found

    def order(self, alias: str = "") -> list[Node]:
        return order(*(column(key, alias) for key in (FEED, *self.keys)))


FeedKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class SymbolOf:
    """Exchange, symbol and calendar number of rows, and what they must be joined with to know them."""

    exchange: Node
    symbol: Node
    g: Node
    joins: tuple[exp.Join, ...]


@dataclass(slots=True)
class Statement:
    """Numbers are given to (venue, code, calendar) in byte order, so ordering by them is ordering by exchange, symbol."""

    reads: InitVar[Iterable[Feed]]
    now_us: int
    snapshot: Snapshot
    dialect: Dialect
    feeds: dict[FeedKey, int] = field(default_factory=dict)
    calendars: dict[str, int] = field(default_factory=dict)
    ctes: dict[str, exp.Query] = field(default_factory=dict)
    inputs: dict[str, int] = field(default_factory=dict)
    """Tables of constants among the CTEs: their numbers of rows."""
    _part: str = ""

    def __post_init__(self, reads: Iterable[Feed]) -> None:
        keys = sorted({key(feed) for feed in reads}, key=lambda k: tuple(part.encode() for part in k))
        self.feeds = {k: n for n, k in enumerate(keys)}
        self.calendars = {name: n for n, name in enumerate(sorted({k[2] for k in keys}))}

    def number(self, feed: Feed) -> int:
        return self.feeds[key(feed)]

    def group(self, feed: Feed) -> int:
        return self.calendars[feed.calendar]

    @property
    def numbers(self) -> tuple[str, ...]:
        """What stored rows carry besides their own columns: their symbol's number, and their calendar's if it varies."""
        return (FEED,) if len(self.calendars) < 2 else (FEED, GROUP)

    def symbol_of(self, rows: str) -> SymbolOf:
        """Which symbol the rows of a relation are of."""
        keys = list(self.feeds)
        if len(keys) == 1:
            return SymbolOf(text(keys[0][0]), text(keys[0][1]), integer(0), ())
        columns: dict[str, tuple[Kind, Sequence[object]]] = {
            FEED: (BIGINT, list(self.feeds.values())),
            GROUP: (BIGINT, [self.calendars[k[2]] for k in keys]),
            "exchange": (TEXT, [k[0] for k in keys]),
            "symbol": (TEXT, [k[1] for k in keys]),
        }
        symbols = self.constants("symbols", columns)
        same = op("=", column(FEED, symbols), column(FEED, rows))
        exchange, symbol, g = (column(c, symbols) for c in ("exchange", "symbol", GROUP))
        return SymbolOf(exchange, symbol, g, (join(table(symbols), same),))

    @contextmanager
    def within(self, part: str) -> Iterator[None]:
        """What is added meanwhile belongs to a part, and has its name before its own."""
        before = self._part
        self._part = f"{before}{part}_"
        try:
            yield
        finally:
            self._part = before

    def add(self, name: str, query: exp.Query) -> str:
        """A CTE, named after the part it belongs to; its name gets a number where it is taken."""
        name = f"{self._part}{name}"
        number, unique = 1, name
        while unique in self.ctes or unique in TABLES:  # a stored table's name would hide it
            number += 1
            unique = f"{name}_{number}"
        self.ctes[unique] = query
        return unique

    def constants(self, name: str, columns: Mapping[str, tuple[Kind, Sequence[object]]]) -> str:
        """A small table of constants, once however often it is asked for; a column with one value in every row is written once."""
        rows = len(next(iter(columns.values()))[1])
        varied = [c for c, (_, values) in columns.items() if len(set(values)) != 1] or [next(iter(columns))]
        if rows == 1:
            varied = []
        nodes = [
            named(
                self.dialect.unnested(values, kind) if c in varied else _constant(values[0], kind), c
            )
            for c, (kind, values) in columns.items()
        ]  # fmt: skip
        query = select(nodes)
        for same in self.inputs:
            if self.ctes.get(same) == query:
                return same
        relation = self.add(name, query)
        self.inputs[relation] = rows
        return relation

    def containing(
        self, at: Node, g: Node, relation: str, alias: str, *, side: str = "", few: bool = False
    ) -> list[exp.Join]:
        """Joins each row with the last interval of its group g that starts at or before `at`; `few`: rows, such as bars."""
        dialect, groups = self.dialect, len(self.calendars)
        if few and dialect.joins_as_of:
            return [dialect.as_of(at, g, relation, alias, groups=groups, side=side)]
        if f"{relation}_edges" not in self.ctes:
            self.ctes[f"{relation}_edges"] = dialect.interval_index(relation, groups=groups)
        return dialect.containing(at, g, relation, alias, groups=groups, side=side)

    def rowwise(self, stream: Stream) -> Rowwise:
        return Rowwise(self.dialect, stream.columns)

    def finished(self, last: exp.Select) -> exp.Select:
        """The statement that ends in `last`."""
        kept, last = merged(self.ctes, last)
        if kept:
            ctes = [exp.CTE(this=query, alias=exp.TableAlias(this=identifier(name))) for name, query in kept.items()]
            last.set("with_", exp.With(expressions=ctes))
        return last


def key(feed: Feed) -> FeedKey:
    return feed.symbol.venue, feed.symbol.code, feed.calendar


def extended(statement: Statement, name: str, stream: Stream, values: Mapping[str, tuple[Type, Node]]) -> Stream:
    """The stream with more columns, computed from the ones it has."""
    if not values:
        return stream
    fields = stream.fields({logical: type for logical, (type, _) in values.items()})
    more = [named(node, fields[logical].name) for logical, (_, node) in values.items()]
    relation = statement.add(name, select([exp.Star(), *more], table(stream.relation)))
    return Stream(relation, {**stream.columns, **fields}, stream.keys)


def _constant(value: object, kind: Kind) -> Node:
    if value is None:
        return null(kind)
    return text(value) if isinstance(value, str) else integer(int(str(value)))


def typed_null(type: Type) -> Node:
    return null(KINDS[type])
