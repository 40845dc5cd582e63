"""A clause: what it means, and where it belongs."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from tapeql.language import syntax
from tapeql.operators.operator import Operator
from tapeql.query.nodes import Interval
from tapeql.query.verb import Verb
from tapeql.words.asking import Asking


class Place(enum.IntEnum):
    """The order of a query's operators: each sees what those before it have made of the rows."""

    FILL = 0
    STYLE = 1
    RANGE = 2
    MATCH = 3
    DAYS = 4
    AROUND = 5
    WHERE = 6
    COLUMNS = 7
    ORDER = 8
    LIMIT = 9


def everywhere(verb: Verb, length: Interval | None) -> bool:
    return True


def nothing(asking: Asking) -> tuple[Operator, ...]:
    return ()


def no_record(asking: Asking) -> None:
    return None


def no_other_way(written: syntax.Clause, length: Interval | None) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """An entry of the language; it is found by its file in `tapeql.words.clauses`.

    nodes        as it is written; several where they say one thing together
    meant_for    what it does, in words: E207 tells it where it does not belong
    fits         whether rows of a verb, so long, have a use for it
    instead      what to write where they have none
    handed_on    whether the right of `|>` has it from the left, unless it has one of its own
    of_days      whether it holds for the days of ON DAYS WHERE, too
    place, adds  the operators it adds to the query, written or not, and where
    says         a record of its own of what it says of the whole: whoever heeds it asks `Asked.of` for it
    """

    nodes: tuple[type[syntax.Clause], ...]
    meant_for: str
    fits: Callable[[Verb, Interval | None], bool] = everywhere
    instead: Callable[[syntax.Clause, Interval | None], tuple[str, ...]] = no_other_way
    handed_on: bool = False
    of_days: bool = False
    place: Place | None = None
    adds: Callable[[Asking], tuple[Operator, ...]] = nothing
    says: Callable[[Asking], object | None] = no_record
