"""Dates as the countries of the world write them, made ISO 8601."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tapeql.errors import DataError

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK: Final = r"(?:(?:[T ,]+|, )(\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?))?"
_ZONE: Final = r"(?:\s*(Z|UTC|(?:UTC|GMT)?[+-]\d\d:?\d\d|GMT))?"
_REST: Final = _CLOCK + _ZONE + "$"
_WEEKDAY: Final = r"^(?:[A-Za-z]{3,9},? )?"


@dataclass(frozen=True, slots=True)
class Form:
    """How dates are written: what matches, and which of its groups are year, month, day, clock and zone."""

    name: str
    pattern: str
    year: int
    month: int
    day: int
    clock: int
    zone: int

    def with_mark(self, mark: str) -> Form:
        """The same with just this mark between its numbers: another one may have another order."""
        return replace(self, pattern=self.pattern.replace("[./-]", re.escape(mark)))

    def matches(self, text: str) -> bool:
        return re.search(self.pattern, text) is not None

    def iso(self, text: pa.Array) -> pa.Array:
        """As `2024-03-10 04:00:00.5Z`; what does not match is left as it is."""
        matched = pc.match_substring_regex(text, self.pattern)

        def group(n: int) -> pa.Array:
            return pc.replace_substring_regex(text, self.pattern, rf"\{n}")

        year, month, day = group(self.year), group(self.month), group(self.day)
        short = pc.equal(pc.utf8_length(year), 2)
        century = pc.if_else(pc.greater(year, "69"), "19", "20")
        year = pc.if_else(short, pc.binary_join_element_wise(century, year, ""), year)
        if "A-Za-z" in self.pattern.removeprefix(_WEEKDAY):
            month = _numbered(month)
        date = pc.binary_join_element_wise(year, pc.utf8_lpad(month, 2, "0"), pc.utf8_lpad(day, 2, "0"), "-")
        clock = _of_24_hours(group(self.clock))
        zone = pc.replace_substring_regex(group(self.zone), r"^(UTC|GMT)([+-])", r"\2")
        zone = pc.replace_substring_regex(zone, r"^(UTC|GMT)$", "Z")
        moment = pc.if_else(pc.equal(clock, ""), date, pc.binary_join_element_wise(date, clock, " "))
        whole = pc.binary_join_element_wise(moment, zone, "")
        return pc.if_else(matched, whole, text)


_YEAR_FIRST: Final = Form("year-first", _WEEKDAY + r"(\d{4})[./-](\d{1,2})[./-](\d{1,2})" + _REST, 1, 2, 3, 4, 5)
_DAY_FIRST: Final = Form("day-first", _WEEKDAY + r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d\d)" + _REST, 3, 2, 1, 4, 5)
_MONTH_FIRST: Final = Form("month-first", _WEEKDAY + r"(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d\d)" + _REST, 3, 1, 2, 4, 5)
_MONTH_DAY: Final = Form("month day", r"^([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})" + _REST, 3, 1, 2, 4, 5)
_DAY_MONTH: Final = Form(
    "day month", _WEEKDAY + r"(\d{1,2})[- ]?([A-Za-z]{3,9})\.?[- ,]*(\d{4}|\d\d)" + _REST, 3, 2, 1, 4, 5
)

ORDERS: Final = {"day-first": _DAY_FIRST, "month-first": _MONTH_FIRST}
"""What may be asked for by name: `02/03/2024` can be either."""

_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d|$)")
_FORMS: Final = (_YEAR_FIRST, _MONTH_DAY, _DAY_MONTH)


class EitherWay(DataError):
    """Nothing tells days from months."""


def form_of(texts: Sequence[str], order: str | None) -> Form | None:
    """How the dates of a sample are written; None where they are not dates of a kind known here.

    Raises EitherWay where days and months cannot be told apart and `order` does not say.
    """
    first = texts[0]
    if _ISO.match(first):
        return None
    for form in _FORMS:
        if form.matches(first):
            return form
    if not _DAY_FIRST.matches(first):
        return None
    mark = re.search(r"[./-]", first)
    day_first, month_first = (form.with_mark(mark[0] if mark else "") for form in (_DAY_FIRST, _MONTH_FIRST))
    if order is not None:
        return day_first if order == "day-first" else month_first
    pairs = [(int(m[1]), int(m[2])) for m in (re.search(_DAY_FIRST.pattern, text) for text in texts) if m]
    day_leads, month_leads = any(a > 12 for a, _ in pairs), any(b > 12 for _, b in pairs)
    if day_leads and month_leads:
        raise DataError("its dates begin with a day in some rows and with a month in others")
    if day_leads or "." in first.split(" ")[0]:
        return day_first
    if month_leads:
        return month_first
    raise EitherWay(f"dates such as {first} may begin with the day or with the month")


def _numbered(month: pa.Array) -> pa.Array:
    short = pc.utf8_lower(pc.utf8_slice_codeunits(month, 0, 3))
    place = pc.index_in(short, pa.array(_MONTHS))
    return pc.fill_null(pc.add(place, 1).cast(pa.string()), "?")


def _of_24_hours(clock: pa.Array) -> pa.Array:
    """`4:05 PM` as `16:05`, with two digits of the hour, and a point before a fraction."""
    clock = pc.replace_substring(clock, ",", ".")
    half = pc.match_substring_regex(clock, r"[AaPp]\.?[Mm]\.?$")
    if pc.any(half).as_py():
        clock = _each(clock, _unhalved)
    return pc.if_else(pc.match_substring_regex(clock, r"^\d:"), pc.binary_join_element_wise("0", clock, ""), clock)


def _each(column: pa.Array, change: Callable[[str], str]) -> pa.Array:
    coded = column.dictionary_encode()
    changed = [text if text is None else change(text) for text in coded.dictionary.to_pylist()]
    return pa.array(changed, pa.string()).take(coded.indices)


def _unhalved(clock: str) -> str:
    match = re.fullmatch(r"(\d{1,2})(:.*?)\s?([AaPp])\.?[Mm]\.?", clock)
    if match is None:
        return clock
    hour = int(match[1])
    if not 1 <= hour <= 12:
        return f"?{clock}"
    return f"{hour % 12 + (12 if match[3] in 'Pp' else 0):02}{match[2]}"
