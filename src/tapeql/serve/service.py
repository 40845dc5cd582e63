"""The service: a request in, a result out, with no transport in it.

text ──▶ SETs, then one statement ──▶ a query: resolve ─▶ plan ─▶ execute
                                      EXPLAIN, DESCRIBE, SHOW, SET: a small table
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from tapeql import limits
from tapeql.arrow import is_table
from tapeql.cancel import Cancel
from tapeql.errors import NOWHERE, Diagnostic, QueryError, StoreError
from tapeql.language import syntax
from tapeql.language.clauses.from_ import Given
from tapeql.language.parse import parse
from tapeql.operators.operator import Plan
from tapeql.plan.build import build
from tapeql.query.settings import NAMES, Settings, apply
from tapeql.run.execute import execute
from tapeql.run.result import Result
from tapeql.serve.batches import cut
from tapeql.serve.clock import Clock, clock
from tapeql.serve.plans import Plans
from tapeql.serve.sight import Pipeline, Sight, names
from tapeql.serve.wire import Request
from tapeql.storage.snapshot import Snapshot
from tapeql.storage.store import Store
from tapeql.words.resolve import resolve

if TYPE_CHECKING:
    from tapeql.serve.in_place import InPlace

SCHEMAS_KEPT: Final = 512
"""Schemas remembered: GetFlightInfo asks for one and DoGet soon again."""

_cached_parse = functools.lru_cache(maxsize=512)(parse)


@dataclass(frozen=True, slots=True)
class Task:
    """A request read: its last statement, under the settings that the statements before it made."""

    request: Request
    statement: syntax.Statement
    settings: Settings
    now_us: int


class Service:
    """Answers requests from one store, or from none; any number of threads may ask at a time.

    Files and tables in FROM are read only with `in_place`: never for a client elsewhere.
    """

    def __init__(self, store: Store | None, now: Clock | None = None, *, in_place: bool = False) -> None:
        self._store = store
        self._reads_in_place = in_place
        self._in_place: InPlace | None = None
        self._clock = now or clock(None)
        self._plans = Plans()
        self._schemas: OrderedDict[object, pa.Schema] = OrderedDict()
        self._lock = threading.Lock()
        sys.setrecursionlimit(max(sys.getrecursionlimit(), limits.RECURSION_LEVELS))

    @property
    def store(self) -> Store:
        if self._store is None:
            raise StoreError("there is no store here: `tapeql.connect` opens one")
        return self._store

    @property
    def name(self) -> str:
        return "no store" if self._store is None else self._store.name

    def run(self, request: Request, cancel: Cancel | None = None) -> Result:
        """The answer of the text's last statement. Errors in the text are raised here, before any batch.

        `info["settings"]` of the result holds what SET has changed, for the requests that follow.
        """
        cancel = cancel or Cancel()
        task = self._read(request)
        match task.statement:
            case syntax.Query() | syntax.Pipe() as query:
                sight = self._sight(query, task, cancel)
                result = execute(self._plan(query, task, sight), sight.snapshot, cancel)
                result.info["settings"] = _changed(task.settings)
                return Result(result.schema, cut(result.batches), result.info)
            case _:
                table = self._answer(task, cancel)
                return Result(table.schema, cut(table.to_batches()), {"settings": _changed(task.settings)})

    def schema(self, request: Request) -> pa.Schema:
        """The exact schema of what `run` would answer, without running it."""
        from tapeql.serve import answers

        task = self._read(request)
        match task.statement:
            case syntax.Query() | syntax.Pipe() as query:
                sight = self._sight(query, task, Cancel())
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
            case syntax.Describe() as describe:
                return answers.describe_schema(describe)
            case syntax.Explain():
                return answers.LINES
            case syntax.Show() as show:
                return answers.SHOWN[show.what]
            case syntax.Set():
                return answers.SETTINGS

    def warm(self) -> None:
        """Loads the grammar, the registries and the calendars, so that the first question is as quick as the second."""
        for text in ("SHOW functions", "SHOW sessions"):
            with contextlib.suppress(StoreError):  # nothing is stored yet
                self.run(Request(text))

    def close(self) -> None:
        close = getattr(self._store, "close", None)
        if close is not None:
            close()

    def _read(self, request: Request) -> Task:
        settings = Settings()
        for name, value in request.settings.items():
            settings = apply(settings, syntax.Set(name, value, NOWHERE))
        statements = _cached_parse(request.query).statements
        for statement in statements[:-1]:
            if not isinstance(statement, syntax.Set):
                reason = "only SET may come before the statement that is answered"
                raise QueryError(
                    [Diagnostic("E016", reason, statement.span, ("send one query at a time",))], request.query
                )
            settings = _apply(settings, statement, request.query)
        last = statements[-1]
        if isinstance(last, syntax.Set):
            settings = _apply(settings, last, request.query)
        now_us = clock(request.now)() if request.now else self._clock()
        return Task(request, last, settings, now_us)

    def _stored(self) -> Snapshot:
        if self._store is not None:
            return self._store.snapshot()
        from tapeql.storage.tables import NOTHING

        return NOTHING

    def _sight(self, query: Pipeline, task: Task, cancel: Cancel) -> Sight:
        """What a query reads: the store, and the files and tables that it names."""
        if not (self._reads_in_place and names(query, Given)):
            return Sight(self._stored())
        from tapeql.serve.in_place import InPlace

        with self._lock:
            self._in_place = self._in_place or InPlace()
        return self._in_place.sight(query, task.request.params, task.settings, self._stored, cancel)

    def _plan(self, query: Pipeline, task: Task, sight: Sight) -> Plan:
        request, snapshot = task.request, sight.snapshot
        key = _key(task, snapshot)
        plan = self._plans.get(key, task.now_us)
        if plan is None:
            understood = resolve(
                query, snapshot, task.settings, request.params, task.now_us, request.query, sight.elsewhere
            )
            plan = build(understood, snapshot)
            self._plans.keep(key, query, plan)
        return plan

    def _answer(self, task: Task, cancel: Cancel) -> pa.Table:
        from tapeql.serve import answers

        match task.statement:
            case syntax.Explain(what=what, query=query):
                sight = self._sight(query, task, cancel)
                return answers.explain(what, self._plan(query, task, sight), sight.snapshot, cancel)
            case syntax.Describe(subject=str() as name, span=span):
                return answers.describe_name(name, span, task.request.query)
            case syntax.Describe(subject=syntax.Query() | syntax.Pipe() as query):
                return answers.describe_query(self._plan(query, task, self._sight(query, task, cancel)))
            case syntax.Show(what=what):
                return answers.show(what, self._stored(), task.settings, task.now_us)
            case _:
                return answers.settings(_shown(task.settings))


def _key(task: Task, snapshot: Snapshot) -> tuple[object, ...]:
    """What decides how a request is understood, besides the clock."""
    return (task.request.query, _frozen(task.request.params), task.settings, snapshot.id)


def _apply(settings: Settings, statement: syntax.Set, source: str) -> Settings:
    try:
        return apply(settings, statement)
    except QueryError as error:
        raise QueryError(error.diagnostics, source) from None


def _shown(settings: Settings) -> dict[str, str | None]:
    """Every setting as the text that SET would take."""
    found = {name: getattr(settings, name) for name in NAMES}
    return {
        n: ("on" if v else "off") if isinstance(v, bool) else None if v is None else str(v) for n, v in found.items()
    }


def _changed(settings: Settings) -> dict[str, str]:
    usual = _shown(Settings())
    return {n: v for n, v in _shown(settings).items() if v is not None and v != usual[n]}


def _frozen(params: Mapping[str, Any]) -> Iterable[object]:
    """Values that can be compared; tables are told apart by the snapshot that holds them."""
    return tuple(sorted((name, type(value).__name__, value) for name, value in params.items() if not is_table(value)))
