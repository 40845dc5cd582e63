"""DuckDB: IEEE doubles, lambdas and as-of joins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from tapeql.sql.dialects.dialect import Constants, Dialect, Read, Unsayable, half_away
from tapeql.sql.terms import (
    BIGINT,
    DATE,
    INTEGER,
    TEXT,
    Kind,
    Node,
    array,
    both,
    call,
    cast,
    column,
    filtered,
    integer,
    join,
    name,
    named,
    null,
    op,
    order,
    select,
    star,
    table,
    text,
    tight,
)
from tapeql.storage.schema import TABLES
from tapeql.storage.snapshot import Snapshot

HOUR_US: Final = 3_600_000_000


class DuckDB(Dialect):
    name = "duckdb"
    ieee = True

    def _let(self, bound: Sequence[tuple[exp.Column, Node]], body: Node) -> Node:
        for atom, value in reversed(bound):
            one = exp.Array(expressions=[value])
            each = exp.Lambda(this=body, expressions=[atom.this.copy()])
            body = exp.Bracket(this=call("list_transform", one, each), expressions=[exp.Literal.number(0)])
        return body

    def arithmetic(self, op: str, left: Node, right: Node) -> Node:
        raise AssertionError("IEEE arithmetic needs no questions beforehand")

    def scalar(self, function: str, arguments: Sequence[Node]) -> Node:
        match function:
            case "mod":
                return exp.Mod(this=tight(arguments[0]), expression=tight(arguments[1]))
            case "round" if len(arguments) == 1:
                return half_away(arguments[0])
        return call(function, *arguments)

    def text(self, value: str) -> Node:
        return text(value)

    def byte_order(self, x: Node) -> Node:
        return x

    def whole_division(self, left: Node, right: Node) -> Node:
        return exp.IntDiv(this=tight(left), expression=tight(right))

    def instant(self, x: Node) -> Node:
        return call("make_timestamptz", x)

    def date(self, x: Node) -> Node:
        return op("+", cast(text("1970-01-01"), DATE), cast(x, INTEGER))

    def first(self, x: Node, keys: Sequence[str], where: Node | None = None, *, last: bool = False) -> Node:
        ordered = exp.Order(this=x, expressions=order(*(column(key) for key in keys)))
        return filtered(call("last" if last else "first", ordered), where)

    def sum(self, x: Node) -> Node:
        return call("fsum", x)

    def median(self, x: Node) -> Node:
        return call("median", x)

    def unnested(self, values: Sequence[object], kind: Kind) -> Node:
        if kind is exp.DataType.Type.TEXT:
            items: Node = exp.Array(expressions=[exp.Null() if v is None else text(str(v)) for v in values])
        else:
            items = text("[" + ", ".join("NULL" if v is None else str(v) for v in values) + "]")
        return call("unnest", exp.Cast(this=items, to=array(kind)))

    def interval_index(self, table_name: str, *, groups: int) -> exp.Select:
        """Each interval once for every hour it reaches into: then instants find it by a hash of their hour."""
        hours = call(
            "range",
            self.whole_division(column("start"), integer(HOUR_US)),
            op("+", self.whole_division(op("-", column("stop"), integer(1)), integer(HOUR_US)), integer(1)),
        )
        return select([star(), named(call("unnest", hours), "hour")], table(table_name))

    def containing(
        self, at: Node, g: Node, table_name: str, alias: str, *, groups: int, side: str = ""
    ) -> list[exp.Join]:
        on = both(
            *([op("=", g, column("g", alias))] if groups > 1 else []),
            op("=", self.whole_division(at, integer(HOUR_US)), column("hour", alias)),
            op(">=", at.copy(), column("start", alias)),
            op("<", at.copy(), column("stop", alias)),
        )
        return [join(table(f"{table_name}_edges", alias), on, side=side)]

    joins_as_of = True

    def as_of(self, at: Node, g: Node, table_name: str, alias: str, *, groups: int, side: str = "") -> exp.Join:
        begun = op(">=", at, column("start", alias))
        on = both(op("=", g, column("g", alias)), begun) if groups > 1 else begun
        return join(table(table_name, alias), on, side=side, method="ASOF")

    def tape(
        self,
        table_name: str,
        interval: str,
        reads: Sequence[Read],
        columns: Sequence[str],
        numbers: Sequence[str],
        snapshot: Snapshot,
        constants: Constants,
    ) -> exp.Query:
        parts = [
            (part, read)
            for read in reads
            for part in snapshot.parts(table_name, read.symbol.venue, read.symbol.code, interval)
            if part.min_us < read.end_us and part.max_us >= read.start_us
        ]
        if not all(part.path for part, _ in parts):
            raise Unsayable("rows of a database are in no file")
        files = [(str(snapshot.file(part)), part, read) for part, read in parts]  # type: ignore[attr-defined]
        if not files:
            return _nothing(table_name, numbers, columns)
        # A shared file holds many symbols: it is read once for all of them, and each takes its own rows.
        paths = list(dict.fromkeys(path for path, _, _ in files))
        shared = any(part.is_shared for _, part, _ in files)
        source = exp.Table(this=_parquet(paths, file_row_number=shared, filename=len(reads) > 1 or shared))
        if len(reads) == 1 and not shared:
            (read,) = reads
            values = [named(integer(getattr(read, number)), number) for number in numbers]
            values += [named(call("epoch_us", column("ts")), "ts_us"), *(column(c) for c in ("seq", *columns))]
            span = both(
                op(">=", column("ts"), self.instant(integer(read.start_us))),
                op("<", column("ts"), self.instant(integer(read.end_us))),
            )
            return select(values, source, where=span)
        told: dict[str, tuple[Kind, list[object]]] = {
            "path": (TEXT, [path for path, _, _ in files]),
            "feed": (BIGINT, [read.feed for _, _, read in files]),
            "g": (BIGINT, [read.g for _, _, read in files]),
            "start": (BIGINT, [read.start_us for _, _, read in files]),
            "stop": (BIGINT, [read.end_us for _, _, read in files]),
        }
        if shared:
            told["first"] = (BIGINT, [part.first_row for _, part, _ in files])
            told["last"] = (BIGINT, [part.first_row + part.rows - 1 for _, part, _ in files])
        file = constants(f"{table_name}_files", told)
        values = [
            *(column(number, file) for number in numbers),
            named(call("epoch_us", column("ts", "t")), "ts_us"),
            *(column(c, "t") for c in ("seq", *columns)),
        ]
        source.set("alias", exp.TableAlias(this=name("t")))
        where = both(
            op(">=", column("ts", "t"), self.instant(column("start", file))),
            op("<", column("ts", "t"), self.instant(column("stop", file))),
        )
        same = op("=", column("filename", "t"), column("path", file))
        if shared:
            row = column("file_row_number", "t")
            same = both(same, op(">=", row, column("first", file)), op("<=", row.copy(), column("last", file)))
        return select(values, source, joins=[join(table(file), same)], where=where)


def _nothing(table_name: str, numbers: Sequence[str], columns: Sequence[str]) -> exp.Query:
    stored = {str(f.name): _STORED[str(f.type)] for f in TABLES[table_name].schema}
    kinds = {**dict.fromkeys((*numbers, "ts_us", "seq"), BIGINT), **{c: stored[c] for c in columns}}
    return select([named(null(kind), c) for c, kind in kinds.items()], where=exp.false())


_GLOB: Final = re.compile(r"([*?\[])")
_STORED: Final = {
    "timestamp[us, tz=UTC]": exp.DataType.Type.TIMESTAMPTZ,
    "int64": BIGINT,
    "double": exp.DataType.Type.DOUBLE,
    "string": TEXT,
    "bool": exp.DataType.Type.BOOLEAN,
}


def _parquet(paths: Sequence[str], *, file_row_number: bool, filename: bool) -> Node:
    """The files themselves: nothing in their names is a pattern or a partition."""
    listed = exp.Array(expressions=[text(_GLOB.sub(r"[\1]", path)) for path in paths])
    options = {"hive_partitioning": False}
    options |= {key: True for key, wanted in (("filename", filename), ("file_row_number", file_row_number)) if wanted}
    return call(
        "read_parquet",
        listed,
        *(exp.PropertyEQ(this=exp.to_identifier(k), expression=exp.Boolean(this=v)) for k, v in options.items()),
    )
