"""FROM 'file' and FROM $table: read where they lie, as a snapshot over the store's, with what is to be told of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tapeql import calendars
from tapeql.cancel import Cancel
from tapeql.errors import DataError, Diagnostic, Fix
from tapeql.language import syntax
from tapeql.language.clauses.from_ import Given, SymbolPattern
from tapeql.language.clauses.tz import Tz
from tapeql.query.settings import Settings, is_zone
from tapeql.query.symbols import Held, is_glob
from tapeql.serve.sight import Pipeline, Sight, names, sources, stages
from tapeql.storage import in_place
from tapeql.storage.importers.handed import arrow_table
from tapeql.storage.importers.recognise import SYMBOL, ZONE, Unsaid
from tapeql.storage.overlay import Overlay
from tapeql.storage.snapshot import Snapshot
from tapeql.storage.tables import Tables, joined

NOTHING: Final = Tables({})
"""What is stored where there is no store."""

_FLAG: Final = re.compile(r" \(--[^)]*\)")
_ADVICE: Final = re.compile(r"(?:^|(?<=\. ))(?:(?!\. ).)*?(?:--[a-z]|`tapeql import).*", re.DOTALL)
"""The sentence with flags, and what follows it."""
_KNOWN: Final = re.compile(r"[A-Za-z][\w-]*:[^/\\]+")


@dataclass(frozen=True, slots=True)
class _Written:
    """A file or a table in FROM, with the zone of its query."""

    source: Given
    zone: str

    @property
    def symbol(self) -> str:
        name = self.source.name
        return "" if name is None else f"{name.venue}:{name.code}" if name.venue else name.code


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
        held = {w.source: self._held(w, params, cancel) for w in _written(query, settings)}
        tables = joined([tables for tables, _ in held.values() if tables is not None] or [NOTHING])
        elsewhere = {source: told for source, (_, told) in held.items()}
        return Sight(Overlay(tables, stored()) if names(query, SymbolPattern) else tables, elsewhere)

    def _held(self, written: _Written, params: Mapping[str, Any], cancel: Cancel) -> tuple[Tables | None, Held]:
        source = written.source
        match source.rows:
            case syntax.Parameter(name=name) if name not in params:
                return None, Held()  # told where all parameters are
            case _ if source.name is not None and (is_glob(source.name.code) or is_glob(source.name.venue or "")):
                reason = f"AS gives one name, and `{written.symbol}` is a pattern"
                return None, Held(told=(Diagnostic("E103", reason, source.name.span, ("such as `AS nasdaq:AAPL`",)),))
            case _:
                pass
        try:
            held = self._read(written, params, cancel)
        except (DataError, TypeError) as error:
            return None, Held(told=(_refusal(written, error),))
        symbols = tuple(held.tables.symbols())
        if not symbols:
            empty = Diagnostic("E406", f"{format_source(source)} holds no rows", source.span)
            return None, Held(told=(empty,))
        return held.tables, Held(symbols, tuple(_note(note, written) for note in held.notes))

    def _read(self, written: _Written, params: Mapping[str, Any], cancel: Cancel) -> in_place.Held:
        match written.source.rows:
            case syntax.Parameter(name=name):
                table = arrow_table(params[name])
                return in_place.of_table(table, name, written.symbol, written.zone, cancel.check)
            case syntax.String(value=path):
                return self._files.read(path, written.symbol, written.zone, cancel.check)


def _written(query: Pipeline, settings: Settings) -> Iterator[_Written]:
    """The files and tables of a pipeline, each with the zone in force there: TZ, handed on by `|>`, else SET tz."""
    zone = settings.tz or ""
    for stage in stages(query):
        zone = next((c.zone for c in stage.clauses if isinstance(c, Tz) and is_zone(c.zone)), zone)
        for source in sources(stage):
            if isinstance(source, Given):
                yield _Written(source, zone)


def format_source(source: Given) -> str:
    """As it is written, without its name."""
    return f"`{Given(source.rows, None, source.span).write()}`"


# ── what is told ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _note(note: str, written: _Written) -> Diagnostic:
    hints = ("`AS nasdaq:AAPL` names one symbol, and its venue gives it a calendar",) if "the venue is" in note else ()
    return Diagnostic("N109", _FLAG.sub("", note), written.source.span, hints)


def _refusal(written: _Written, error: DataError | TypeError) -> Diagnostic:
    source = written.source
    match error:
        case TypeError():
            hint = (
                "a DataFrame of pandas or polars, an Arrow table, a DuckDB relation: whatever exports an Arrow stream"
            )
            reason = f"{format_source(source)} is no table but a value of type {error}"
            return Diagnostic("E201", reason, source.span, (f"FROM takes {hint}",))
        case in_place.NoFile():
            return _no_file(source, str(error))
        case Unsaid(label=label, what=what, missing=missing):
            hints = tuple(_way_out(flag, why, written) for flag, why in missing.items())
            return Diagnostic("E406", f"{label} is taken for {what}; not all of it is said", source.span, hints)
        case in_place.Unusable(examples=examples):
            way = (
                "take them out of it"
                if isinstance(source.rows, syntax.Parameter)
                else "`tapeql import --quarantine FILE` sets them aside"
            )
            return Diagnostic("E406", str(error), source.span, (*examples, way))
        case _ if isinstance(source.rows, syntax.Parameter):
            reason = _ADVICE.sub("", str(error)).strip()
            names = "FROM takes columns ts, price, quantity; ts, bid, ask; or ts, open, high, low, close"
            return Diagnostic("E406", reason, source.span, (names,))
        case _:
            hint = "`tapeql import` can be told more, by its flags; what is imported is asked by its symbol"
            return Diagnostic("E406", str(error), source.span, (hint,))


def _no_file(source: Given, reason: str) -> Diagnostic:
    path = source.rows.value if isinstance(source.rows, syntax.String) else ""
    if _KNOWN.fullmatch(path):
        hint = f"a stored symbol is written without quotes: `{path}`"
        return Diagnostic("E112", reason, source.span, (hint,), Fix(source.rows.span, path))
    hints = () if os.path.isabs(os.path.expanduser(path)) else (f"paths begin at {os.getcwd()}",)
    return Diagnostic("E112", reason, source.span, hints)


def _way_out(flag: str, why: str, written: _Written) -> str:
    """What to write in the sentence, or at import where a sentence cannot say it."""
    source = format_source(written.source).strip("`")
    match flag:
        case _ if flag == SYMBOL:
            return f"whose rows they are: `FROM {source} AS VENUE:CODE`, such as `AS nasdaq:AAPL`"
        case _ if flag == ZONE:
            return f"`TZ {_zone_near(written)}` says {_FLAG.sub('', why).partition(' (')[0]}"
        case _ if isinstance(written.source.rows, syntax.Parameter):
            return f"{_FLAG.sub('', why)}: import it, which can be told by `{flag.partition(' ')[0]}`"
        case _:
            return f"{why}: `tapeql import {written.source.rows.value} {flag}` takes it; then ask for its symbol"


def _zone_near(written: _Written) -> str:
    """The zone of the calendar that its name brings, as a suggestion."""
    name = written.source.name
    calendar = calendars.calendar_of(name.venue) if name is not None and name.venue else ""
    return "America/New_York" if not calendar or calendars.is_continuous(calendar) else calendars.zone_of(calendar)
