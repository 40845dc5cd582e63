"""Rows bound to what is stored: where each symbol is read from, and how far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tapeql.errors import Diagnostic, QueryError
from tapeql.operators.fill import FillSlots
from tapeql.operators.operator import Query
from tapeql.plan.sources import Choice, Stored, choose, ends, stored
from tapeql.plan.told import day_text, told_of
from tapeql.query.asked import Asked
from tapeql.query.nodes import Align, Interval, Of, OfAnchor, SessionSpec, Symbol
from tapeql.query.rewriting import columns_in
from tapeql.rows.nesting import Shape, interval_named, interval_us
from tapeql.rows.nodes import Bars, Feed, Quotes, Rows, Ticks
from tapeql.rows.spans import NOWHERE, Spans, union, without
from tapeql.storage.snapshot import Snapshot


def bound(query: Query, snapshot: Snapshot, notes: list[Diagnostic]) -> Rows:
    """The rows of a query; `notes` takes what is to be told of them.

    Raises QueryError where nothing stored can answer: E402 (no stored interval nests), E403 (nothing of that kind).
    """
    match query.rows:
        case Bars() as rows:
            return bound_bars(rows, query, snapshot, notes)
        case Ticks() as rows:
            return replace(rows, feeds=_moments(rows, query.asked, snapshot, "ticks", "trades"))
        case Quotes() as rows:
            return replace(rows, feeds=_moments(rows, query.asked, snapshot, "quotes", "quotes"))


def _moments(rows: Rows, asked: Asked, snapshot: Snapshot, table: str, what: str) -> tuple[Feed, ...]:
    feeds = []
    for feed in rows.feeds:
        parts = snapshot.parts(table, feed.symbol.venue, feed.symbol.code)
        if parts:
            first = min(p.min_us for p in parts)
            last = max(p.max_us for p in parts) + 1
            start = first if asked.start_us is None else max(asked.start_us, first)
            end = min(last, asked.end_us or last, asked.now_us)
            feeds.append(replace(feed, start_us=start, end_us=max(end, start)))
    if not feeds:
        _nothing([feed.symbol for feed in rows.feeds], what, snapshot)
    return tuple(feeds)


def bound_bars(rows: Bars, query: Query, snapshot: Snapshot, notes: list[Diagnostic] | None = None) -> Bars:
    """Bars of the symbols that have trades or candles.

    `notes` takes what is to be told of the sources; with it, candles that do not nest in any of the range are refused.
    """
    asked = query.asked
    shape = Shape(rows.interval, rows.zone, rows.reference, rows.sessions, rows.align)
    filled = any(isinstance(step, FillSlots) for step in query.steps)
    feeds = []
    unfit: list[tuple[Stored, str]] = []
    for feed in rows.feeds:
        found = stored(snapshot, feed.symbol, asked.now_us)
        if not found.parts:
            continue
        what = _of_trades(query)
        if rows.ticks_where is not None or rows.interval.by or what:
            what = (
                what
                if what
                else "which TICKS WHERE cannot filter"
                if rows.ticks_where is not None
                else _uncut(rows.interval)
            )
            found = _only_trades(asked, found, snapshot, what, notes)
        choice = choose(found, feed.calendar, shape, snapshot, asked.now_us)
        told = [] if notes is None else told_of(asked, feed.symbol, choice, feed.calendar, shape)
        if choice.sources and told is not None:
            feeds.append(_feed(feed, asked, found, choice, filled))
            if notes is not None:
                notes.extend(told)
        else:
            unfit.append((found, feed.calendar))
    if unfit:
        raise _unfit(asked, snapshot, [found for found, _ in unfit], unfit[0][1], shape)
    if not feeds:
        _nothing([feed.symbol for feed in rows.feeds], "trades or candles", snapshot)
    return replace(rows, feeds=tuple(feeds))


def _of_trades(query: Query) -> str:
    """Why a query that reads columns of trades cannot do with candles; "" where it can."""
    read = (column for step in query.steps for expr in step.expressions() for column in columns_in(expr))
    of_trades = any(column.of is Of.PRICES or isinstance(column.of, OfAnchor) for column in read)
    return "which do not say at which prices was traded" if of_trades else ""


def _uncut(interval: Interval) -> str:
    return f"of which no bars of {interval.text} can be made"


def _only_trades(asked: Asked, found: Stored, snapshot: Snapshot, what: str, notes: list[Diagnostic] | None) -> Stored:
    """What is made of trades alone: candles are left out, and told of where only they are stored in the range."""
    trades = Spans.of(snapshot.coverage("ticks", found.symbol.venue, found.symbol.code)) if found.ticks else NOWHERE
    low = min(p.min_us for p in found.parts) if asked.start_us is None else asked.start_us
    high = asked.now_us if asked.end_us is None else min(asked.end_us, asked.now_us)
    candles = union(
        *(Spans.of(snapshot.coverage("ohlcv", found.symbol.venue, found.symbol.code, i)) for i in found.candles)
    )
    lacking = without(candles, trades).clipped(low, high)
    only = f"{found.symbol} has only candles, {what}"
    if not found.ticks or (len(lacking.start) and not len(trades.clipped(low, high).start)):
        hint = "leave TICKS WHERE out, or import trades" if "TICKS WHERE" in what else "import trades"
        raise QueryError([Diagnostic("E405", f"{only}, in all of the range", hints=(hint,))], asked.source)
    if notes is not None and len(lacking.start):
        first, last = day_text(int(lacking.start[0])), day_text(int(lacking.end[-1]) - 1)
        notes.append(Diagnostic("N108", f"{only}, for some of {first} .. {last}: their bars are left out"))
    return replace(found, candles={})


def _feed(feed: Feed, asked: Asked, found: Stored, choice: Choice, filled: bool) -> Feed:
    first = choice.sources[0].start_us
    last = max(ends(p, feed.calendar) for p in found.parts)
    start = first if asked.start_us is None else max(asked.start_us, first)
    end = asked.now_us if asked.end_us is None else min(asked.end_us, asked.now_us)
    whole = asked.start_us is None and end == asked.now_us
    if not filled or whole:  # FILL goes on to the end of a range, but everything stored ends where it ends
        end = min(end, last)
    return replace(feed, start_us=start, end_us=max(end, start), sources=choice.sources, dates=choice.dates)


def _unfit(asked: Asked, snapshot: Snapshot, unfit: list[Stored], calendar: str, shape: Shape) -> QueryError:
    have = sorted({i for found in unfit for i in found.candles}, key=interval_us)
    named = ", ".join(str(found.symbol) for found in unfit)
    reason = f"no stored candles of {named} nest in bars of {shape.interval.text}{_of(shape.sessions)}"
    hints = [f"stored intervals: {', '.join(have)}", *_why(", ".join(have), shape)]
    hints += _ways_out(asked, snapshot, unfit[0], calendar, shape)
    return QueryError([Diagnostic("E402", reason, hints=tuple(hints))], asked.source)


def _ways_out(asked: Asked, snapshot: Snapshot, found: Stored, calendar: str, shape: Shape) -> list[str]:
    """The bars that the stored candles would make, nearest to what was asked."""
    candles = replace(found, ticks=())
    epoch = Align("epoch")
    ways = [("ALIGN epoch", replace(shape, align=epoch))] if not shape.interval.is_calendar else []
    for text in sorted(found.candles, key=interval_us):
        length = interval_named(text)
        ways += [(f"CANDLES {text}", replace(shape, interval=length, align=Align()))]
        ways += (
            []
            if length.is_calendar
            else [(f"CANDLES {text} ALIGN epoch", replace(shape, interval=length, align=epoch))]
        )
    for written, other in ways:
        if choose(candles, calendar, other, snapshot, asked.now_us).sources:
            return [f"`{written}` would work"]
    return []


def _of(sessions: tuple[SessionSpec, ...]) -> str:
    return " of the session " + ", ".join(s.name for s in sessions) if sessions else ""


def _why(have: str, shape: Shape) -> tuple[str, ...]:
    """What to do where only candles of whole days are stored."""
    if not have.endswith(("d", "w", "o", "q", "y")):
        return ()
    if shape.sessions:
        return ("candles of whole days do not say what happened in one session; import trades or finer candles",)
    if not shape.interval.is_calendar:
        return ("candles of whole days do not say what happened within a day; import trades or finer candles",)
    return (f"their days must be the days of the bars, which here begin at midnight {shape.zone}: see TZ and CALENDAR",)


def _nothing(symbols: Sequence[Symbol], what: str, snapshot: Snapshot) -> None:
    """Says what there is instead, and how it is asked for."""
    named = ", ".join(str(s) for s in symbols)
    candles = sorted({i for s in symbols for i in snapshot.intervals(s.venue, s.code)}, key=interval_us)
    ways = {
        "trades": "`TICKS` and `CANDLES` ask for them",
        "quotes": "`QUOTES` and `STATS OF QUOTES` ask for them",
        "candles": f"`CANDLES {candles[0]}` asks for them" if candles else "",
    }
    held = [name for name, table in (("trades", "ticks"), ("quotes", "quotes")) if _holds(symbols, table, snapshot)]
    held += ["candles"] if candles else []
    hints = [f"there are {name}: {ways[name]}" for name in held] or ["`SHOW symbols` lists what is stored"]
    raise QueryError([Diagnostic("E403", f"no {what} are stored for {named}", hints=tuple(hints))])


def _holds(symbols: Sequence[Symbol], table: str, snapshot: Snapshot) -> bool:
    return any(snapshot.parts(table, symbol.venue, symbol.code) for symbol in symbols)
