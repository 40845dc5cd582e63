"""MATCH: the rows that follow a pattern, in which WHEN says what each step is."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tapeql import limits
from tapeql.language import syntax
from tapeql.language.clauses.match import Match as MatchClause
from tapeql.language.clauses.match import Repeat, Step
from tapeql.operators.match import COLUMNS, Match
from tapeql.operators.match.automaton import automaton, places
from tapeql.query.expressions import Expressions
from tapeql.query.nodes import OutputColumn
from tapeql.words.asking import Asking, elapsed
from tapeql.words.clause import Clause, Place
from tapeql.words.scopes import of_rows


def adds(asking: Asking) -> tuple[Match, ...]:
    clause = asking.clause(MatchClause)
    if clause is None:
        return ()
    steps = _steps(asking, clause)
    if not _is_sound(asking, clause, steps):
        return ()
    within_us = elapsed(asking, clause.within)
    numbers = {step.name: number for number, step in enumerate(steps)}
    return (Match(steps, clause.pattern.write(), automaton(clause.pattern, numbers), within_us),)


def _steps(asking: Asking, clause: MatchClause) -> tuple[OutputColumn, ...]:
    """What WHEN says of each step, of rows that know of no match yet."""
    scope = of_rows(asking)
    told = {column.name for column in COLUMNS}
    reader = Expressions(replace(scope, columns={n: c for n, c in scope.columns.items() if n not in told}))
    found: dict[str, OutputColumn] = {}
    for when in clause.steps:
        if when.name in found:
            asking.report.add("E109", f"WHEN says twice what `{when.name}` is", when.span)
        found[when.name] = OutputColumn(when.name, reader.condition(when.condition))
    return tuple(found.values())


def _is_sound(asking: Asking, clause: MatchClause, steps: tuple[OutputColumn, ...]) -> bool:
    known, report = {step.name for step in steps}, asking.report
    told = len(report.found.found)
    used: set[str] = set()
    for part in syntax.within(clause.pattern, Step):
        used.add(part.name)
        if part.name not in known:
            report.unknown(
                "E101", f"WHEN does not say what `{part.name}` is", part.span, part.name, known,
                f"add `{part.name} IS …` to WHEN; `{part.name} IS TRUE` is any row",
            )  # fmt: skip
    for when in clause.steps:
        if when.name not in used:
            report.add("E101", f"the pattern has no step `{when.name}`", when.span, f"its steps are {_listed(used)}")
    for repeat in syntax.within(clause.pattern, Repeat):
        if repeat.most is not None and (repeat.most < repeat.least or repeat.most == 0):
            report.add("E208", "a step is repeated at least as often as at most, and once or more", repeat.span)
    if len(steps) > limits.MATCH_STEPS or places(clause.pattern) > limits.MATCH_PLACES:
        reason = f"a pattern has at most {limits.MATCH_STEPS} steps and, written out, {limits.MATCH_PLACES} rows"
        report.add("E504", reason, clause.pattern.span)
    return len(report.found.found) == told


def _listed(names: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


CLAUSE: Final = Clause(
    (MatchClause,),
    "MATCH keeps rows that follow a pattern",
    fits=lambda verb, length: verb.makes is None,
    instead=lambda written, length: ("the bars of a match are rows of `CANDLES … MATCH (…)`",),
    place=Place.MATCH,
    adds=adds,
)
