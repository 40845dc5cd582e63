"""Instants as people write them, to UTC microseconds: exact, floored once, and never guessed in silence."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.errors import DataError
from tapeql.storage.importers.dates import ORDERS, Form, form_of
from tapeql.storage.importers.faults import Fault

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

UNITS: Final = {"s": 9, "ms": 6, "us": 3, "ns": 0}
"""The decimal places of a number in this unit that are nanoseconds."""

_NAMES: Final = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_COMPACT: Final = r"^(\d{4})(\d\d)(\d\d)(?:[ T]?(\d\d):?(\d\d)(?::?(\d\d)([.]\d+)?)?)?$"
_COMPACT_SHORT: Final = r"^(\d{8}) +(\d:)"
_COMPACT_MS: Final = r"^(\d{8}[ T]?\d{6})(\d{3})$"
_COMPACT_HINT: Final = re.compile(
    r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(([ T]?\d\d:?| +\d:)\d\d(:?\d\d(\.?\d+)?)?)?"
)
_DASHED: Final = re.compile(r"\d{4}-\d\d-\d\d")
_ZONED: Final = r"(Z|[+-]\d\d:?(\d\d)?)$"
_UTC_WORD: Final = r"\s*(UTC|GMT|z)$"
NO_ZONE: Final = "a time without a zone, which those before have (--tz says where it is local)"
_EARLIEST_US: Final = -2_208_988_800_000_000  # 1900
_LATEST_US: Final = 7_258_118_400_000_000  # 2200
_GUESSED_FROM_S: Final = 631_152_000  # 1990
_LONGER_US: Final = 1_000_000_000_000_000  # 9 September 2001: 10 digits of seconds, 13 of milliseconds …
_NOTHING_US: Final = 5 * 366 * 86_400_000_000
_EPOCH: Final = dt.datetime(1970, 1, 1)


@dataclass(slots=True)
class InstantReader:
    """Reads the instants of one file; how they are written is settled by its first value.

    unit    of numbers: s, ms, us, ns; None: told by magnitude, with a note, if that gives a time from 1990 on
    zone    where naive times are local
    naive   whether there may be such: not where the first ones have a zone and nobody named one for others
    order   of days and months in dates such as 02/03/2024, where it is known: day-first or month-first
    day     midnight of the day that numbers count milliseconds of, by the zone's clock, where they count them
    told    the source is known: what its numbers are is no guess
    notes   what was decided rather than told
    local   whether any instant was naive, so that the zone mattered
    """

    unit: str | None
    zone: str
    order: str | None = None
    day: dt.date | None = None
    told: bool = False
    naive: bool = True
    notes: list[str] = field(default_factory=list)
    local: bool = False
    _form: str | Form | None = None
    _guessed: bool = False

    def __post_init__(self) -> None:
        if self.unit is not None and self.unit not in UNITS:
            raise DataError(f"the time unit must be one of {', '.join(UNITS)}, not {self.unit!r}")
        if self.order is not None and self.order not in ORDERS:
            raise DataError(f"dates are {' or '.join(ORDERS)}, not {self.order!r}")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise DataError(f"{self.zone!r} is not a time zone; write a name such as America/New_York or UTC") from None

    def read(self, column: pa.Array) -> tuple[Ints, list[Fault]]:
        """UTC microseconds (of no meaning where there is a fault) and the rows that have none."""
        kind = column.type
        if self.day is not None:
            us, faults, local = *self._of_day(column), True
        elif pa.types.is_timestamp(kind):
            us, missing = _whole(column), column.is_null()
            local = kind.tz is None
            faults = _missing(missing)
        elif pa.types.is_date(kind):
            us, missing = (
                _whole(column.cast(pa.timestamp("us" if pa.types.is_date32(kind) else "ms"))),
                column.is_null(),
            )
            local = True
            faults = _missing(missing)
        elif pa.types.is_integer(kind) and self._form == "number":
            us, faults, local = _counted(column, self.unit or "s"), _missing(column.is_null()), False
        elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            # The shortest decimal text that names a double is what its source wrote.
            us, faults, local = self._text(column.cast(pa.string()), column)
        else:
            us, faults, local = self._text(column, column)
        if local:
            us, more = self._localize(us, {fault.row for fault in faults}, column)
            faults = faults + more
        if self.is_number:
            faults = faults + _of_fewer_digits(us, {fault.row for fault in faults}, column)
        return us, faults + _implausible(us, {fault.row for fault in faults}, column, self._guessed)

    def settle(self, texts: Sequence[str]) -> None:
        """Tells from a sample how instants are written. Raises DataError, of which EitherWay asks for `order`."""
        first = next((text for text in texts if any(c.isdigit() for c in text)), texts[0])
        self._settle(first, [first, *texts])

    @property
    def is_number(self) -> bool:
        """Whether instants are written as numbers since 1970."""
        return self._form == "number"

    @property
    def is_plain(self) -> bool:
        """Whether each value says by itself how it is written."""
        return self.day is None and self._form in ("number", "compact", "dashed", "iso")

    def _of_day(self, column: pa.Array) -> tuple[Ints, list[Fault]]:
        assert self.day is not None
        since = (self.day - _EPOCH.date()).days * 86_400_000_000
        us, bad = _numbers(column.cast(pa.string()), "ms")
        wrong = bad | (us < 0) | (us >= 86_400_000_000)
        # A source that writes so writes in order: a time that lacks a digit is told by that.
        read = us[~wrong]
        newest_first = (read[1:] < read[:-1]).sum() > (read[1:] > read[:-1]).sum()
        risen = -read if newest_first else read
        behind = np.flatnonzero(~wrong)[risen < np.maximum.accumulate(risen)].tolist()
        late = [Fault(row, "a time out of the order of the rows above", _show(column, row)) for row in behind]
        return us + since, _unreadable(wrong, column, column) + late

    # ── text ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _text(self, column: pa.Array, shown: pa.Array) -> tuple[Ints, list[Fault], bool]:
        if self._form is None:
            first = next((value.strip() for value in column.drop_null().to_pylist() if value.strip()), None)
            if first is None:
                return np.zeros(len(column), np.int64), _missing(pa.array([True] * len(column))), False
            self._settle(first, [first])
        if self._form == "number":
            us, bad = _numbers(column, self.unit or "s")
            return us, _unreadable(bad, column, shown), False
        text = pc.utf8_trim_whitespace(column)
        if isinstance(self._form, Form):
            text = self._form.iso(text)
        if self._form == "compact":
            text = pc.replace_substring_regex(text, _COMPACT_SHORT, r"\1 0\2")
            text = pc.replace_substring_regex(text, _COMPACT_MS, r"\1.\2")
            text = pc.replace_substring_regex(text, _COMPACT, r"\1-\2-\3 \4:\5:\6\7")
            text = pc.replace_substring_regex(text, r" :+$", "")
            text = pc.replace_substring_regex(text, r":$", "")
        if self._form == "dashed" or isinstance(self._form, Form):
            dashed = pc.equal(pc.find_substring(text, "-"), 4)
            if not pc.all(dashed).as_py():
                # 20240310 would be read too, and comes from another file.
                text = pc.if_else(dashed, text, pc.binary_join_element_wise("?", text, ""))
        text = pc.replace_substring_regex(text, _UTC_WORD, "Z")
        return self._iso(text, shown)

    def _settle(self, first: str, texts: Sequence[str]) -> None:
        if self.unit is None and _COMPACT_HINT.fullmatch(first):
            self._form = "compact"
            if first.isdigit() and not self.told:
                self.notes.append(f"times such as {first} were read as dates and times of {self.zone}, not as numbers")
        elif _NUMBER.fullmatch(first):
            self._form = "number"
            if self.unit is None:
                self.unit = _guess(first)
                self._guessed = True
                if not self.told:
                    self.notes.append(
                        f"times such as {first} were read as {_NAMES[self.unit]} since 1970 (--time-unit)"
                    )
        else:
            self._form = form_of(texts, self.order) or ("dashed" if _DASHED.match(first) else "iso")

    def _iso(self, text: pa.Array, shown: pa.Array) -> tuple[Ints, list[Fault], bool]:
        zoned = pc.fill_null(pc.match_substring_regex(text, r"\d\d:\d\d.*" + _ZONED), False)
        count = pc.sum(zoned).as_py() or 0
        if count in (0, len(text) - text.null_count):
            try:
                parsed = text.cast(pa.timestamp("ns", "UTC" if count else None))
                return _whole(parsed), _missing(text.is_null()), not count
            except pa.ArrowInvalid:
                pass
        us = np.zeros(len(text), np.int64)
        faults = []
        for row, value in enumerate(text.to_pylist()):
            if not value:
                faults.append(Fault(row, "no time"))
                continue
            instant = self._one(value)
            if isinstance(instant, str):
                faults.append(Fault(row, instant, _show(shown, row)))
            else:
                us[row] = instant
        return us, faults, False

    def _one(self, text: str) -> int | str:
        """One instant, the slow and thorough way: microseconds, or why not."""
        try:
            moment = dt.datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d\d:?\d\d$)", "", text))
        except ValueError:
            return "not a time (write ISO 8601, or numbers with --time-unit)"
        if moment.tzinfo is not None:
            return (moment.astimezone(dt.UTC).replace(tzinfo=None) - _EPOCH) // dt.timedelta(microseconds=1)
        naive = np.array([(moment - _EPOCH) // dt.timedelta(microseconds=1)], np.int64)
        us, faults = self._localize(naive, set(), pa.array([text]))
        return faults[0].kind if faults else int(us[0])

    # ── local times ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _localize(self, us: Ints, skip: set[int], shown: pa.Array) -> tuple[Ints, list[Fault]]:
        self.local = True
        if not self.naive:
            return us, [Fault(n, NO_ZONE, _show(shown, n)) for n in range(len(us)) if n not in skip]
        if self.zone in ("UTC", "Etc/UTC"):
            return us, []
        usable = np.clip(us, _EARLIEST_US, _LATEST_US)
        naive = pa.array(usable).cast(pa.timestamp("us"))
        early, late = (
            pc.assume_timezone(naive, self.zone, ambiguous=side, nonexistent=side).view(pa.int64()).to_numpy()
            for side in ("earliest", "latest")
        )
        faults = []
        for row in np.flatnonzero(early != late).tolist():
            if row not in skip:
                twice = late[row] - early[row] > 1
                kind = (
                    f"this local time happens twice in {self.zone}, as clocks go back: give UTC or an offset"
                    if twice
                    else f"this local time does not exist in {self.zone}, as clocks go forward"
                )
                faults.append(Fault(row, kind, _show(shown, row)))
        return np.where(us == usable, early, us), faults


def close_to_open(us: Ints, interval: str, zone: str) -> Ints:
    """Closing instants of candles to their opening ones; calendar units are counted on the zone's clock."""
    match = re.fullmatch(r"(\d+)(d|w|mo|q|y)", interval)
    if match is None:
        from tapeql.storage.layout import interval_us

        return us - (interval_us(interval) or 0)
    count, unit = int(match[1]), match[2]
    utc = pa.array(us).cast(pa.timestamp("us", "UTC"))
    local = pc.local_timestamp(utc.cast(pa.timestamp("us", zone))).view(pa.int64()).to_numpy()
    wall = local.astype("datetime64[us]")
    if unit in ("d", "w"):
        wall = wall - np.timedelta64(count * (7 if unit == "w" else 1), "D")
    else:
        months = wall.astype("datetime64[M]")
        back = np.timedelta64(count * {"mo": 1, "q": 3, "y": 12}[unit], "M")
        wall = (months - back).astype("datetime64[us]") + (wall - months.astype("datetime64[us]"))
    naive = pa.array(wall.astype(np.int64)).cast(pa.timestamp("us"))
    opened = pc.assume_timezone(naive, zone, ambiguous="earliest", nonexistent="latest")
    values: Ints = opened.view(pa.int64()).to_numpy()
    return values


def _counted(column: pa.Array, unit: str) -> Ints:
    """Whole numbers in `unit` to microseconds, floored; what would not fit is the end of time."""
    values = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    if unit == "ns":
        return np.asarray(values // 1000)
    factor = {"s": 1_000_000, "ms": 1000, "us": 1}[unit]
    return np.asarray(np.clip(values, _EARLIEST_US // factor - 1, _LATEST_US // factor) * factor)


def _numbers(column: pa.Array, unit: str) -> tuple[Ints, Bools]:
    """Decimal text in `unit` to microseconds, floored; no double ever holds it."""
    places = UNITS[unit]
    try:
        exact = column.cast(pa.decimal128(38, places))
        limbs = np.frombuffer(exact.buffers()[1], np.int64)[2 * exact.offset :][: 2 * len(exact)].reshape(-1, 2)
        bad = column.is_null().to_numpy(zero_copy_only=False)
        wide = limbs[:, 1] != (limbs[:, 0] >> 63)
        return np.where(wide, _LATEST_US, limbs[:, 0] // 1000), bad
    except pa.ArrowInvalid:
        pass
    us = np.zeros(len(column), np.int64)
    bad = np.zeros(len(column), np.bool_)
    for row, value in enumerate(column.to_pylist()):
        try:
            if "_" in (value or ""):  # which Python reads between digits
                raise InvalidOperation
            floored = (Decimal((value or "").strip()).scaleb(places) / 1000).to_integral_value("ROUND_FLOOR")
            us[row] = min(max(int(floored), _EARLIEST_US - 1), _LATEST_US)
        except (InvalidOperation, ValueError, OverflowError):
            bad[row] = True
    return us, bad


def _guess(first: str) -> str:
    """The unit of the numbers that begin with this one. Raises DataError where the guess would be a bad one."""
    number = Decimal(first)
    unit = _unit_of(number)
    if number < _GUESSED_FROM_S * 10 ** (9 - UNITS[unit]):
        raise DataError(
            f"the first time is {first[:60]}; in {_NAMES[unit]} since 1970 that would be before 1990, so the unit was not "
            f"guessed: give it with --time-unit ({', '.join(UNITS)})"
        )
    return unit


def _unit_of(number: Decimal) -> str:
    """Seconds until the year 5138, milliseconds from 1973 on, and so forth: the readings never overlap."""
    size = abs(number)
    return "s" if size < 10**11 else "ms" if size < 10**14 else "us" if size < 10**17 else "ns"


def _whole(column: pa.Array) -> Ints:
    """A timestamp array as microseconds, floored; 0 where NULL."""
    values = column.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    match column.type.unit:
        case "s":
            return np.asarray(values * 1_000_000)
        case "ms":
            return np.asarray(values * 1_000)
        case "us":
            return np.asarray(values)
        case _:
            return np.asarray(values // 1_000)


def _missing(null: Any) -> list[Fault]:
    rows = np.flatnonzero(null.to_numpy(zero_copy_only=False))
    return [Fault(row, "no time") for row in rows.tolist()]


def _unreadable(bad: Bools, column: pa.Array, shown: pa.Array) -> list[Fault]:
    faults = []
    for row in np.flatnonzero(bad).tolist():
        empty = not (column[row].as_py() or "").strip()
        faults.append(Fault(row, "no time") if empty else Fault(row, "not a time in numbers", _show(shown, row)))
    return faults


def _implausible(us: Ints, skip: set[int], shown: pa.Array, guessed: bool) -> list[Fault]:
    earliest, question = (
        (_GUESSED_FROM_S * 1_000_000, "1990 to 2199 (if it is right, give --time-unit)")
        if guessed
        else (_EARLIEST_US, "1900 to 2199 (is --time-unit right?)")
    )
    rows = np.flatnonzero((us < earliest) | (us >= _LATEST_US)).tolist()
    kind = f"an instant outside the years {question}"
    return [Fault(row, kind, _show(shown, row)) for row in rows if row not in skip]


def _of_fewer_digits(us: Ints, skip: set[int], shown: pa.Array) -> list[Fault]:
    """Times before numbers since 1970 had their last digit more, among later ones, with years of nothing between."""
    short = us < _LONGER_US
    if not short.any() or short.all() or us[~short].min() < _LONGER_US + _NOTHING_US:
        return []
    kind = "a time of fewer digits than the others"
    return [Fault(row, kind, _show(shown, row)) for row in np.flatnonzero(short).tolist() if row not in skip]


def _show(column: pa.Array, row: int) -> str:
    return f"{str(column[row].as_py())[:60]!r}"
