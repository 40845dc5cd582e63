"""What is told of files and tables in FROM: how they were read, or why not and what to write."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

from tapeql import calendars
from tapeql.errors import DataError, Diagnostic, Fix
from tapeql.language import syntax
from tapeql.language.clauses.from_ import Given, SymbolPattern
from tapeql.language.writing import format_expr
from tapeql.storage import in_place
from tapeql.storage.importers.handed import NoTable
from tapeql.storage.importers.recognise import INTERVAL, QUESTIONS, SYMBOL, ZONE, Questions, Unsaid
from tapeql.storage.importers.shown import several

_FLAG: Final = re.compile(r" \(--[^)]*\)")
_ADVICE: Final = re.compile(r"(?:^|(?<=\. ))(?:(?!\. ).)*?(?:--[a-z]|`tapeql import).*", re.DOTALL)
"""The sentence with flags, and what follows it."""

_KNOWN: Final = re.compile(r"[A-Za-z][\w-]*:[^/\\]+")
"""A symbol in quotes."""

_GUESS: Final = re.compile(r"--symbol ([^\s)]+)")
_TABLES: Final = (
    "FROM takes a DataFrame of pandas or polars, an Arrow table, a DuckDB relation: whatever exports an Arrow stream"
)
_COLUMNS: Final = "FROM takes columns ts, price, quantity; ts, bid, ask; or ts, open, high, low, close"
_TIMES: Final = "give it times of a type of their own, such as `pd.to_datetime(…, unit='s', utc=True)` makes them"
_IMPORT: Final = "`tapeql import` can be told more, by its flags; what is imported is asked by its symbol"


@dataclass(frozen=True, slots=True)
class Written:
    """A file or a table in FROM, with the zone of its query."""

    source: Given
    zone: str

    @property
    def symbol(self) -> str:
        name = self.source.name
        return "" if name is None else f"{name.venue}:{name.code}" if name.venue else name.code

    @property
    def is_table(self) -> bool:
        return isinstance(self.source.rows, syntax.Parameter)

    @property
    def shown(self) -> str:
        """As it is written, without its name."""
        return format_expr(self.source.rows)


def note(text: str, written: Written) -> Diagnostic:
    hints = (
        ("`AS nasdaq:AAPL` names one symbol, and its venue gives it a calendar",)
        if re.search("the (venue|symbol) is", text)
        else ()
    )
    return Diagnostic("N109", _FLAG.sub("", text), written.source.span, hints)


def refusal(written: Written, error: DataError) -> Diagnostic:
    """Why it cannot be asked, at its place in the sentence."""
    code, reason, span = "E406", str(error), written.source.span
    match error:
        case NoTable(kind=kind):
            hints = [_TABLES, *(["a path stands in quotes: `FROM 'trades.csv'`"] if kind == "str" else [])]
            return Diagnostic("E201", f"`{written.shown}` is no table but a value of type {kind}", span, tuple(hints))
        case in_place.NoFile():
            return _no_file(written.source, reason)
        case Unsaid(label=label, what=what, missing=missing):
            reason = f"{label} is taken for {what}; not all of it is said"
            return Diagnostic(code, reason, span, tuple(_way_out(*each, written) for each in missing.items()))
        case Questions(kinds=kinds):
            told = "; ".join(f"{several(labels)}: {question.what}" for labels, question in kinds[:QUESTIONS])
            missing = {flag: why for _, question in reversed(kinds) for flag, why in question.missing.items()}
            ways = tuple(_way_out(*each, written) for each in missing.items())
            return Diagnostic(code, f"not all is said of what the files hold: {told}", span, ways)
        case in_place.Unusable(examples=examples):
            way = "take them out of it" if written.is_table else "`tapeql import --quarantine FILE` sets them aside"
            return Diagnostic(code, reason, span, (*examples, way))
        case _ if written.is_table:
            # Where the whole is one sentence, what stands before the flag.
            bare = _ADVICE.sub("", reason).strip() or re.sub(r"[.:;][^.:;]*--.*", "", reason, flags=re.DOTALL)
            return Diagnostic(code, bare, span, (_TIMES if "time" in bare else _COLUMNS,))
        case _:
            return Diagnostic(code, reason, span, (_IMPORT,))


def empty(written: Written) -> Diagnostic:
    return Diagnostic("E406", f"`{written.shown}` holds no rows", written.source.span)


def misspelt(name: SymbolPattern, like: str) -> Diagnostic:
    reason = f"no venue `{name.venue}` is known, and one that is not trades around the clock"
    return Diagnostic("N109", reason, name.span, (f"did you mean `{like}:{name.code}`?",))


def pattern(name: SymbolPattern) -> Diagnostic:
    return Diagnostic("E103", "AS gives one name, and this is a pattern", name.span, ("such as `AS nasdaq:AAPL`",))


def _no_file(source: Given, reason: str) -> Diagnostic:
    path = source.rows.value if isinstance(source.rows, syntax.String) else ""
    if _KNOWN.fullmatch(path):
        hint = f"a stored symbol is written without quotes: `{path}`"
        return Diagnostic("E112", reason, source.span, (hint,), Fix(source.rows.span, path))
    hints = () if os.path.isabs(os.path.expanduser(path)) or "://" in path else (f"paths begin at {os.getcwd()}",)
    return Diagnostic("E112", reason, source.span, hints)


def _way_out(flag: str, why: str, written: Written) -> str:
    """What to write in the sentence or the table, or at import where neither can say it."""
    why = _FLAG.sub("", why)
    if flag == SYMBOL:
        guess = _GUESS.search(why)
        return f"whose rows they are: `FROM {written.shown} AS VENUE:CODE`, such as `AS {guess[1] if guess else 'nasdaq:AAPL'}`"
    if flag == ZONE:
        return f"`TZ {_zone_near(written)}` says {why.partition(' (')[0]}"
    if isinstance(written.source.rows, syntax.String):
        return f"{why}: `tapeql import {written.source.rows.value} {flag}` takes it; then ask for its symbol"
    return f"{why}: a column `interval` says it" if flag == INTERVAL else f"{why}: give it times of a type of their own"


def _zone_near(written: Written) -> str:
    """The zone of the calendar that its name brings, as a suggestion."""
    name = written.source.name
    calendar = calendars.calendar_of(name.venue) if name is not None and name.venue else ""
    return "America/New_York" if not calendar or calendars.is_continuous(calendar) else calendars.zone_of(calendar)
