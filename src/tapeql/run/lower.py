"""Plan → SQL: one statement for all of the plan that the engine can say, and how much of it that is."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from sqlglot import exp

from tapeql.operators import lowering
from tapeql.operators.operator import Cut, Plan, plan_text, steps_text
from tapeql.operators.project import result_columns
from tapeql.query.arrow_types import ARROW
from tapeql.query.nodes import Type
from tapeql.sql.dialects import DIALECTS, Dialect, Unsayable
from tapeql.sql.layout import laid_out
from tapeql.sql.state import State, ordering, read
from tapeql.sql.statement import FEED, FeedKey, Statement
from tapeql.sql.terms import DOUBLE, Node, cast, column, named, select, table
from tapeql.storage.snapshot import Snapshot

FEED_COLUMN: Final = ".feed"


@dataclass(frozen=True, slots=True)
class Lowered:
    """A statement and what to make of its rows.

    pushed_steps   how many steps of the plan the statement does; all of them: its rows are the result
    schema         its columns, in order, under the names the plan knows them by (SQL's own may differ); where steps
                   are left, one more, FEED_COLUMN: the number of the symbol in `feeds`
    inputs         its tables of constants, with their numbers of rows
    feeds          (venue, code, calendar) of the symbols by number, in byte order
    """

    statement: exp.Select
    pushed_steps: int
    schema: pa.Schema
    inputs: Mapping[str, int]
    feeds: tuple[FeedKey, ...]
    dialect: str

    def sql(self) -> str:
        with deep_recursion():
            return self.statement.sql(self.dialect, comments=False)

    def text(self, *, full: bool) -> str:
        """The statement as a person reads it; without all the constants of its inputs unless it is to be `full`."""
        with deep_recursion():
            return laid_out(self.statement, self.dialect, self.inputs, full=full)


def lower(plan: Plan, snapshot: Snapshot, dialect: str) -> Lowered:
    """The statement of a plan over what a snapshot holds.

    Raises Unsayable where the engine cannot even say the rows the plan begins with.
    """
    target = DIALECTS[dialect]
    with deep_recursion():
        return _lowered(plan, snapshot, target)


def explain_sql(plan: Plan, snapshot: Snapshot, dialect: str = "duckdb", *, full: bool = False) -> str:
    """The statement as text, which runs as it is when `full`; in comments, what follows it on the kernels."""
    try:
        lowered = lower(plan, snapshot, dialect)
    except Unsayable:
        return _commented("all of it runs on the kernels:", *plan_text(plan))
    text, left = lowered.text(full=full), plan.steps[lowered.pushed_steps :]
    return f"{text}\n{_commented('then, on the kernels:', *steps_text(left))}" if left else text


def _commented(*texts: str) -> str:
    return "\n".join(f"-- {line}" for text in texts for line in text.splitlines())


def _lowered(plan: Plan, snapshot: Snapshot, dialect: Dialect) -> Lowered:
    dialect.start()
    statement = Statement(plan.feeds(), plan.asked.now_us, snapshot, dialect)
    state, steps = read(statement, plan.rows), 0
    before_whole: tuple[int, State, dict[str, exp.Query]] | None = None
    for step in plan.steps:
        ctes = dict(statement.ctes)
        if step.cut is Cut.WHOLE and before_whole is None:
            before_whole = steps, state, ctes
        try:
            state = lowering.lower(step, state, statement, plan)
        except Unsayable:
            statement.ctes = ctes
            if before_whole is not None:  # the kernels finish a result as a whole, or not at all
                steps, state, statement.ctes = before_whole
            break
        steps += 1
    whole = steps == len(plan.steps)
    types = _result_types(plan) if whole else {c: f.type for c, f in state.stream.columns.items()}
    values = [_output(statement, state, name, type) for name, type in types.items()]
    fields = [pa.field(name, ARROW[type]) for name, type in types.items()]
    if not whole:
        values.append(column(FEED))
        fields.append(pa.field(FEED_COLUMN, pa.int64()))
    last = select(values, table(state.stream.relation), ordered=ordering(statement, state))
    return Lowered(
        statement=statement.finished(last),
        pushed_steps=steps,
        schema=plan.schema if whole else pa.schema(fields),
        inputs=statement.inputs,
        feeds=tuple(statement.feeds),
        dialect=dialect.name,
    )


def _result_types(plan: Plan) -> dict[str, Type]:
    return {c.name: c.expr.type for c in result_columns(plan.steps)}


def _output(statement: Statement, state: State, name: str, type: Type) -> Node:
    field = state.stream.columns[name]
    value: Node = column(field.name)
    match type:
        case Type.INSTANT:
            value = statement.dialect.instant(value)
        case Type.DATE:
            value = statement.dialect.date(value)
        case Type.NULL:
            value = cast(value, DOUBLE)
        case _:
            pass
    return named(value, field.name) if not isinstance(value, exp.Column) else value


_DEPTH: Final = 20_000
_deepening = threading.Lock()
_nested = 0


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Room for expressions as deep as the language's limits allow, several frames a level; nesting does no harm."""
    global _nested
    with _deepening:
        _nested += 1
        if _nested == 1:
            deep_recursion.before = sys.getrecursionlimit()  # type: ignore[attr-defined]
            sys.setrecursionlimit(max(_DEPTH, sys.getrecursionlimit()))
    try:
        yield
    finally:
        with _deepening:
            _nested -= 1
            if _nested == 0:
                sys.setrecursionlimit(deep_recursion.before)  # type: ignore[attr-defined]
