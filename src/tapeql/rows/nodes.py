"""What is read: the rows of each symbol; in a plan, bound to what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tapeql.query.columns import BAR, QUOTE, TICK, RowKind
from tapeql.query.nodes import Align, Expr, Interval, SessionSpec, Symbol


@dataclass(frozen=True, slots=True)
class Source:
    """Bars that open between two instants are built from `table`: "ticks", or "ohlcv" of a stored interval.

    within   the sessions candles are cut to, "" for a closed market; empty: candles are not cut
    """

    table: str
    interval: str
    within: tuple[str, ...]
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Feed:
    """What is read for one symbol. A query knows the symbol and the calendar, a plan the rest.

    start_us, end_us   rows (or bars, by their opening) in this half-open range are produced: the query's range,
                       warm-up before it included; a bar that opens inside is built from all of its ticks
    sources            disjoint, sorted; for Bars only
    dates              of days that are stored although the calendar has no session on them; for Bars only
    """

    symbol: Symbol
    calendar: str
    start_us: int = 0
    end_us: int = 0
    sources: tuple[Source, ...] = ()
    dates: tuple[int, ...] = ()


# ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of `interval` on the grid of each symbol's calendar; columns as in `tapeql.query.columns.BAR`."""

    kind: ClassVar[RowKind] = BAR
    interval: Interval
    feeds: tuple[Feed, ...]
    sessions: tuple[SessionSpec, ...]
    align: Align
    ticks_where: Expr | None
    zone: str
    reference: str


@dataclass(frozen=True, slots=True)
class Ticks:
    kind: ClassVar[RowKind] = TICK
    feeds: tuple[Feed, ...]
    sessions: tuple[SessionSpec, ...]
    where: Expr | None
    zone: str
    reference: str


@dataclass(frozen=True, slots=True)
class Quotes:
    kind: ClassVar[RowKind] = QUOTE
    feeds: tuple[Feed, ...]
    sessions: tuple[SessionSpec, ...]
    where: Expr | None
    zone: str
    reference: str


Rows = Bars | Ticks | Quotes
