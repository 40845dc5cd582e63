"""The tables in PostgreSQL, made or brought up to date by whoever writes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tapeql.storage.schema import OHLCV, TABLES, TS, Table

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

KINDS: Final = {
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.string(): "text",
    pa.bool_(): "boolean",
    TS: "timestamp with time zone",
    pa.list_(pa.float64()): "double precision[]",
}

_LOCK: Final = 0x7A9E_02
"""The advisory lock of those who make tables."""


def whose(table: Table) -> tuple[str, ...]:
    """The columns that say whose a row is."""
    return ("venue", "symbol", "interval") if table is OHLCV else ("venue", "symbol")


def present(connection: psycopg.Connection[Any]) -> dict[str, frozenset[str]]:
    """The columns of those of our tables that there are."""
    rows = connection.execute(
        "SELECT c.relname, array_agg(a.attname::text) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.oid = ANY(SELECT to_regclass(name) FROM unnest(%s::text[]) AS name) "
        "AND a.attnum > 0 AND NOT a.attisdropped GROUP BY 1",
        (list(TABLES),),
    ).fetchall()
    return {name: frozenset(columns) for name, columns in rows}


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Makes the tables, columns and indexes that are missing, within the connection's transaction.

    Text in keys is compared byte by byte ("C"), as everywhere in TapeQL. The primary key is the index bars read by.
    Nothing is asked for that is there: even to add an existing column waits for every reader of the table.
    """

    if not _missing(connection):
        return
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    for statement in _missing(connection):
        connection.execute(statement)


def _missing(connection: psycopg.Connection[Any]) -> list[sql.Composed]:
    from psycopg import sql

    there = present(connection)
    indexes = {
        name
        for (name,) in connection.execute(
            "SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NOT NULL",
            ([f"{name}_known" for name in TABLES],),
        )
    }
    missing = []
    for table in TABLES.values():
        own = {field.name: _column(field) for field in table.schema}
        if table.name not in there:
            keys = [sql.SQL('{} text COLLATE "C" NOT NULL').format(sql.Identifier(name)) for name in whose(table)]
            place = [*whose(table), "ts"] if table is OHLCV else [*whose(table), "ts", "seq"]
            primary = sql.SQL("PRIMARY KEY ({})").format(sql.SQL(", ").join(map(sql.Identifier, place)))
            missing.append(
                sql.SQL("CREATE TABLE {} ({})").format(
                    sql.Identifier(table.name), sql.SQL(", ").join([*keys, *own.values(), primary])
                )
            )
        else:
            missing += [
                sql.SQL("ALTER TABLE {} ADD COLUMN {}").format(sql.Identifier(table.name), column)
                for name, column in own.items()
                if name not in there[table.name]
            ]
        if has_known_index(table) and f"{table.name}_known" not in indexes:
            missing.append(
                sql.SQL("CREATE UNIQUE INDEX {} ON {} ({})").format(
                    sql.Identifier(f"{table.name}_known"),
                    sql.Identifier(table.name),
                    # What tells rows apart comes first: nothing but a look for one row may read by this index, for sums
                    # are made in the order of reading.
                    sql.SQL(", ").join([*known_by(table), *map(sql.Identifier, whose(table))]),
                )
            )
    return missing


def has_known_index(table: Table) -> bool:
    """Whether the key needs an index of its own: that of candles is the primary key, that of instruments says all."""
    return table is not OHLCV and not table.changes


def known_by(table: Table, of: str = "") -> list[sql.Composable]:
    """What identifies a row among those of its symbol: its key, and the day, since an id need only be unique in its day.

    (A hypertable would want ts itself among the columns of every unique index.)
    """
    from psycopg import sql

    prefix = sql.SQL("{}.").format(sql.Identifier(of)) if of else sql.SQL("")
    columns: list[sql.Composable] = [prefix + sql.Identifier(name) for name in table.key]
    if not table.small:
        columns.append(sql.SQL("(({}ts AT TIME ZONE 'UTC')::date)").format(prefix))
    return columns


def _column(field: pa.Field) -> sql.Composed:
    from psycopg import sql

    kind = sql.SQL(KINDS[field.type] + ("" if field.nullable else " NOT NULL"))
    return sql.SQL("{} {}").format(sql.Identifier(field.name), kind)
