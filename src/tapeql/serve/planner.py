"""From a query to its plan: what is stored, what is read in place, and what was planned before."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tapeql.arrow import is_table
from tapeql.cancel import Cancel
from tapeql.language import syntax
from tapeql.language.clauses.from_ import Given
from tapeql.language.statements.query import Pipeline
from tapeql.operators.operator import Plan, Query
from tapeql.plan.build import build
from tapeql.query.settings import Settings
from tapeql.serve.plans import Plans
from tapeql.serve.sight import Sight
from tapeql.serve.wire import Request
from tapeql.storage.snapshot import Snapshot
from tapeql.storage.store import Store
from tapeql.words.resolve import resolve

if TYPE_CHECKING:
    from tapeql.run.locate import Located
    from tapeql.serve.in_place import InPlace

SCHEMAS_KEPT: Final = 512
"""Schemas remembered: GetFlightInfo asks for one and DoGet soon again."""


@dataclass(frozen=True, slots=True)
class Task:
    """A request read: the settings that its statements made for the last one, and the one now."""

    request: Request
    settings: Settings
    now_us: int
    cancel: Cancel


class Planner:
    """Plans over one store, or over none; any number of threads may ask at a time."""

    def __init__(self, store: Store | None, reads_in_place: bool) -> None:
        self._store = store
        self._reads_in_place = reads_in_place
        self._in_place: InPlace | None = None
        self._plans = Plans()
        self._schemas: OrderedDict[object, pa.Schema] = OrderedDict()
        self._lock = threading.Lock()

    def stored(self) -> Snapshot:
        if self._store is not None:
            return self._store.snapshot()
        from tapeql.storage.tables import NOTHING

        return NOTHING

    def understood(self, query: Pipeline, task: Task) -> Query:
        """What a query says. Raises QueryError where the text is wrong."""
        return self._resolved(query, task, self._sight(query, task))

    def planned(self, query: Pipeline, task: Task) -> tuple[Plan, Snapshot]:
        """The plan of a query and what it reads. Raises QueryError where the text is wrong or nothing can answer."""
        sight = self._sight(query, task)
        return self._plan(query, task, sight), sight.snapshot

    def located(self, query: Pipeline, task: Task) -> tuple[Located, Snapshot]:
        """The same, knowing where reading starts: all that can be told without running it."""
        from tapeql.kernels.context import Context
        from tapeql.run.locate import located

        plan, snapshot = self.planned(query, task)
        return located(plan, Context(snapshot, task.now_us, task.cancel)), snapshot

    def schema(self, query: Pipeline, task: Task) -> pa.Schema:
        sight = self._sight(query, task)
        key = _key(task, sight.snapshot)
        with self._lock:
            known = self._schemas.get(key)
        if known is None:
            known = self._plan(query, task, sight).schema
            with self._lock:
                self._schemas[key] = known
                while len(self._schemas) > SCHEMAS_KEPT:
                    self._schemas.popitem(last=False)
        return known

    def _sight(self, query: Pipeline, task: Task) -> Sight:
        """What a query reads: the store, and the files and tables that it names."""
        if not (self._reads_in_place and any(syntax.within(query, Given))):
            return Sight(self.stored())
        from tapeql.serve.in_place import InPlace

        with self._lock:
            self._in_place = self._in_place or InPlace()
        return self._in_place.sight(query, task.request.params, task.settings, self.stored, task.cancel)

    def _resolved(self, query: Pipeline, task: Task, sight: Sight) -> Query:
        request = task.request
        return resolve(
            query, sight.snapshot, task.settings, request.params, task.now_us, request.query, sight.elsewhere
        )

    def _plan(self, query: Pipeline, task: Task, sight: Sight) -> Plan:
        snapshot = sight.snapshot
        key = _key(task, snapshot)
        plan = self._plans.get(key, task.now_us)
        if plan is None:
            plan = build(self._resolved(query, task, sight), snapshot)
            self._plans.keep(key, query, plan)
        return plan


def _key(task: Task, snapshot: Snapshot) -> tuple[object, ...]:
    """What decides how a request is understood, besides the clock."""
    return (task.request.query, _frozen(task.request.params), task.settings, snapshot.id)


def _frozen(params: Mapping[str, Any]) -> Iterable[object]:
    """Values that can be compared; tables are told apart by the snapshot that holds them."""
    return tuple(sorted((name, type(value).__name__, value) for name, value in params.items() if not is_table(value)))
