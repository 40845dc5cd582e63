"""A query by what its clauses say, found among its rows and operators: for the oracle and for tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tapeql.errors import Diagnostic
from tapeql.operators.around import Around
from tapeql.operators.buckets import Buckets
from tapeql.operators.chosen import Chosen
from tapeql.operators.fill import FillSlots
from tapeql.operators.group import Group
from tapeql.operators.heikin_ashi import HeikinAshi
from tapeql.operators.in_range import InRange
from tapeql.operators.levels import Levels
from tapeql.operators.match import Match
from tapeql.operators.on_days import OnDays
from tapeql.operators.on_ranges import OnRanges
from tapeql.operators.operator import Operator, Query
from tapeql.operators.project import Project, result_columns
from tapeql.operators.project_whole import ProjectWhole
from tapeql.operators.runs import Runs
from tapeql.operators.sort import Sort
from tapeql.operators.take import Take
from tapeql.operators.where import Where
from tapeql.query.nodes import Align, Expr, Fill, Interval, Limit, Order, OutputColumn, SessionSpec, Symbol
from tapeql.rows.nodes import Bars, Quotes
from tapeql.words.clauses.asof_quotes import Prevailing
from tapeql.words.clauses.warmup import ReadBefore


@dataclass(frozen=True, slots=True)
class Understood:
    """Each clause by its name; None where it is not written."""

    query: Query

    def step(self, *kinds: type[Operator]) -> Any:
        return next((step for step in self.query.steps if isinstance(step, kinds)), None)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        return tuple(feed.symbol for feed in self.query.rows.feeds)

    def calendar_of(self, symbol: Symbol) -> str:
        return next(feed.calendar for feed in self.query.rows.feeds if feed.symbol == symbol)

    @property
    def start_us(self) -> int | None:
        found: InRange = self.step(InRange)
        return found.start_us

    @property
    def end_us(self) -> int | None:
        found: InRange = self.step(InRange)
        return found.end_us

    @property
    def keep_partial(self) -> bool:
        found: InRange = self.step(InRange)
        return found.keep_partial

    @property
    def now_us(self) -> int:
        return self.query.asked.now_us

    @property
    def zone(self) -> str:
        return self.query.rows.zone

    @property
    def reference(self) -> str:
        return self.query.rows.reference

    @property
    def sessions(self) -> tuple[SessionSpec, ...]:
        return self.query.rows.sessions

    @property
    def interval(self) -> Interval | None:
        return self.query.rows.interval if isinstance(self.query.rows, Bars) else None

    @property
    def align(self) -> Align:
        return self.query.rows.align if isinstance(self.query.rows, Bars) else Align()

    @property
    def ticks_where(self) -> Expr | None:
        rows = self.query.rows
        if isinstance(rows, Quotes):
            return None
        return rows.ticks_where if isinstance(rows, Bars) else rows.where

    @property
    def days(self) -> Understood | None:
        chosen: Chosen | None = self.step(OnDays, OnRanges)
        return None if chosen is None else Understood(chosen.queries()[0])

    @property
    def across(self) -> bool:
        chosen: Chosen | None = self.step(OnDays, OnRanges)
        return chosen is not None and chosen.across

    @property
    def makes_runs(self) -> bool:
        return self.step(Runs) is not None

    @property
    def group(self) -> Group | None:
        found: Group | None = self.step(Group)
        return found

    @property
    def levels(self) -> Levels | None:
        found: Levels | None = self.step(Levels)
        return found

    @property
    def told(self) -> ProjectWhole:
        """What is told of groups."""
        found: ProjectWhole = self.step(ProjectWhole)
        return found

    @property
    def every(self) -> Buckets | None:
        found: Buckets | None = self.step(Buckets)
        return found

    @property
    def fill(self) -> Fill | None:
        found: FillSlots | None = self.step(FillSlots)
        return None if found is None else found.fill

    @property
    def is_smoothed(self) -> bool:
        return self.step(HeikinAshi) is not None

    @property
    def where(self) -> Any:
        found: Where | Runs | None = self.step(Where, Runs)
        return None if found is None else found.condition

    @property
    def columns(self) -> tuple[OutputColumn, ...]:
        return result_columns(self.query.steps)

    @property
    def of_rows(self) -> tuple[OutputColumn, ...]:
        """What groups are made of."""
        found: Project = self.step(Project)
        return found.shown

    @property
    def order(self) -> tuple[Order, ...]:
        found: Sort | None = self.step(Sort)
        project: Project = self.step(Project) if self.group is None else self.told
        return (
            ()
            if found is None
            else tuple(replace(key, expr=column.expr) for key, column in zip(found.keys, project.beside, strict=False))
        )

    @property
    def limit(self) -> Limit | None:
        found: Take | None = self.step(Take)
        return None if found is None else found.limit

    @property
    def prevailing(self) -> Prevailing | None:
        """What ASOF QUOTES says."""
        return self.query.asked.of(Prevailing)

    @property
    def around(self) -> Around | None:
        found: Around | None = self.step(Around)
        return found

    @property
    def match(self) -> Match | None:
        found: Match | None = self.step(Match)
        return found

    @property
    def warmup_rows(self) -> int | None:
        said = self.query.asked.of(ReadBefore)
        return None if said is None else said.rows

    @property
    def canonical(self) -> str:
        return self.query.asked.canonical

    @property
    def source(self) -> str:
        return self.query.asked.source

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        return self.query.asked.notes
