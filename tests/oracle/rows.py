"""The rows a verb asks for, of one symbol and all of its history: bars, trades or quotes, labelled and filled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tapeql.query.nodes import Align, Column, Expr, Interval, Of, OfAnchor, SessionSpec, Symbol, children
from tapeql.rows.nodes import Quotes
from tests.oracle import grid as clock
from tests.oracle.activity import bars_by_amount
from tests.oracle.bars import bars, only_trades
from tests.oracle.buckets import Grid
from tests.oracle.expressions import evaluate
from tests.oracle.fill import filled
from tests.oracle.heikin_ashi import heikin_ashi
from tests.oracle.parts import part
from tests.oracle.quotes import measures
from tests.oracle.tape import Recorded, Row
from tests.understood import Understood

DAY = Interval("1d", 0, 1, "d")
HOUR = Interval("1h", 3_600_000_000, 0, "")


@dataclass(frozen=True, slots=True)
class Asked:
    """One symbol of a query, with what is recorded of it and the calendar it trades by."""

    query: Understood
    symbol: Symbol
    recorded: Recorded
    calendar: str

    @property
    def interval(self) -> Interval | None:
        """How long a row is; None where a row is a moment."""
        return self.query.interval

    @property
    def grid(self) -> Grid:
        return Grid(
            self.calendar, self.interval or HOUR, self.query.zone, self.query.reference, self.query.sessions,
            self.query.align,
        )  # fmt: skip

    def day_grid(self, *sessions: SessionSpec) -> Grid:
        return Grid(self.calendar, DAY, self.query.zone, self.query.reference, sessions, Align())


def rows_of(asked: Asked) -> list[Row]:
    query, interval = asked.query, asked.interval
    names = {"symbol": asked.symbol.code, "exchange": asked.symbol.venue}
    if interval is None:
        return [row | names for row in moments(asked)]
    rows = bars_of(asked, asked.grid, asked_for(asked.query))
    if query.fill is not None and rows:
        rows = filled(rows, query.fill, asked.grid, end_of_filling(asked))
    if query.is_smoothed:
        rows = heikin_ashi(rows)
    for row in rows:
        row |= names | {"interval": interval.text, "complete": row["ts_close"] <= query.now_us}
        row["session"] = bar_session(asked, row)
    return rows


def end_of_filling(asked: Asked) -> int:
    """The end of the range or now; everything stored, asked for without a range, ends where it ends."""
    query = asked.query
    end = query.now_us if query.end_us is None else min(query.end_us, query.now_us)
    if query.start_us is None and end == query.now_us:
        stored = (*asked.recorded.trades, *(row for rows in asked.recorded.candles.values() for row in rows))
        return max(row["ts"] for row in stored) + 1
    return end


def moments(asked: Asked) -> list[Row]:
    """Trades or quotes that SESSION and TICKS WHERE let through."""
    grid = asked.grid
    if isinstance(asked.query.query.rows, Quotes):
        rows = [labelled(asked, grid, quote) | measures(quote) for quote in asked.recorded.quotes]
    else:
        passes = tick_filter(asked) or (lambda trade: True)
        rows = [labelled(asked, grid, trade) for trade in asked.recorded.trades if passes(trade)]
    return [row for row in rows if row["kept"]]


def bars_of(asked: Asked, grid: Grid, span: tuple[int, int] | None = None) -> list[Row]:
    of_trades = any(c.of is Of.PRICES or isinstance(c.of, OfAnchor) for c in columns_used(read(asked.query)))
    if of_trades and not grid.interval.by and asked.query.ticks_where is None:
        return bars(only_trades(asked.recorded, span), asked.symbol.venue, grid, None, asked.query.now_us, span)
    make = bars_by_amount if grid.interval.by else bars
    return make(asked.recorded, asked.symbol.venue, grid, tick_filter(asked), asked.query.now_us, span)


def read(query: Understood) -> list[Expr]:
    """All that a query reads."""
    return [expr for step in query.query.steps for expr in step.expressions()]


def asked_for(query: Understood) -> tuple[int, int] | None:
    """The range of a query that names its start."""
    if query.start_us is None:
        return None
    return query.start_us, query.now_us if query.end_us is None else min(query.end_us, query.now_us)


def labelled(asked: Asked, grid: Grid, row: Row) -> Row:
    """A trade or quote with its session; `kept` unless SESSION leaves it out."""
    piece = grid.at(row["ts"])
    name = clock.session_of(asked.calendar, asked.query.reference, row["ts"], row["ts"] + 1)
    return row | {"session": name, "session_date": piece.date, "kept": piece.open is not None}


def bar_session(asked: Asked, bar: Row) -> str | None:
    """The named session a bar lies wholly in; of calendar units the one they hold."""
    assert asked.interval is not None
    if not asked.interval.is_calendar:
        return clock.session_of(asked.calendar, asked.query.reference, bar["ts"], bar["ts_close"])
    if len(asked.query.sessions) == 1:
        return asked.query.sessions[0].name
    return "regular" if not asked.query.sessions and asked.calendar != "24x7" else None


def tick_filter(asked: Asked) -> Callable[[Row], bool] | None:
    """TICKS WHERE, for one trade; None where the query has none."""
    condition = asked.query.ticks_where
    if condition is None:
        return None

    def passes(trade: Row) -> bool:
        name = clock.session_of(asked.calendar, asked.query.reference, trade["ts"], trade["ts"] + 1)
        row = trade | {"symbol": asked.symbol.code, "exchange": asked.symbol.venue, "session": name}
        used = columns_used([condition])
        row |= {c.key: name == c.name for c in used if c.of is Of.SESSIONS}
        told = (asked.calendar, asked.query.reference, asked.grid, False)
        row |= {c.key: part(c.name, trade, *told) for c in used if c.of is Of.TIME}
        return evaluate(condition, [row], lambda _: True)[0] is True

    return passes


def columns_used(exprs: Iterable[Expr]) -> set[Column]:
    found: set[Column] = set()
    for expr in exprs:
        found |= {expr} if isinstance(expr, Column) else columns_used(children(expr))
    return found
