"""Rows as EXPLAIN prints them."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql.query.nodes import Align, SessionSpec
from tapeql.query.text import expr_text, instant_text
from tapeql.rows.nodes import Bars, Feed, Quotes, Rows, Ticks


def rows_text(rows: Rows) -> Iterator[str]:
    """What is read, then a line a symbol."""
    match rows:
        case Bars():
            yield f"bars {rows.interval.text}{_sessions(rows.sessions)}{_align(rows.align)} zone {rows.zone}"
            where = rows.ticks_where
        case Ticks():
            yield f"ticks{_sessions(rows.sessions)}"
            where = rows.where
        case Quotes():
            yield f"quotes{_sessions(rows.sessions)}"
            where = rows.where
    if where is not None:
        yield f"  {'quotes' if isinstance(rows, Quotes) else 'trades'} where {expr_text(where)}"
    for feed in rows.feeds:
        yield f"  {feed.symbol} on {feed.calendar}: {instant_text(feed.start_us)} .. {instant_text(feed.end_us)}{_sources(feed)}"


def _sources(feed: Feed) -> str:
    names = dict.fromkeys("trades" if s.table == "ticks" else f"{s.interval} candles" for s in feed.sources)
    return f" from {', '.join(names)}" if names else ""


def _sessions(sessions: tuple[SessionSpec, ...]) -> str:
    return f" session {', '.join(s.name for s in sessions)}" if sessions else ""


def _align(align: Align) -> str:
    text = "" if align.to == "session" else f" aligned to {align.to}"
    return text + (f" offset {align.offset_us} us" if align.offset_us else "")
