"""DURING, SINCE, UNTIL → half-open instants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tapeql.errors import Span
from tapeql.language import syntax
from tapeql.language.clauses.during import DatePoint, During
from tapeql.language.clauses.since import Since
from tapeql.language.clauses.until import Until
from tapeql.query import dates
from tapeql.query.durations import CALENDAR_DAYS, BadDuration, elapsed_us
from tapeql.query.report import Report
from tapeql.query.text import instant_text


@dataclass(frozen=True, slots=True)
class RangeReader:
    """Reads ranges in one zone at one now. `calendars` count the sessions of `last 20bd`.

    by_date   rows are session dates: a date also holds what of its session lies on the evening before
    """

    zone: str
    calendars: Sequence[str]
    now_us: int
    params: Mapping[str, object]
    report: Report
    by_date: bool = False

    def read(self, during: During | None, since: Since | None, until: Until | None) -> tuple[int | None, int | None]:
        """The range asked for; no start where the text sets none, the end is now where it sets none."""
        if during is not None and (other := since or until):
            self.report.add(
                "E207", "DURING says the whole range; SINCE and UNTIL say its ends", during.span.to(other.span)
            )
        if during is None:
            return self._between(since.start if since else None, until.end if until else None)
        if during.last is not None:
            return self._last(during.last), self.now_us
        assert during.start is not None
        if during.end is None:
            return self._whole(during.start)
        return self._between(during.start, during.end)

    def _whole(self, point: DatePoint) -> tuple[int | None, int | None]:
        match self._when(point):
            case dates.Days() as days:
                return self._begins(days.first), self._begins(days.past)
            case dates.Instant():
                self.report.add(
                    "E401",
                    "an instant is not a range: nothing lies in it",
                    point.span,
                    "write `SINCE a`, `a .. b`, or a date without a time of day",
                )
            case _:
                pass
        return None, None

    def _between(self, start: DatePoint | None, end: DatePoint | None) -> tuple[int | None, int | None]:
        """A date on the right stands for its whole span; an instant there is excluded."""
        first = self._when(start) if start else None
        last = self._when(end) if end else dates.Instant(self.now_us)
        start_us = self._edge(first, 0)
        end_us = self._edge(last, 1)
        if start is not None and start_us is not None and end_us is not None:
            nothing_between = end_us == start_us and isinstance(last, dates.Days)
            if end_us < start_us or nothing_between:
                self._backwards(start, end)
        return start_us, end_us

    def _backwards(self, start: DatePoint, end: DatePoint | None) -> None:
        if end is None:
            self.report.add("E401", f"the range begins after now, {instant_text(self.now_us)}", start.span)
        else:
            self.report.add(
                "E401",
                "the range ends before it begins",
                start.span.to(end.span),
                "ranges are written `earlier .. later`",
            )

    def _edge(self, when: dates.When | None, side: int) -> int | None:
        match when:
            case None:
                return None
            case dates.Instant(us=us):
                return us
            case dates.Days() as days:
                return self._begins(days.past if side else days.first)

    def _begins(self, day: int) -> int:
        """When a date begins: at midnight, or with its session where rows are dates and sessions begin before it."""
        from tapeql.calendars import dates_as_instants, is_continuous, local_midnight_us, zone_of

        midnight = int(local_midnight_us(day, self.zone))
        if not self.by_date:
            return midnight
        own = [c for c in self.calendars if not is_continuous(c) and zone_of(c) == self.zone]
        openings = [int(dates_as_instants(c, self.zone, [day], [day + 40])[0][0]) for c in own]
        return min([midnight, *openings])

    def _when(self, point: DatePoint) -> dates.When | None:
        try:
            match point:
                case syntax.Date(text=text):
                    when = dates.read(text, self.zone, self.now_us)
                case syntax.Parameter(name=name):
                    if name not in self.params:
                        return None  # told already, as a missing parameter
                    when = dates.of_value(self.params[name], self.zone, self.now_us)
        except dates.NotADate as wrong:
            self.report.add("E404", f"{_as_written(point)}: {wrong}", point.span)
            return None
        if isinstance(when, dates.Instant) and when.note:
            self.report.add("N103", when.note, point.span, "write the offset to choose: `…T01:30-05:00`")
        return when

    def _last(self, duration: syntax.Duration) -> int | None:
        """`last 6h` is exact; `last 30d` starts at midnight so many units ago; `last 20bd` where a session date begins."""
        units = {unit for _, unit in duration.parts}
        try:
            if any(count < 1 for count, _ in duration.parts):
                raise BadDuration("the last of nothing is nothing")
            if units == {"bd"}:
                return self._sessions_ago(sum(count for count, _ in duration.parts))
            if units <= CALENDAR_DAYS.keys():
                return self._midnight_ago(duration)
            if units & (CALENDAR_DAYS.keys() | {"bd"}):
                raise BadDuration(
                    "whole days and elapsed time do not mix: one starts at midnight, the other is exact",
                    "write `last 30h` or `last 2d`",
                )
            return self.now_us - elapsed_us(duration)
        except BadDuration as wrong:
            self._bad(str(wrong), duration.span, wrong.hint)
        except dates.NotADate as wrong:
            self._bad(str(wrong), duration.span, "")
        return None

    def _bad(self, reason: str, span: Span, hint: str) -> None:
        self.report.add("E203", reason, span, *([hint] if hint else []))

    def _midnight_ago(self, duration: syntax.Duration) -> int:
        months = sum(count * {"mo": 1, "q": 3, "y": 12}.get(unit, 0) for count, unit in duration.parts)
        days = sum(count * {"d": 1, "w": 7}.get(unit, 0) for count, unit in duration.parts)
        today = dates.local_day(self.now_us, self.zone)
        if days > 36_600 or months > 1_200:
            raise dates.NotADate("that is before any market's memory")
        return self._begins(dates.months_before(today, months) - days)

    def _sessions_ago(self, count: int) -> int:
        """Where the last sessions begin; with several calendars, where the first of them does."""
        from tapeql.calendars import previous_sessions_start

        if count > 30_000:
            raise BadDuration("that is more sessions than any calendar remembers")
        return min(previous_sessions_start(calendar, self.now_us, count, self.zone) for calendar in self.calendars)


def _as_written(point: DatePoint) -> str:
    return f"`{point.text}`" if isinstance(point, syntax.Date) else f"`${point.name}`"
