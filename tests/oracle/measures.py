"""Columns that are not fixed ones: `spread_pct` of a bar, `in.premarket`, `premarket.high`, `day.gap_pct`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from tapeql.query.columns import QUOTE_MEASURES
from tapeql.query.nodes import Column, Of, OfAnchor, OfDate, SessionSpec
from tapeql.words.clauses.asof_quotes import Prevailing
from tests.oracle import grid as clock
from tests.oracle.buckets import ALWAYS
from tests.oracle.parts import parts
from tests.oracle.quotes import measures, prevailing, time_weighted
from tests.oracle.rows import Asked, bars_of
from tests.oracle.running import running, time_weighted_price
from tests.oracle.tape import Row

Known = dict[int, tuple[int, Any]]
"""Of a session date: since when a value is known, and the value."""


def measure(column: Column, rows: Sequence[Row], asked: Asked) -> list[Any] | None:
    """The values of a column, or None if it is one the rows have by themselves."""
    name, of, interval = column.name, column.of, asked.interval
    asking_for = asked.query.prevailing
    if of is Of.ROW:
        return None
    if of is Of.QUOTES:
        grid = asked.grid
        now = asked.query.now_us  # what stands in time to come is not known
        ends = [min(row["ts_close"], now) for row in rows]
        return [
            time_weighted(name, row["ts"], end, grid, asked.recorded.quotes)
            for row, end in zip(rows, ends, strict=True)
        ]
    if of is Of.PREVAILING:
        assert asking_for is not None
        return [prevailed(row["ts"], asking_for, asked)[name] for row in rows]
    if of is Of.PRICES:
        return time_weighted_price(rows, asked)
    if isinstance(of, OfAnchor):
        return running(column, rows, asked)
    if of is Of.TIME:
        long = interval is not None and interval.is_calendar
        return parts(name, rows, asked.calendar, asked.query.reference, asked.grid, long)
    if of is Of.SESSIONS:
        return [
            clock.session_of(asked.calendar, asked.query.reference, row["ts"], row.get("ts_close", row["ts"] + 1))
            == name
            for row in rows
        ]
    days = {row["session_date"] for row in rows if row["session_date"] is not None}
    assert isinstance(of, OfDate)
    known = gaps(asked) if of.session is None else session_measure(SessionSpec(of.session), name, days, asked)
    whole_days = interval is not None and interval.is_calendar
    values = []
    for row in rows:
        since, value = known.get(row["session_date"], (0, None))
        values.append(value if whole_days or since <= row["ts"] else None)
    return values


def prevailed(ts: int, asking_for: Prevailing, asked: Asked) -> Row:
    """The quote that prevailed at a trade, side by side with what it says by itself."""
    at = ts - asking_for.lag_us
    market = (ALWAYS, ALWAYS) if asked.calendar == "24x7" else clock.open_market(asked.calendar, at)
    known = [q for q in asked.recorded.quotes if market is not None and market[0] <= q["ts"] <= at]
    nothing = dict.fromkeys(("bid", "bid_size", "ask", "ask_size", "spread", "mid", "spread_pct", "quote_ts"))
    if not known or (asking_for.tolerance_us is not None and ts - known[-1]["ts"] > asking_for.tolerance_us):
        return nothing
    quote = prevailing(known)
    sides = {side: quote[side] or None for side in ("bid", "ask")}
    sizes = {f"{side}_size": quote[f"{side}_size"] if sides[side] else None for side in ("bid", "ask")}
    stands = sides["bid"] is not None or sides["ask"] is not None
    return sides | sizes | measures(sides) | {"quote_ts": known[-1]["ts"] if stands else None}


def session_measure(spec: SessionSpec, name: str, days: set[int], asked: Asked) -> Known:
    """What a session is as one bar of its own; known once it has closed."""
    grid = asked.day_grid(spec)
    bars = {bar["ts"]: bar for bar in bars_of(asked, grid)}
    known: Known = {}
    for day in days:
        on = date.fromordinal(date(1970, 1, 1).toordinal() + day)
        spans = clock.chosen_spans((spec,), on, on, asked.calendar, asked.query.zone, asked.query.reference)
        if spans:
            opening, closing = spans[0].start, spans[-1].end
            if name in QUOTE_MEASURES:
                value = time_weighted(name, opening, min(closing, asked.query.now_us), grid, asked.recorded.quotes)
            else:
                value = bars[opening][name] if opening in bars else None
            known[day] = (closing, value)
    return known


def gaps(asked: Asked) -> Known:
    """100 × (a day's open / the close of the day with data before it − 1); known from the day's opening on."""
    known: Known = {}
    before = None
    for bar in bars_of(asked, asked.day_grid()):
        is_known = bar["open"] is not None and before
        known[bar["session_date"]] = (bar["ts"], 100 * (bar["open"] / before - 1) if is_known else None)
        before = bar["close"]
    return known
