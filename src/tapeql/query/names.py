"""Names → columns: of the row, of a session (`premarket.high`), session words as booleans, gap_pct, aliases."""

from __future__ import annotations

from dataclasses import replace

from tapeql.errors import Fix, Span
from tapeql.functions.registry import find
from tapeql.functions.scalars import is_scalar
from tapeql.language import syntax
from tapeql.query.arguments import usual_call
from tapeql.query.columns import PREVAILING, SESSION_MEASURES, TICK
from tapeql.query.nodes import Call, Column, Of, OfDate, Type
from tapeql.query.parts import OF_THE_DAY
from tapeql.query.reader import Reader
from tapeql.query.scope import measure_type
from tapeql.query.values import Operand, Unit, Value, of_column, unknown

_OTHER_NAMES = {
    **dict.fromkeys(("dow", "dayofweek", "day_of_week", "day_name"), "weekday"),
    **dict.fromkeys(("dom", "dayofmonth", "day_of_month"), "day"),
    **dict.fromkeys(("woy", "weekofyear", "week_of_year"), "week"),
    **dict.fromkeys(("tod", "time_of_day", "clock"), "time"),
    **dict.fromkeys(("timestamp", "datetime", "open_time"), "ts"),
    **dict.fromkeys(("size", "qty", "amount"), "quantity"),
    "close_time": "ts_close",
    "ticker": "symbol",
    "venue": "exchange",
}
"""What other systems call columns of ours."""

_RELATIVE = ("today", "yesterday", "now")
"""Dates that look like names; a column of such a name would win."""


def resolve_name(reader: Reader, written: syntax.Name) -> Operand:
    match written.parts:
        case (name,):
            return _bare(reader, name, written)
        case (first, second):
            return _qualified(reader, first, second, written)
        case _:
            return _unknown(reader, written)


def _bare(reader: Reader, written_name: str, written: syntax.Name) -> Operand:
    scope, span = reader.scope, written.span
    for name in dict.fromkeys((written_name, written_name.lower())):
        if column := scope.columns.get(name):
            if scope.long and not scope.row_wise and name in OF_THE_DAY and column.of is Of.TIME:
                return reader.refuse("E205", f"a bar of a day or longer has no `{name}`", span, "ask for intraday bars")
            if column.of in (Of.QUOTES, Of.PREVAILING):
                reader.used.append((name, column))
            return of_column(replace(column, span=span))
        if scope.row_wise:
            continue
        if name == "gap_pct" and "session_date" in scope.rows:
            return _gap(reader, span)
        if name in scope.sessions:
            return _inside(reader, name, span)
    for name in dict.fromkeys((written_name, written_name.lower())):
        if name in scope.aliases:
            return _alias(reader, name, span)
    if written_name.lower() in _RELATIVE:
        return reader.operand(syntax.Date(written_name.lower(), span))
    return _unknown(reader, written)


def _qualified(reader: Reader, first: str, second: str, written: syntax.Name) -> Value:
    session = next((s for s in (first, first.lower()) if s in reader.scope.sessions), None)
    if session is None or reader.scope.row_wise:
        return _unknown(reader, written)
    measure = second.lower()
    if measure not in SESSION_MEASURES:
        reader.scope.report.unknown(
            "E104",
            f"a session has no measure `{second}`",
            written.span,
            f"{session}.{measure}",
            [f"{session}.{known}" for known in SESSION_MEASURES],
            "its measures are " + ", ".join(SESSION_MEASURES),
        )
        return unknown(written.span)
    column = Column(measure, measure_type(measure), OfDate(session), written.span)
    reader.used.append((f"{session}_{measure}", column))
    return of_column(column)


def _gap(reader: Reader, span: Span) -> Value:
    """A day's own gap: the row's where a row is a day or longer, the session date's on intraday rows."""
    scope = reader.scope
    if not scope.long:
        column = Column("gap_pct", Type.FLOAT, OfDate(None), span)
        reader.used.append(("gap_pct", column))
        return of_column(column)
    from tapeql.functions.registry import functions

    entry = functions()["gap_pct"]
    inputs = tuple(replace(scope.columns[i.default], span=span) for i in entry.inputs if i.default is not None)
    call = Call("gap_pct", inputs, (), entry.outputs[0], span)
    reader.used.append(("gap_pct", call))
    return Value(call, Unit.PERCENT)


def _inside(reader: Reader, session: str, span: Span) -> Value:
    if reader.scope.long:
        return reader.refuse(
            "E205",
            f"a bar of a day or longer never lies wholly inside `{session}`",
            span,
            f"`SESSION {session}` builds the bars of that session alone",
            f"`{session}.high`, `{session}.spread_pct`, … are that session's measures",
        )
    return Value(Column(session, Type.BOOL, Of.SESSIONS, span))


def _alias(reader: Reader, name: str, span: Span) -> Value:
    if name in reader.open_aliases:
        return reader.refuse("E101", f"`{name}` is defined by itself", span)
    alias = reader.scope.aliases[name]
    reader.open_aliases.append(name)
    try:
        if alias.output is None:
            return reader.value(alias.value)
        return reader.value(syntax.Output(alias.value, alias.output, span, span))
    finally:
        reader.open_aliases.pop()


def _elsewhere(session: str) -> bool:
    """Whether another calendar has a session of that name."""
    from tapeql.calendars import known_calendars, session_names

    return any(session in session_names(calendar) for calendar in known_calendars())


def _unknown(reader: Reader, written: syntax.Name) -> Value:
    scope, name = reader.scope, ".".join(written.parts)
    first = written.parts[0].lower()
    if scope.report.found.source[written.span.start : written.span.start + 1] == '"':
        meant = f"'{name}'"
        hint = f"write `{meant}`; there is no column of that name"
        scope.report.add(
            "E006", "strings are written in single quotes", written.span, hint, fix=Fix(written.span, meant)
        )
        return unknown(written.span)
    if scope.sessions and first not in scope.sessions and _elsewhere(first) and not scope.row_wise:
        has = ", ".join(scope.sessions)
        return reader.refuse("E104", f"the calendar here has no session `{first}`", written.span, f"it has {has}")
    hints: list[str] = []
    if scope.row_wise:
        hints.append("TICKS WHERE sees a trade before it becomes part of a bar: " + ", ".join(scope.columns))
        if first in scope.sessions:
            hints.append(f"`SESSION {first}` filters by session")
    elif is_scalar(first):
        hints.append(f"`{first}` is a function: `DESCRIBE {first}` says how to call it")
    elif (entry := find(first)) is not None and len(written.parts) == 1:
        call = usual_call(entry)
        hint = f"`{first}` is a function: write `{call}`"
        scope.report.add("E101", f"unknown name `{name}`", written.span, hint, fix=Fix(written.span, call))
        return unknown(written.span)
    elif len(written.parts) == 2 and scope.sessions and written.parts[0] not in scope.sessions:
        hints.append("what may stand before a dot is a session: " + ", ".join(scope.sessions))
    elif not scope.rows.is_bar:
        hints.append(f"the columns of {scope.rows.name}s are " + ", ".join(scope.columns))
        if scope.rows is TICK and first in (column.name for column in PREVAILING):
            hints.insert(0, f"`ASOF QUOTES` gives each trade the `{first}` that prevailed")
    other = _OTHER_NAMES.get(first) or scope.rows.series.get(first)
    if other is not None and len(written.parts) == 1:
        scope.report.add(
            "E101", f"unknown name `{name}`", written.span, f"write `{other}`", fix=Fix(written.span, other)
        )
        return unknown(written.span)
    scope.report.unknown("E101", f"unknown name `{name}`", written.span, name, scope.names(), *hints)
    return unknown(written.span)
