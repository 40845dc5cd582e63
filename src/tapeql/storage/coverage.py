"""What a store knows to have: stretches of time within which no row is missing.

Imports and backfills say what they brought; of rows nobody spoke for (a feed's, an older store's) it is told by the rows
themselves. What a feed declared missing, and what was not filled since, is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from tapeql import arrow
from tapeql.calendars import local_instant_us
from tapeql.errors import DataError
from tapeql.storage.layout import interval_us, partitions
from tapeql.storage.schema import COVERAGE, GAPS, TS
from tapeql.storage.snapshot import Part, Snapshot

Span = tuple[int, int]
"""Half-open microseconds."""

MIDNIGHT_HOLE_US: Final = 60_000_000
"""A venue's daily files end and begin with a trade: a hole this short over midnight UTC is none."""

_DAY_US: Final = 86_400_000_000
_GAPS_OF: Final = {"ticks": "trades", "quotes": "quotes"}
_FOREVER: Final = 2**61


def coverage(snapshot: Snapshot, table: str, venue: str, code: str, interval: str = "") -> list[Span]:
    """See `Snapshot.coverage`."""
    parts = snapshot.parts(table, venue, code, interval)
    said = _joined(table, [s for s in _said(snapshot, venue, code) if s[0] == (table, interval)])
    spoken = [part for part in parts if _holds(said, part.min_us) and _holds(said, part.max_us)]
    spans = merged([*said, *of_parts([part for part in parts if part not in spoken])])
    return without(spans, _missing(snapshot, table, venue, code))


def records(table: str, interval: str, spans: Iterable[Span], said_by: str) -> pa.Table:
    """Rows of the coverage table."""
    return records_of([(table, interval, span) for span in spans], said_by)


def records_of(said: Iterable[tuple[str, str, Span]], said_by: str) -> pa.Table:
    """Rows of the coverage table, of several tables and intervals."""
    rows = [(table, interval, *span) for table, interval, span in said if span[0] < span[1]]
    tables, intervals, starts, ends = zip(*rows, strict=True) if rows else ((), (), (), ())
    return pa.table(
        {
            "ts": arrow.column(starts, TS),
            "kind": arrow.texts(tables),
            "interval": arrow.texts(intervals),
            "until": arrow.column(ends, TS),
            "said_by": arrow.texts([said_by] * len(rows)),
        }
    )


def end_of(table: str, interval: str, last_us: int) -> int:
    """Where a stretch ends whose last row is stamped so."""
    return last_us + ((interval_us(interval) or 1) if table == "ohlcv" else 1)


def of_parts(parts: Sequence[Part]) -> list[Span]:
    """Where nothing better is known: from the first row to the last of every run of days (months, years) with rows."""
    spans: list[Span] = []
    before = None
    for part in sorted(parts, key=lambda p: p.min_us):
        first, last = partitions(part.table, part.interval, np.array([part.min_us, part.max_us])).tolist()
        end = end_of(part.table, part.interval, part.max_us)
        if before is not None and first <= before + 1:
            spans.append((spans.pop()[0], end))
        else:
            spans.append((part.min_us, end))
        before = last
    return merged(spans)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time as sorted spans that do not touch."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def without(spans: Sequence[Span], holes: Iterable[Span]) -> list[Span]:
    """What of the spans lies in no hole."""
    left = list(spans)
    for low, high in merged(holes):
        cut = [((start, min(end, low)), (max(start, high), end)) for start, end in left]
        left = [span for pair in cut for span in pair if span[0] < span[1]]
    return merged(left)


def said_span(text: str, zone: str) -> Span:
    """`2025-03-10` or `2025-03-01 .. 2025-04`: dates in a zone, each for its whole span. Raises DataError."""
    first, dots, last = (part.strip() for part in text.partition(".."))
    start, until = _moment(first, zone), _moment(last if dots else first, zone)
    if start[0] >= until[1]:
        raise DataError(f"what is covered ends before it begins: {text}")
    return start[0], until[1]


def _moment(text: str, zone: str) -> Span:
    """When a date begins and ends; an instant with its time of day is both."""
    try:
        moment = np.datetime64(text)
        unit = np.datetime_data(moment.dtype)[0]
        days = (
            [int(each.astype("datetime64[D]").astype(np.int64)) for each in (moment, moment + 1)]
            if unit in "YMD"
            else []
        )
    except ValueError:
        raise DataError(f"{text!r} is not a date; write 2025-03-10, or 2025-03-01..2025-04-01") from None
    if days:
        first, last = local_instant_us(days, 0, zone).tolist()
        return first, last
    us = int(moment.astype("datetime64[us]").astype(np.int64))
    at = int(local_instant_us([us // _DAY_US], us % _DAY_US, zone)[0])
    return at, at


def _said(snapshot: Snapshot, venue: str, code: str) -> list[tuple[tuple[str, str], Span]]:
    columns = ("kind", "interval", "ts", "until")
    found = []
    for batch in snapshot.scan(COVERAGE.name, venue, code, -_FOREVER, _FOREVER, columns):
        kinds, intervals, starts, ends = (batch.column(n) for n in range(4))
        names = zip(kinds.to_pylist(), intervals.to_pylist(), strict=True)
        spans = zip(arrow.instants(starts).tolist(), arrow.instants(ends).tolist(), strict=True)
        found += list(zip(names, spans, strict=True))
    return found


def _joined(table: str, said: Iterable[tuple[tuple[str, str], Span]]) -> list[Span]:
    """The stretches, those of trades and quotes joined over midnight."""
    spans = merged(span for _, span in said)
    if table == "ohlcv":
        return spans
    found: list[Span] = []
    for start, end in spans:
        if found and start - found[-1][1] <= MIDNIGHT_HOLE_US and start // _DAY_US > (found[-1][1] - 1) // _DAY_US:
            start = found.pop()[0]
        found.append((start, end))
    return found


def _holds(spans: Sequence[Span], us: int) -> bool:
    return any(start <= us < end for start, end in spans)


def _missing(snapshot: Snapshot, table: str, venue: str, code: str) -> list[Span]:
    """What a feed declared missing and nobody found since."""
    kind = _GAPS_OF.get(table)
    if kind is None:
        return []
    found = []
    for batch in snapshot.scan(GAPS.name, venue, code, -_FOREVER, _FOREVER, ("kind", "ts", "until", "filled_at")):
        kinds, ends, filled = batch.column(0).to_pylist(), batch.column(2), batch.column(3)
        starts = arrow.instants(batch.column(1)).tolist()
        for n, start in enumerate(starts):
            if kinds[n] == kind and not filled[n].is_valid:
                found.append((start, int(ends[n].cast(pa.int64()).as_py()) if ends[n].is_valid else _FOREVER))
    return found
