"""EXPLAIN cost: which stored rows a located plan may read at most, and how large the files are that hold them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from tapeql.operators.operator import Plan
from tapeql.query.durations import DAY_US
from tapeql.rows.nesting import stamped_before
from tapeql.rows.nodes import Bars, Feed, Rows, Ticks
from tapeql.storage.snapshot import Part, Snapshot

BEFORE_US = DAY_US
"""A quote that prevails was found so long before, or earlier."""


@dataclass(slots=True)
class _Read:
    symbols: set[str] = field(default_factory=set)
    parts: set[Part] = field(default_factory=set)


def cost(plan: Plan, snapshot: Snapshot) -> str:
    """A line for each kind of stored rows, the whole last. Rows are those of the files (or days of a database) that
    the range touches; of a file, a query reads only the row groups and columns it needs."""
    found: defaultdict[str, _Read] = defaultdict(_Read)
    for table, interval, feed, low, high in _stretches(plan):
        symbol = feed.symbol
        read = found[f"{interval} candles" if interval else table]
        parts = [
            part
            for part in snapshot.parts(table, symbol.venue, symbol.code, interval)
            if part.min_us < high and part.max_us >= low
        ]
        if parts:
            read.symbols.add(str(symbol))
            read.parts.update(parts)
    lines = [_line(name, read, snapshot) for name, read in found.items() if read.parts]
    if len(lines) == 1:
        return lines[0]
    whole = _Read(set().union(*(r.symbols for r in found.values())), set().union(*(r.parts for r in found.values())))
    return "\n".join([*lines, _line("in all", whole, snapshot)])


def _stretches(plan: Plan) -> Iterator[tuple[str, str, Feed, int, int]]:
    """Table, interval, symbol and the half-open range that may be read, for the rows and all that is looked up."""
    yield from _of_rows(plan.rows)
    for step in plan.steps:
        for table in step.tables():
            for feed in plan.rows.feeds:
                yield table, "", feed, feed.start_us - BEFORE_US, feed.end_us
        if bars := step.attached():
            yield from _of_rows(bars)
        for inner in step.plans():
            yield from _stretches(inner)


def _of_rows(rows: Rows) -> Iterator[tuple[str, str, Feed, int, int]]:
    for feed in rows.feeds:
        if not isinstance(rows, Bars):
            yield "ticks" if isinstance(rows, Ticks) else "quotes", "", feed, feed.start_us, feed.end_us
            continue
        for source in feed.sources:
            low, high = max(source.start_us, feed.start_us), min(source.end_us, feed.end_us)
            if low < high:
                early = stamped_before(source.interval) if source.interval else 0
                yield source.table, source.interval, feed, low - early, high


def _line(name: str, read: _Read, snapshot: Snapshot) -> str:
    rows = sum(part.rows for part in read.parts)
    text = f"{name}: {_many(len(read.symbols), 'symbol')}, at most {rows:,} rows"
    paths = {part.path for part in read.parts if part.path}
    place = getattr(snapshot, "file", None)
    if not paths or place is None:
        return text
    size = sum(os.path.getsize(place(part)) for part in {part.path: part for part in read.parts}.values())
    return f"{text} in {_many(len(paths), 'file')} of {size / 1e6:,.2f} MB"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
