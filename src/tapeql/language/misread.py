"""Text that is no word of the language: what was probably meant, and how to go on reading after it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from tapeql.errors import Diagnostic, Fix, Span
from tapeql.language import vocabulary
from tapeql.language.later import later
from tapeql.language.nearest import nearest


class Stop(Exception):
    """The text cannot be read on from here."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.reason)
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True)
class Misreading:
    """`length` characters were read as the terminal `kind` with the text `meant`."""

    kind: str
    meant: str
    length: int
    diagnostic: Diagnostic


_OPERATORS = {
    "==": ("=", "EQUAL"), "=<": ("<=", "COMPARISON"), "=>": (">=", "COMPARISON"), "≤": ("<=", "COMPARISON"),
    "≥": (">=", "COMPARISON"), "≠": ("!=", "COMPARISON"), "&&": ("AND", "AND"), "&": ("AND", "AND"),
    "||": ("OR", "OR"), "!": ("NOT", "NOT"), "−": ("-", "MINUS"), "–": ("-", "MINUS"), "×": ("*", "STAR"),
    "÷": ("/", "SLASH"),
}  # fmt: skip
_OPERATOR = re.compile("|".join(map(re.escape, _OPERATORS)))
_FUNCTIONS = {"^": "pow(x, y)", "**": "pow(x, y)", "%": "mod(x, y)"}
_UNITS = {
    "s": "S sec secs second seconds", "m": "T Min min mins minute minutes MIN", "h": "H hr hrs hour hours",
    "d": "D day days", "w": "W wk week weeks", "mo": "M MO Mo mon month months", "q": "Q quarter quarters",
    "y": "Y yr year years", "ms": "MS", "us": "US µs μs", "ns": "NS", "bd": "BD B bdays",
}  # fmt: skip
_MEANT = {spelt: unit for unit, names in _UNITS.items() for spelt in names.split()}
_DATE_LIKE = re.compile(r"'[^'\n]*'|\d(?:[\w:+/]|-(?!-)|\.(?!\.))*")
_NUMERIC = re.compile(r"\d[\w]*(?:\.\w+)*")
_COUNT_AND_UNIT = re.compile(r"([\d_]+(?:\.\d+)?)([^\W\d_]+)")
_QUOTED = re.compile(r'"([^"\n]*)"|[‘’“”]([^‘’“”\n]*)[‘’“”]')


def misread(text: str, at: int, end: int, accepts: Collection[str]) -> Misreading:
    """What the text at `at` was meant to be; raises Stop where that cannot be said."""
    character = text[at]
    operator = _OPERATOR.match(text, at, end)
    if operator:
        return _operator(text, at, operator[0])
    if character == "'":
        line_end = text.find("\n", at, end)
        span = Span(at, end if line_end < 0 else line_end)
        hint = "close the string with `'`; a quote inside is written twice, `''`"
        raise Stop(Diagnostic("E005", "this string is never closed", span, (hint,)))
    quoted = _QUOTED.match(text, at, end)
    if quoted:
        return _quoted(at, quoted[0], quoted[1] if quoted[1] is not None else quoted[2])
    if character.isdecimal() and character.isascii():
        return _number(text, at, end)
    span = Span(at, at + 1)
    if text.startswith("/*", at):
        raise Stop(Diagnostic("E006", "`/*` opens no comment", Span(at, at + 2), ("comments begin with `--`",)))
    if character == "@":
        found = re.compile(r"@\w*!?").match(text, at, end)
        what = "a universe of symbols" if "TICKER" in accepts else "another timeframe with `@`"
        raise Stop(later(what, Span(at, found.end() if found else at + 1)))
    called = _FUNCTIONS.get(text[at : at + 2]) or _FUNCTIONS.get(character)
    if called:
        raise Stop(Diagnostic("E006", f"`{character}` is not an operator here", span, (f"write `{called}`",)))
    name = character if character.isprintable() else f"U+{ord(character):04X}"
    hint = "names hold letters a to z, digits and `_`" if character.isalpha() else ""
    raise Stop(Diagnostic("E006", f"the character `{name}` has no meaning here", span, (hint,) if hint else ()))


def bad_date(text: str, at: int, end: int) -> Misreading:
    """A date that is none, where only a date can stand."""
    found = _DATE_LIKE.match(text, at, end)
    if found is None:
        return misread(text, at, end, ("DATE",))
    written = found[0]
    span = Span(at, found.end())
    bare = written.strip("'")
    unit = _COUNT_AND_UNIT.fullmatch(bare)
    if unit and (unit[2] in vocabulary.units() or unit[2] in _MEANT):
        meant = f"last {unit[1]}{_MEANT.get(unit[2], unit[2])}"
        hint = f"write `{meant}` for the time up to now"
        raise Stop(Diagnostic("E009", f"`{written}` is a duration, not a date", span, (hint,), Fix(span, meant)))
    tidy = _tidy_date(bare)
    if tidy is None:
        hint = "write `2025`, `2025-03`, `2025-Q1`, `2025-W03`, `2025-03-10` or `2025-03-10T09:30`"
        raise Stop(Diagnostic("E009", f"`{written}` is not a date", span, (hint,)))
    reason = "a date is written without quotes" if written != bare else f"`{written}` is not how dates are written"
    diagnostic = Diagnostic("E009", reason, span, (f"write `{tidy}`",), Fix(span, tidy))
    return Misreading("DATE", tidy, len(written), diagnostic)


def _tidy_date(written: str) -> str | None:
    """`2025-3-1`, `2025/03/01`, `2025-03-01 9:30` as they should be; None where it is a guess."""
    found = re.fullmatch(
        r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(:\d{2}(?:\.\d+)?)?(Z?))?)?)?", written, re.I
    )
    if found is None:
        return None
    year, month, day, hour, minute, seconds, zone = found.groups()
    tidy = "-".join([year, *(part.rjust(2, "0") for part in (month, day) if part)])
    return f"{tidy}T{hour.rjust(2, '0')}:{minute}{seconds or ''}{zone or ''}" if hour else tidy


def _operator(text: str, at: int, operator: str) -> Misreading:
    ours, kind = _OPERATORS[operator]
    span = Span(at, at + len(operator))
    before, after = text[at - 1 : at] if at else "", text[span.end : span.end + 1]
    edit = ours
    if ours.isalpha():
        edit = f"{' ' if before.isalnum() or before in set('_)]%') else ''}{ours}{'' if after.isspace() else ' '}"
    diagnostic = Diagnostic(
        "E007", f"`{operator}` is not an operator here", span, (f"write `{ours}`",), Fix(span, edit)
    )
    return Misreading(kind, ours, len(operator), diagnostic)


def _quoted(at: int, written: str, inside: str) -> Misreading:
    meant = "'" + inside.replace("'", "''") + "'"
    span = Span(at, at + len(written))
    hint = f"write `{meant}`; double quotes hold names"
    diagnostic = Diagnostic("E006", "strings are written in single quotes", span, (hint,), Fix(span, meant))
    return Misreading("STRING", meant, len(written), diagnostic)


def _number(text: str, at: int, end: int) -> Misreading:
    """`1H`, `5min`, `1.5h`, `12abc`."""
    found = _NUMERIC.match(text, at, end)
    assert found is not None
    written, span = found[0], Span(at, found.end())
    parts = _COUNT_AND_UNIT.findall(written)
    if not parts or "".join(count + unit for count, unit in parts) != written:
        raise Stop(Diagnostic("E015", f"`{written}` is not a number", span, ("write `1000`, `1_000`, `0.5` or `1e6`",)))
    units = vocabulary.units()
    if any("." in count for count, _ in parts):
        hint = "whole numbers with smaller units: `1h30m`, not `1.5h`"
        raise Stop(Diagnostic("E008", f"`{written}` is not a duration", span, (hint,)))
    meant = [(count, unit if unit in units else _MEANT.get(unit, _MEANT.get(unit.lower()))) for count, unit in parts]
    unknown = [unit for (_, unit), (_, known) in zip(parts, meant, strict=True) if known is None]
    if unknown:
        close = nearest(unknown[0], units)
        hints = (f"did you mean `{close[0]}`?",) if close else ()
        hint = f"durations count {', '.join(f'`{unit}`' for unit in units)}"
        raise Stop(Diagnostic("E008", f"`{unknown[0]}` is not a unit of time", span, (*hints, hint)))
    duration = "".join(f"{count}{unit}" for count, unit in meant)
    wrong = next(unit for _, unit in parts if unit not in units)
    hint = "`1m` is a minute, `1mo` a month" if wrong == "M" else f"write `{duration}`"
    diagnostic = Diagnostic("E008", f"`{wrong}` is not a unit of time", span, (hint,), Fix(span, duration))
    return Misreading("DURATION", duration, len(written), diagnostic)
