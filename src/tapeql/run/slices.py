"""Slices: a plan cut into plans that need nothing of each other, by symbol or by time.

They follow from the plan and from what is stored, never from how many threads there are, so an answer has the same bits on one
core and on many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from tapeql import limits
from tapeql.operators.in_range import InRange
from tapeql.operators.operator import Cut, Plan
from tapeql.rows.nodes import Bars, Feed, Ticks
from tapeql.storage.snapshot import Part, Snapshot
from tapeql.words.clauses.warmup import ReadBefore


def by_symbol(plan: Plan, snapshot: Snapshot) -> list[Plan]:
    """A located plan for each symbol; for neighbours with few rows one, since to hand rows over costs more than they do."""
    groups: list[list[Feed]] = []
    room = -1  # in the last group, which is closed at first and behind a symbol with many rows
    for feed in plan.rows.feeds:
        rows = sum(p.rows for p in _parts(plan, feed, snapshot) if p.min_us < feed.end_us and p.max_us >= feed.start_us)
        if rows > limits.SLICE_TOGETHER_ROWS:
            groups.append([feed])
            room = -1
        elif rows > room:
            groups.append([feed])
            room = limits.SLICE_ROWS - rows
        else:
            groups[-1].append(feed)
            room -= rows
    return [replace(plan, rows=replace(plan.rows, feeds=tuple(feeds))) for feeds in groups]


def by_time(plan: Plan, snapshot: Snapshot) -> list[Plan]:
    """Plans, not located yet, for stretches of the range of a plan of one symbol; the plan itself where it must be whole.

    A stretch holds about SLICE_ROWS stored rows. It can stand alone where what is computed is exact with a known number of rows
    before it, and where no other plan would be asked again for each. WARMUP counts from the beginning of the whole range.
    """
    if plan.lookback_rows is None or plan.asked.of(ReadBefore) is not None:
        return [plan]
    if len(plan.rows.feeds) != 1 or any(step.plans() for step in plan.steps):
        return [plan]
    if any(Cut.SERIES < step.cut < Cut.WHOLE for step in plan.steps):
        return [plan]
    (feed,) = plan.rows.feeds
    edges = [e for e in _edges(_parts(plan, feed, snapshot)) if feed.start_us < e < feed.end_us]
    return [within(plan, *stretch) for stretch in pairwise((None, *edges, None))]


def within(plan: Plan, start_us: int | None, end_us: int | None) -> Plan:
    """The plan over less of its range; None: as far as it goes."""
    asked = plan.asked
    low = asked.start_us if start_us is None else start_us
    high = asked.end_us if end_us is None else end_us

    def cut(feed: Feed) -> Feed:
        start = feed.start_us if start_us is None else min(max(feed.start_us, start_us), feed.end_us)
        end = feed.end_us if end_us is None else max(min(feed.end_us, end_us), start)
        return replace(feed, start_us=start, end_us=end)

    steps = (replace(s, start_us=low, end_us=high) if isinstance(s, InRange) else s for s in plan.steps)
    rows = replace(plan.rows, feeds=tuple(cut(feed) for feed in plan.rows.feeds))
    return replace(plan, asked=replace(asked, start_us=low, end_us=high), rows=rows, steps=tuple(steps))


def _parts(plan: Plan, feed: Feed, snapshot: Snapshot) -> Iterator[Part]:
    symbol = feed.symbol
    if isinstance(plan.rows, Bars):
        for table, interval in dict.fromkeys((s.table, s.interval) for s in feed.sources):
            yield from snapshot.parts(table, symbol.venue, symbol.code, interval)
    else:
        yield from snapshot.parts("ticks" if isinstance(plan.rows, Ticks) else "quotes", symbol.venue, symbol.code)


def _edges(parts: Iterator[Part]) -> Iterator[int]:
    """Instants between which about SLICE_ROWS rows are stored, at the beginnings of parts."""
    rows = 0
    for part in sorted(parts, key=lambda part: part.min_us):
        if rows >= limits.SLICE_ROWS:
            yield part.min_us
            rows = 0
        rows += part.rows
