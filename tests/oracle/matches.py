"""MATCH, by trying every way a pattern can be read, the preferred one first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, groupby

from tapeql.language import syntax
from tapeql.language.clauses.match import Choice, Match, Pattern, Repeat, Step
from tapeql.language.clauses.match import Sequence as Following
from tapeql.language.parse import parse
from tests.oracle import grid as clock
from tests.oracle.tape import Row


def matches(rows: Sequence[Row], pattern: str, within_us: int | None, calendar: str) -> list[Row]:
    """The rows that lie in a match: their `steps` say what they may be. Of bars of a day and longer `calendar` is 24x7."""
    (clause,) = syntax.within(parse(f"DAYS MATCH ({pattern}) WHEN x IS TRUE").statements, Match)
    closed = count()

    def market(row: Row) -> object:
        found = "always" if calendar == "24x7" else clock.open_market(calendar, row["ts"])
        return next(closed) if found is None else found

    found: list[Row] = []
    number = 0
    for _, group in groupby(rows, key=market):
        own, at = list(group), 0
        while at < len(own):
            way = next((way for way in ways(clause.pattern, own, at) if way and lasts(own, at, way, within_us)), None)
            if way is not None:
                number += 1
                found += [row | {"match_id": number, "match_step": s} for row, s in zip(own[at:], way, strict=False)]
            at += len(way or [""])
    return found


def lasts(rows: Sequence[Row], at: int, way: list[str], within_us: int | None) -> bool:
    """Whether a match is no longer than it may be."""
    last = rows[at + len(way) - 1]
    return within_us is None or last.get("ts_close", last["ts"]) - rows[at]["ts"] <= within_us


def ways(pattern: Pattern, rows: Sequence[Row], at: int) -> Iterator[list[str]]:
    """The steps of each reading of the pattern from a row on, the preferred first."""
    match pattern:
        case Step(name=name):
            if at < len(rows) and rows[at]["steps"][name] is True:
                yield [name]
        case Choice(items=items):
            for item in items:
                yield from ways(item, rows, at)
        case Following(items=()):
            yield []
        case Following(items=(first, *rest), span=span):
            for way in ways(first, rows, at):
                yield from (way + more for more in ways(Following(tuple(rest), span), rows, at + len(way)))
        case Repeat(x=x, least=least, most=most, span=span):
            if most is None or most > 0:
                others = Repeat(x, max(least - 1, 0), None if most is None else most - 1, span)
                for way in ways(x, rows, at):
                    if way or least:
                        yield from (way + more for more in ways(others, rows, at + len(way)))
            if least == 0:
                yield []
