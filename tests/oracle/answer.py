"""The answer to a query, read off the specification.

rows of all of history ─▶ measures ─▶ every expression, over all rows of a symbol
                       ─▶ the range ─▶ the days ─▶ WHERE ─▶ ORDER BY ─▶ LIMIT
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from typing import Any

from tapeql.operators.around import Around
from tapeql.operators.buckets import CLOSING, OPENING, Buckets
from tapeql.operators.match import Match
from tapeql.query.nodes import Expr, Symbol
from tests.oracle.bars import NOTHING, counts_for
from tests.oracle.buckets import Grid
from tests.oracle.expressions import evaluate
from tests.oracle.groups import groups
from tests.oracle.levels import levels
from tests.oracle.matches import matches
from tests.oracle.measures import measure
from tests.oracle.rows import Asked, columns_used, rows_of
from tests.oracle.runs import runs
from tests.oracle.tape import Recorded, Row, Tape
from tests.understood import Understood


def answer(query: Understood, tape: Tape) -> list[tuple[Any, ...]]:
    """The rows of the result: instants in microseconds, dates in days since 1970-01-01, NULL as None."""
    return [row["columns"] for row in selected(query, tape)]


def selected(query: Understood, tape: Tape) -> list[Row]:
    """The rows that stay, in the order of the result."""
    chosen = None if query.days is None else selected(query.days, tape)
    rows: list[Row] = []
    for symbol in sorted(query.symbols, key=lambda s: (s.venue.encode(), s.code.encode())):
        own = [row for row in computed(query, tape, symbol) if in_range(query, row) and row.get("matched", True)]
        if query.days is not None and chosen is not None:
            own = (in_ranges if query.days.makes_runs else on_days)(query, own, chosen)
        if query.around is not None:
            own = around(query, query.around, own, selected(Understood(query.around.queries()[0]), tape))
        rows += with_columns(query, runs(own)) if query.makes_runs else [row for row in own if row["passes"] is True]
    if query.levels is not None:
        rows = [row for row in rows if (counts_for(row["exchange"], row) or NOTHING).volume]
    if query.group is not None:
        rows = grouped(query, rows)
    rows.sort(key=cmp_to_key(lambda a, b: in_order(query, a, b)))  # stable: ties stay by (exchange, symbol, ts, seq)
    return limited(query, rows)


def computed(query: Understood, tape: Tape, symbol: Symbol) -> list[Row]:
    """All rows of one symbol in all of history, with the values of WHERE, the columns and the ordering keys."""
    recorded = tape.symbols.get((symbol.venue, symbol.code), Recorded()).before(query.now_us)
    asked = Asked(query, symbol, recorded, query.calendar_of(symbol))
    rows = rows_of(asked)
    for column in columns_used(expressions(query)):
        values = measure(column, rows, asked)
        for row, value in zip(rows, values or (), strict=values is not None):
            row[column.key] = value
    if query.every is not None:
        rows = in_buckets(rows, asked, query.every)
    if query.around is not None:
        rows = [row | {"event_id": None, "rel_bar": None} for row in rows]
    if query.match is not None:
        rows = with_matches(query, rows, query.match, asked)

    def values_of(exprs: list[Expr]) -> list[tuple[Any, ...]]:
        return list(zip(*(evaluate(e, rows, lambda row: in_range(query, row)) for e in exprs), strict=True))

    passes = [True] * len(rows) if query.where is None else [test for (test,) in values_of([query.where])]
    rows = [row | {"passes": test} for row, test in zip(rows, passes, strict=True)]
    return rows if query.makes_runs else with_columns(query, rows, lambda row: in_range(query, row))


def with_matches(query: Understood, rows: list[Row], match: Match, asked: Asked) -> list[Row]:
    """Rows with their match; `matched` says whether there is one."""
    names = [step.name for step in match.steps]
    values = (evaluate(step.expr, rows, lambda row: in_range(query, row)) for step in match.steps)
    steps = [
        row | {"steps": dict(zip(names, each, strict=True))}
        for row, each in zip(rows, zip(*values, strict=True), strict=True)
    ]
    calendar = "24x7" if asked.interval is not None and asked.interval.is_calendar else asked.calendar
    own = [row for row in steps if in_range(query, row)]
    found = {(row["ts"], row.get("seq")): row for row in matches(own, match.pattern, match.within_us, calendar)}
    nothing = {"match_id": None, "match_step": None}
    return [
        row | nothing | found.get((row["ts"], row.get("seq")), {}) | {"matched": (row["ts"], row.get("seq")) in found}
        for row in rows
    ]


def with_columns(query: Understood, rows: list[Row], within: Callable[[Row], bool] = lambda row: True) -> list[Row]:
    """Rows with the values of the result's columns and of the ordering keys."""

    def values_of(exprs: list[Expr]) -> list[tuple[Any, ...]]:
        return list(zip(*(evaluate(e, rows, within) for e in exprs), strict=True))

    if query.group is not None:
        names = [column.name for column in query.of_rows]
        found = values_of([column.expr for column in query.of_rows]) or [()] * len(rows)
        return [row | dict(zip(names, values, strict=True)) for row, values in zip(rows, found, strict=True)]
    columns = values_of([column.expr for column in query.columns])
    keys = values_of([key.expr for key in query.order]) or [()] * len(rows)
    groups = values_of([*query.limit.per]) if query.limit and query.limit.per else [()] * len(rows)
    return [
        row | {"columns": c, "keys": k, "group": g} for row, c, k, g in zip(rows, columns, keys, groups, strict=True)
    ]


def in_buckets(rows: list[Row], asked: Asked, every: Buckets) -> list[Row]:
    """Rows with the bar of EVERY that would hold them."""
    query = asked.query
    grid = Grid(asked.calendar, every.interval, query.zone, query.reference, query.sessions, every.align)
    found = [(row, grid.at(row["ts"])) for row in rows]
    return [row | {OPENING.name: at.open, CLOSING.name: at.close} for row, at in found]


def grouped(query: Understood, rows: list[Row]) -> list[Row]:
    """Groups with the values of the result's columns and of the ordering keys; what no bar of EVERY holds is in none."""
    assert query.group is not None
    rows = [row for row in rows if query.every is None or row[OPENING.name] is not None]
    found = groups(rows, [key.name for key in query.group.keys], query.group.measures)
    if query.levels is not None:
        found = levels(query.levels, found)

    def values_of(exprs: list[Expr]) -> list[tuple[Any, ...]]:
        return list(zip(*(evaluate(e, found, lambda row: True) for e in exprs), strict=True)) or [()] * len(found)

    columns = values_of([column.expr for column in query.told.shown])
    keys = values_of([key.expr for key in query.order])
    limits = values_of([*query.limit.per] if query.limit else [])
    return [
        row | {"columns": c, "keys": k, "group": g} for row, c, k, g in zip(found, columns, keys, limits, strict=True)
    ]


def expressions(query: Understood) -> list[Expr]:
    """What is computed from the rows that are read."""
    where = [] if query.where is None else [query.where]
    where += [step.expr for step in query.match.steps] if query.match else []
    if query.group is not None:
        own = [column.expr for column in query.of_rows]
        return [*where, *(expr for expr in own if expr not in (OPENING, CLOSING))]
    after = [*(column.expr for column in query.columns), *(key.expr for key in query.order)]
    after += query.limit.per if query.limit else ()
    return where if query.makes_runs else [*where, *after]


def in_range(query: Understood, row: Row) -> bool:
    return (
        (query.start_us is None or query.start_us <= row["ts"])
        and (query.end_us is None or row["ts"] < query.end_us)
        and (query.keep_partial or row.get("complete", True))
    )


def on_days(query: Understood, rows: list[Row], days: list[Row]) -> list[Row]:
    known = {day_of(query, row) for row in days}
    return [row for row in rows if day_of(query, row) in known]


def in_ranges(query: Understood, rows: list[Row], ranges: list[Row]) -> list[Row]:
    """The rows that begin in one of the ranges, of their own symbol or of any."""
    return [
        row
        for row in rows
        if any(
            r["start"] <= row["ts"] < r["end"]
            and (query.across or (r["exchange"], r["symbol"]) == (row["exchange"], row["symbol"]))
            for r in ranges
        )
    ]


def around(query: Understood, step: Around, rows: list[Row], events: list[Row]) -> list[Row]:
    """The rows around each event of their symbol (or of any), once for each: by time, then by event."""
    found = []
    for n, row in enumerate(rows):
        names = (row["exchange"], row["symbol"])
        own = [e for e in events if step.across or (e["exchange"], e["symbol"]) == names]
        spans = sorted((e.get("start", e["ts"]), e.get("end", e.get("ts_close"))) for e in own)
        for number, (start, end) in enumerate(spans, start=1):
            if start - step.before_us <= row["ts"] < end + step.after_us:
                told = {"event_id": number, "rel_bar": n - sum(other["ts"] < start for other in rows)}
                values = zip(query.columns, row["columns"], strict=True)
                found.append(row | {"columns": tuple(told.get(column.name, value) for column, value in values)})
    return found


def day_of(query: Understood, row: Row) -> Any:
    """What ON DAYS knows a row by."""
    return row["session_date"] if query.across else (row["exchange"], row["symbol"], row["session_date"])


def in_order(query: Understood, a: Row, b: Row) -> int:
    """ORDER BY: the first key that differs decides; NULLs come last either way."""
    for key, x, y in zip(query.order, a["keys"], b["keys"], strict=True):
        if x is None or y is None:
            if (x is None) != (y is None):
                return 1 if x is None else -1
        elif x != y:
            return -1 if (x < y) != key.descending else 1
    return 0


def limited(query: Understood, rows: list[Row]) -> list[Row]:
    """The first or the last n of all rows, or of each symbol."""
    if query.limit is None:
        return rows
    if query.limit.last:
        return first_rows(query, rows[::-1])[::-1]
    return first_rows(query, rows)


def first_rows(query: Understood, rows: list[Row]) -> list[Row]:
    assert query.limit is not None
    seen: dict[Any, int] = {}
    kept = []
    for row in rows:
        group = row["group"]
        seen[group] = seen.get(group, 0) + 1
        if seen[group] <= query.limit.rows:
            kept.append(row)
    return kept
