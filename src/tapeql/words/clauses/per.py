"""PER: what groups of STATS are known by."""

from __future__ import annotations

from typing import Final

from tapeql.language import syntax
from tapeql.language.clauses.per import Per
from tapeql.operators.buckets import CLOSING, OPENING
from tapeql.query.grouped import Key, read_key
from tapeql.query.nodes import Column, Interval, Type
from tapeql.query.values import Value
from tapeql.words.asking import Asking, settled
from tapeql.words.clause import Clause
from tapeql.words.clauses.every import buckets, fits
from tapeql.words.scopes import reader


@settled
def keys(asking: Asking) -> tuple[Key, ...]:
    """What groups are known by, in the order it is shown: the values of PER, a symbol with its venue, and the stretch of EVERY."""
    clause, every = asking.clause(Per), buckets(asking)
    found: list[Key] = []

    def add(written: str, name: str, value: Value) -> None:
        if not any((key.name, key.value) == (name, value) for key in found):
            found.append(Key(written, name, value, Column(f"key.{len(found)}", value.type)))

    if asking.verb.of_levels:  # prices of two symbols have no profile in common
        for column in ("symbol", "exchange"):
            add(column, column, Value(Column(column, Type.STRING)))
    for item in clause.items if clause else ():
        add(*read_key(reader(asking), of_dates(item.value), item.alias))
        if found[-1].value.expr == Column("symbol", Type.STRING):
            add("exchange", "exchange", Value(Column("exchange", Type.STRING)))
    if every is not None:
        add("ts", "ts", Value(OPENING))
        add("ts_close", "ts_close", Value(CLOSING))
    return tuple(found)


def of_dates(written: syntax.Expr) -> syntax.Expr:
    """`PER day` is of each trading date, not of each day of the month."""
    match written:
        case syntax.Name(parts=(name,), span=span) if name.lower() == "day":
            return syntax.Name(("session_date",), span)
        case _:
            return written


def instead(written: syntax.Clause, length: Interval | None) -> tuple[str, ...]:
    return ("`LIMIT 1 PER symbol` takes rows of each, `STATS … PER symbol` makes a row of each",)


CLAUSE: Final = Clause(
    (Per,), "PER says what groups of rows STATS makes, and of what a PROFILE is", fits=fits, instead=instead
)
