"""The service: a request in, a result out, with no transport in it.

text ──▶ SETs, then one statement ──▶ a query: resolve ─▶ plan ─▶ execute
                                      any other statement: a small table
"""

from __future__ import annotations

import contextlib
import functools
import sys

import pyarrow as pa

from tapeql import limits
from tapeql.cancel import Cancel
from tapeql.errors import Diagnostic, Diagnostics, QueryError, StoreError
from tapeql.language import syntax, vocabulary
from tapeql.language.parse import parse
from tapeql.language.statements.query import Query
from tapeql.query.parameters import check_parameters
from tapeql.query.report import Report
from tapeql.query.settings import Settings, apply
from tapeql.run.result import Result
from tapeql.serve.batches import cut
from tapeql.serve.clock import Clock, clock
from tapeql.serve.planner import Planner, Task
from tapeql.serve.statements import statements
from tapeql.serve.turns import Turns
from tapeql.serve.wire import Request
from tapeql.storage.store import Store

_cached_parse = functools.lru_cache(maxsize=512)(parse)


class Service:
    """Answers requests from one store, or from none; any number of threads may ask at a time.

    Files and tables in FROM are read only with `in_place`: never for a client elsewhere.
    """

    def __init__(self, store: Store | None, now: Clock | None = None, *, in_place: bool = False) -> None:
        self._store = store
        self._clock = now or clock(None)
        self._planner = Planner(store, in_place)
        self._turns = Turns()
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
        statement, task = self._read(request, cancel or Cancel())
        result = statements()[type(statement)].answer(statement, task, self._planner)
        result.info["settings"] = task.settings.changed()
        return Result(result.schema, self._turns.taken(cut(result.batches), task.cancel), result.info)

    def schema(self, request: Request) -> pa.Schema:
        """The exact schema of what `run` would answer, without running it."""
        statement, task = self._read(request, Cancel())
        return statements()[type(statement)].schema(statement, task, self._planner)

    def warm(self) -> None:
        """Loads the grammar, the registries and the calendars, so that the first question is as quick as the second."""
        for text in ("SHOW functions", "SHOW sessions"):
            with contextlib.suppress(StoreError):  # nothing is stored yet
                self.run(Request(text))

    def close(self) -> None:
        close = getattr(self._store, "close", None)
        if close is not None:
            close()

    def _read(self, request: Request, cancel: Cancel) -> tuple[syntax.Statement, Task]:
        settings = Settings()
        for name, value in request.settings.items():
            settings = apply(settings, name, value)
        script = _cached_parse(request.query)
        settings = _after(script, settings)
        now_us = clock(request.now)() if request.now else self._clock()
        last = script.statements[-1]
        if not any(syntax.within(last, Query)):  # those of a query are told with its other mistakes
            _check_parameters(last, request)
        return last, Task(request, settings, now_us, cancel)


def _after(script: syntax.Script, settings: Settings) -> Settings:
    """The settings after a script's statements, of which only the last may be one that sets nothing."""
    for statement in script.statements:
        sets = statements()[type(statement)].sets
        if sets is not None:
            try:
                settings = sets(statement, settings)
            except QueryError as error:
                raise QueryError(error.diagnostics, script.source) from None
        elif statement is not script.statements[-1]:
            first = " or ".join(vocabulary.opening_of(node) for node, entry in statements().items() if entry.sets)
            reason = f"only {first} may come before the statement that is answered"
            told = Diagnostic("E016", reason, statement.span, ("send one query at a time",))
            raise QueryError([told], script.source)
    return settings


def _check_parameters(statement: syntax.Statement, request: Request) -> None:
    report = Report(Diagnostics(request.query))
    check_parameters(statement, request.params, report)
    report.found.raise_errors()
