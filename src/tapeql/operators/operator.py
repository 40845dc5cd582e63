"""Query and Plan: what is read, in which order it is transformed, and what comes out.

    rows (Bars | Ticks | Quotes)  ─▶  operators, one after another, each over the rows of one symbol in (ts, seq) order,
                                      until those that see the whole result

A query is a sentence understood; a plan is the same operators over rows that are bound to what is stored. Kernels and every SQL dialect run the same
plan; the oracle sees only the query.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

import pyarrow as pa

from tapeql.errors import Diagnostic
from tapeql.query.asked import Asked
from tapeql.query.lookback import Lookback
from tapeql.query.nodes import Expr
from tapeql.rows.nodes import Bars, Feed, Rows
from tapeql.rows.text import rows_text


class Cut(enum.IntEnum):
    """What must be seen together: any rows; a row and those its lookback reaches; a symbol's rows; the whole result."""

    ROWS = 0
    SERIES = 1
    SYMBOL = 2
    WHOLE = 3


@dataclass(frozen=True, slots=True)
class Operator:
    """One step of a plan. What an operator does not say is the answer that is never wrong, only slow."""

    def expressions(self) -> tuple[Expr, ...]:
        """The expressions over the rows it is given."""
        return ()

    def with_expressions(self, new: tuple[Expr, ...]) -> Self:
        """The same over other expressions, in their order."""
        assert not new
        return self

    def queries(self) -> tuple[Query, ...]:
        """The queries whose results it needs first, until they are planned."""
        return ()

    def plans(self) -> tuple[Plan, ...]:
        """The plans whose results it needs first."""
        return ()

    def with_plans(self, new: tuple[Plan, ...]) -> Self:
        """The same with its queries planned, or with other plans."""
        assert not new
        return self

    def tables(self) -> tuple[str, ...]:
        """What is stored of the rows' symbols that it reads besides the rows."""
        return ()

    def attached(self) -> Bars | None:
        """Bars of the rows' dates that it looks up, and how many before the first."""
        return None

    def with_attached(self, bars: Bars) -> Self:
        raise NotImplementedError

    def attached_rows_before(self) -> int:
        return 0

    def reads(self) -> frozenset[str] | None:
        """The columns it reads besides those of its expressions; None: all."""
        return None

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        """The columns of its rows, by those it is given."""
        return before

    @property
    def adds(self) -> frozenset[str]:
        """Columns that are known only behind it, of the rows it leaves: what looks at neighbours of theirs looks at those."""
        return frozenset()

    def reach(self) -> Lookback:
        """How far back it looks itself, before what its expressions look back to."""
        return Lookback(None)

    @property
    def cut(self) -> Cut:
        return Cut.WHOLE

    @property
    def sees_range(self) -> bool:
        """Whether a row's values depend on where the range begins."""
        return True

    @property
    def mixes(self) -> bool:
        """Whether it does not matter to it whose rows it sees: those of several symbols may come in one frame."""
        return False

    @property
    def remakes(self) -> bool:
        """Whether its rows are other rows than those it is given."""
        return False

    def text(self) -> Iterator[str]:
        """Its lines in EXPLAIN."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ResultOperator(Operator):
    """What stands above the columns of the result: it reads nothing before them, and needs all rows."""

    def reads(self) -> frozenset[str] | None:
        return frozenset()

    def reach(self) -> Lookback:
        return Lookback()

    @property
    def cut(self) -> Cut:
        return Cut.WHOLE


@dataclass(frozen=True, slots=True)
class RowOperator(Operator):
    """An operator that sees one row at a time."""

    def reads(self) -> frozenset[str] | None:
        return frozenset()

    def reach(self) -> Lookback:
        return Lookback()

    @property
    def cut(self) -> Cut:
        return Cut.ROWS

    @property
    def sees_range(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Query:
    """A sentence understood: every name bound, every date an instant. Nothing is known yet of what is stored."""

    asked: Asked
    rows: Rows
    steps: tuple[Operator, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """`lookback_rows` existing rows before the range are read (None: all stored); `schema` is the exact result schema;
    `notes` tell what planning noticed."""

    asked: Asked
    rows: Rows
    steps: tuple[Operator, ...]
    lookback_rows: int | None
    lookback_us: int
    schema: pa.Schema = field(compare=False)
    notes: tuple[Diagnostic, ...] = ()

    def feeds(self) -> Iterator[Feed]:
        """Every symbol's feed, those of what is looked up included."""
        yield from self.rows.feeds
        for step in self.steps:
            if bars := step.attached():
                yield from bars.feeds
            for inner in step.plans():
                yield from inner.feeds()


def plan_text(plan: Query | Plan) -> Iterator[str]:
    """A line or more a step, in the order they run; sub-plans indented."""
    yield from rows_text(plan.rows)
    yield from steps_text(plan.steps)


def steps_text(steps: Iterable[Operator]) -> Iterator[str]:
    for step in steps:
        yield from step.text()


def indented(lines: Iterable[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines)
