"""Parts of a row's time, one row at a time, with `datetime`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from tests.oracle import grid as clock
from tests.oracle.buckets import Grid
from tests.oracle.tape import Row

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def part(name: str, row: Row, calendar: str, reference: str, grid: Grid, long: bool) -> Any:
    """One part of a row's `ts`; `long` rows are dates."""
    if name in ("since_open", "to_close"):
        return of_session(name, row["ts"], reference if calendar == "24x7" else calendar)
    if name == "bar_of_day":
        return place(row, grid)
    moment = clock.moment_of(row["ts"], grid.zone)
    day = clock.day_of(row["ts"], grid.zone)
    if long:
        if row["session_date"] is None:
            return None
        day = date(1970, 1, 1) + timedelta(days=row["session_date"])
    match name:
        case "time":
            return ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000 + moment.microsecond
        case "hour":
            return moment.hour
        case "minute":
            return moment.minute
        case "date":
            return (day - date(1970, 1, 1)).days
        case "weekday":
            return WEEKDAYS[day.weekday()]
        case "week":
            return day.isocalendar().week
        case "quarter":
            return (day.month + 2) // 3
    return getattr(day, name)


def of_session(name: str, ts: int, calendar: str) -> int | None:
    here = clock.open_span(calendar, ts)
    if here is None:
        return None
    spans = [span for span in clock.schedule(calendar)[here.day] if span.name == here.name]
    return ts - spans[0].start if name == "since_open" else spans[-1].end - ts


def place(row: Row, grid: Grid) -> int | None:
    """Counts the bars that the row's session date has room for, up to its own."""
    if row["session_date"] is None:
        return None
    opens: list[int] = []
    piece = grid.at(row["ts"])
    while row["ts"] - piece.start < 2 * clock.DAY_US:
        piece = grid.at(piece.start - 1)
    while piece.start <= row["ts"]:
        if piece.date == row["session_date"] and piece.open is not None and piece.open not in opens:
            opens.append(piece.open)
        piece = grid.at(piece.end)
    return opens.index(row["ts"]) + 1 if row["ts"] in opens else None


def parts(name: str, rows: Sequence[Row], calendar: str, reference: str, grid: Grid, long: bool) -> list[Any]:
    return [part(name, row, calendar, reference, grid, long) for row in rows]
