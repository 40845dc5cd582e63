"""FROM 'file' and FROM $table: read where they lie, as a snapshot over the store's, with what is to be told of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tapeql.cancel import Cancel
from tapeql.errors import DataError, Diagnostic, StoreError
from tapeql.language import syntax
from tapeql.language.clauses.from_ import From, Given, SymbolPattern
from tapeql.language.clauses.tz import Tz
from tapeql.language.statements.query import Pipeline, Query
from tapeql.query.settings import Settings, is_zone
from tapeql.query.symbols import Held, is_glob
from tapeql.serve import in_place_told as told
from tapeql.serve.in_place_told import Written
from tapeql.serve.sight import Sight
from tapeql.storage import in_place
from tapeql.storage.importers.handed import arrow_table
from tapeql.storage.importers.naming import meant
from tapeql.storage.overlay import Overlay
from tapeql.storage.snapshot import Snapshot
from tapeql.storage.tables import Tables, joined


class InPlace:
    """Reads what sentences name; files are remembered. Any number of threads may ask."""

    def __init__(self) -> None:
        self._files = in_place.Files()

    def sight(
        self,
        query: Pipeline,
        params: Mapping[str, Any],
        settings: Settings,
        stored: Callable[[], Snapshot],
        cancel: Cancel,
    ) -> Sight:
        """What a query reads; `stored` is asked only where it names symbols of the store too."""
        held = {w.source: self._held(w, params, stored, cancel) for w in _written(query, settings)}
        tables = joined([tables for tables, _ in held.values() if tables is not None])
        elsewhere = {source: found for source, (_, found) in held.items()}
        return Sight(Overlay(tables, stored()) if _names_stored(query) else tables, elsewhere)

    def _held(
        self, written: Written, params: Mapping[str, Any], stored: Callable[[], Snapshot], cancel: Cancel
    ) -> tuple[Tables | None, Held]:
        source = written.source
        match source.rows:
            case syntax.Parameter(name=name) if name not in params:
                return None, Held()  # told where all parameters are
            case _ if source.name is not None and (is_glob(source.name.code) or is_glob(source.name.venue or "")):
                return None, Held(told=(told.pattern(source.name),))
            case _:
                pass
        try:
            held = self._read(written, params, cancel)
        except DataError as error:
            return None, Held(told=(told.refusal(written, error),))
        symbols = tuple(held.tables.symbols())
        if not symbols:
            return None, Held(told=(told.empty(written),))
        notes = [told.note(text, written) for text in held.notes]
        return held.tables, Held(symbols, (*notes, *_misspelt(written, stored)))

    def _read(self, written: Written, params: Mapping[str, Any], cancel: Cancel) -> in_place.Held:
        match written.source.rows:
            case syntax.Parameter(name=name):
                table = arrow_table(params[name])
                return in_place.of_table(table, name, written.symbol, written.zone, cancel.check)
            case syntax.String(value=path):
                return self._files.read(path, written.symbol, written.zone, cancel.check)


def _misspelt(written: Written, stored: Callable[[], Snapshot]) -> Iterator[Diagnostic]:
    """A note on a venue in AS that nobody knows but for a letter, the store neither."""
    name = written.source.name
    like = meant(name.venue) if name is not None and name.venue else ""
    if name is None or not like:
        return
    with contextlib.suppress(StoreError):  # nothing was stored yet
        if any(venue == name.venue for venue, _ in stored().symbols()):
            return
    yield told.misspelt(name, like)


def _written(query: Pipeline, settings: Settings) -> Iterator[Written]:
    """The files and tables of a pipeline, each with the zone in force there: TZ, handed on by `|>`, else SET tz."""
    zone = settings.tz or ""
    for stage in syntax.within(query, Query):
        zone = next((c.zone for c in stage.clauses if isinstance(c, Tz) and is_zone(c.zone)), zone)
        yield from (Written(source, zone) for source in syntax.within(stage, Given))


def _names_stored(query: Pipeline) -> bool:
    return any(isinstance(named, SymbolPattern) for source in syntax.within(query, From) for named in source.symbols)
