"""Plan: what is read, in which order it is transformed, and what comes out.

    Rows (Bars | Ticks | Quotes)  ─▶  steps, one after another, each over the rows of one symbol in (ts, seq) order,
                                      until Sort and Limit, which see the whole result

Kernels and every SQL dialect run the same plan; the oracle does not see it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from tapeql.errors import Diagnostic
from tapeql.query.nodes import Expr, Fill, Limit, Order, OutputColumn, Query
from tapeql.rows.nodes import Bars, Rows

# ── steps ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class FillSlots:
    """Adds a row for every empty slot of the grid, from the first bar on; see `Fill`. Only after Bars."""

    fill: Fill


@dataclass(frozen=True, slots=True)
class QuoteMeans:
    """Adds time-weighted means of the quotes over each bar, by name (`spread_pct`, …). Only after Bars."""

    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SessionMeasures:
    """Adds `<session>.<measure>` columns: the session's own bar of the row's session_date.

    `bars` are 1d bars of that one session. Intraday rows see it only once that session has closed
    (session ts_close <= row ts), rows of a day or longer always. NULL where there is no such session bar;
    quote measures exist also for sessions without trades.
    """

    session: str
    measures: tuple[str, ...]
    bars: Bars


@dataclass(frozen=True, slots=True)
class DayMeasures:
    """Adds `day.<name>` columns to intraday rows: an expression over the regular 1d bars (`gap_pct`), joined by
    session_date and seen from the day bar's opening on (day ts <= row ts)."""

    columns: tuple[OutputColumn, ...]
    bars: Bars


@dataclass(frozen=True, slots=True)
class SessionFlags:
    """Adds `in.<session>` columns: the row lies wholly inside a session of that name of its calendar (the reference
    calendar on 24x7 venues). Never NULL."""

    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimeParts:
    """Adds `at.<part>` columns: parts of the row's time in the zone of the rows, and of its place in its session."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InRange:
    """Keeps rows with start_us <= ts < end_us (None: unbounded) and, unless keep_partial, complete bars."""

    start_us: int | None
    end_us: int | None
    keep_partial: bool


@dataclass(frozen=True, slots=True)
class Compute:
    """Adds the columns of expressions that need neighbouring rows, before any row is dropped.

    Each expression is exactly one Shift, Call or Over whose operands are row-wise; nested windows are several steps.
    Over the whole range (`us` None) aggregates the rows that `range` keeps and is the same on every row of a symbol.
    """

    columns: tuple[OutputColumn, ...]
    range: InRange


@dataclass(frozen=True, slots=True)
class OnDays:
    """Keeps rows whose (symbol, session_date) — or session_date alone — is in the result of `plan`, a DAYS plan."""

    plan: Plan
    by_date: bool


@dataclass(frozen=True, slots=True)
class Where:
    condition: Expr


SYMBOL_KEYS = ("order.exchange", "order.symbol")
"""Projected beside the result where rows are taken per symbol."""


@dataclass(frozen=True, slots=True)
class Project:
    """The result's columns, and what Sort and Take need besides: ordering keys `order.<n>`, SYMBOL_KEYS for a limit
    per symbol. The schema of the result holds neither."""

    columns: tuple[OutputColumn, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """ORDER BY: by `keys`, ties by (exchange, symbol, ts, seq). No keys: (exchange, symbol, ts, seq), the order rows come in."""

    keys: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Take:
    limit: Limit


Step = (
    FillSlots | QuoteMeans | SessionMeasures | DayMeasures | SessionFlags | TimeParts | Compute | InRange | OnDays | Where
    | Project | Sort | Take
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """`lookback_rows` existing rows before the range are read (None: all stored); `schema` is the exact result schema;
    `notes` tell what planning noticed."""

    query: Query
    rows: Rows
    steps: tuple[Step, ...]
    lookback_rows: int | None
    lookback_us: int
    schema: pa.Schema = field(compare=False)
    notes: tuple[Diagnostic, ...] = ()
