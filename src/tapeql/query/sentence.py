"""The sentence understood."""

from __future__ import annotations

from dataclasses import dataclass

from tapeql import limits
from tapeql.errors import Diagnostic
from tapeql.query.nodes import Align, Expr, Fill, Interval, Limit, Order, OutputColumn, SessionSpec, Symbol
from tapeql.query.verb import Verb


@dataclass(frozen=True, slots=True)
class Query:
    """One sentence, understood.

    start_us, end_us   the range asked for, half-open; None where the text sets no bound (what is stored decides)
    zone               the zone dates were read in; day boundaries of 24x7 venues
    calendar           the CALENDAR clause, which overrides every symbol's own
    reference          the calendar session words mean on 24x7 venues
    sessions           SESSION: filters inputs; empty when not written
    ticks_where        filters trades before bars are built; None also means "conditions decide"
    days               the DAYS query of ON DAYS WHERE or of the left of `|>`: its (symbol, session_date) select rows
    days_by_date       the right of `|>` names other symbols than its left, so days select by date alone
    where              filters output rows, after everything is computed
    columns            the whole result in order
    keep_partial       keep bars whose ts_close > now_us
    label_close        rows are labelled by their close: output `ts` is internal `ts_close`, `ts_open` internal `ts`
    warmup_rows        WARMUP n; None: inferred
    notes              lints and notes found while understanding
    """

    verb: Verb
    interval: Interval | None
    symbols: tuple[Symbol, ...]
    start_us: int | None
    end_us: int | None
    now_us: int
    zone: str
    calendar: str | None
    reference: str
    sessions: tuple[SessionSpec, ...]
    align: Align
    ticks_where: Expr | None
    days: Query | None
    days_by_date: bool
    fill: Fill | None
    where: Expr | None
    columns: tuple[OutputColumn, ...]
    order: tuple[Order, ...]
    limit: Limit | None
    keep_partial: bool
    label_close: bool
    warmup_rows: int | None
    strict: bool = False
    engine: str = "kernels"
    threads: int = 1
    memory: int = limits.QUERY_MEMORY_BYTES
    canonical: str = ""
    source: str = ""
    notes: tuple[Diagnostic, ...] = ()
