"""Comparisons: two of a kind in one unit, and dates against instants and days by their whole span."""

from __future__ import annotations

from tapeql.errors import Fix, Span
from tapeql.language import syntax
from tapeql.query import dates, units
from tapeql.query.nodes import And, Column, Compare, Expr, In, Literal, Not, Of, Or, Shift, Type
from tapeql.query.parts import WEEKDAYS
from tapeql.query.reader import Reader
from tapeql.query.values import Moment, Operand, Value, is_number, typed

_FLIPPED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def resolve_compare(reader: Reader, written: syntax.Compare) -> Expr:
    for side in (written.left, written.right):
        if isinstance(side, syntax.Null):
            reader.scope.report.add(
                "W203", "a comparison with NULL is never true", written.span, "write `IS NULL` or `IS NOT NULL`"
            )
    return compare(reader, written.op, reader.operand(written.left), reader.operand(written.right), written.span)


def resolve_between(reader: Reader, written: syntax.Between) -> Expr:
    x = reader.operand(written.x)
    low = compare(reader, ">=", x, reader.operand(written.low), written.span)
    high = compare(reader, "<=", x, reader.operand(written.high), written.span)
    inside = And((low, high), written.span)
    return Not(inside, written.span) if written.negated else inside


def resolve_in(reader: Reader, written: syntax.InList) -> Expr:
    """Constants of one kind stay a list; anything else is spelled out as equalities, which means the same."""
    x = reader.operand(written.x)
    tests = [compare(reader, "=", x, reader.operand(item), written.span) for item in written.items]
    subjects = {test.left for test in tests if isinstance(test, Compare)}
    constants = [test.right for test in tests if isinstance(test, Compare) and isinstance(test.right, Literal)]
    if len(constants) == len(tests) and len(subjects) == 1:
        found: Expr = In(subjects.pop(), tuple(c for c in constants if isinstance(c, Literal)), written.span)
    else:
        found = tests[0] if len(tests) == 1 else Or(tuple(tests), written.span)
    return Not(found, written.span) if written.negated else found


def resolve_crosses(reader: Reader, written: syntax.Crosses) -> Expr:
    """`a CROSSES ABOVE b` is `a > b AND a[1] <= b[1]`; without a direction, either way."""
    if reader.scope.row_wise:
        return reader.refuse("E207", "TICKS WHERE sees one trade at a time", written.span).expr
    a, b = reader.number(written.left, "CROSSES"), reader.number(written.right, "CROSSES")
    units.lint_comparison(a, b, reader.scope.report)
    (left, right), _ = units.agree((a, b), reader.scope.report)
    span = written.span

    def crossing(now: str, before: str) -> And:
        return And((Compare(now, left, right, span), Compare(before, _previous(left), _previous(right), span)), span)

    match written.direction:
        case "above":
            return crossing(">", "<=")
        case "below":
            return crossing("<", ">=")
        case _:
            return Or((crossing(">", "<="), crossing("<", ">=")), span)


def compare(reader: Reader, op: str, left: Operand, right: Operand, span: Span) -> Expr:
    """Two operands of one kind, or E201."""
    left, right = _as_moment(reader, left, right), _as_moment(reader, right, left)
    match left, right:
        case Moment(), Moment():
            return reader.refuse("E201", "two dates are compared with each other, not with a column", span).expr
        case Moment(), Value():
            return _against_moment(reader, _FLIPPED[op], right, left, span)
        case Value(), Moment():
            return _against_moment(reader, op, left, right, span)
        case Value(), Value():
            return _values(reader, op, left, right, span)
        case _:
            raise AssertionError("operands are values or moments")


def settle_moment(reader: Reader, moment: Moment) -> Value:
    """A date that is compared with nothing: an instant or a single day."""
    match moment.when:
        case dates.Instant(us=us):
            return Value(Literal(us, Type.INSTANT, moment.span))
        case dates.Days(first=first, past=past) if past == first + 1:
            return Value(Literal(first, Type.DATE, moment.span))
    return reader.refuse("E201", "a span of days is no value; compare a column with it", moment.span)


def _values(reader: Reader, op: str, left: Value, right: Value, span: Span) -> Expr:
    if is_number(left) and is_number(right):
        units.lint_comparison(left, right, reader.scope.report)
        (a, b), _ = units.agree((left, right), reader.scope.report)
        return Compare(op, typed(a, Type.FLOAT), typed(b, Type.FLOAT), span)
    a, b = typed(left.expr, right.type), typed(right.expr, left.type)
    if a.type is not b.type:
        hint = _hint(a, b)
        if {a.type, b.type} == {Type.INSTANT, Type.DATE}:
            hint = "instants are compared with `ts`, dates with `session_date`"
        elif {a.type, b.type} & {Type.INSTANT, Type.DATE}:
            hint = "dates are written 2025-03-10, 2025-03-10T09:30Z, or in quotes: '2025-03'"
        return reader.refuse("E201", f"{a.type.value} cannot be compared with {b.type.value}", span, hint).expr
    _check_weekday(reader, a, b)
    if a.type is Type.BOOL and op not in ("=", "!="):
        return reader.refuse("E201", f"true and false have no order for `{op}`", span).expr
    return Compare(op, a, b, span)


def _as_moment(reader: Reader, operand: Operand, other: Operand) -> Operand:
    """Text compared with an instant or a date is read as a date, and a bare 2025 as the year it is."""
    if not (isinstance(operand, Value) and isinstance(other, Value) and other.type in (Type.INSTANT, Type.DATE)):
        return operand
    match operand.expr:
        case Literal(value=str() | int() as written, type=Type.STRING | Type.INT, span=span) if (
            operand.type is Type.STRING or 1000 <= int(written) <= 9999
        ):
            text = str(written)
            try:
                return Moment(dates.read(text, reader.scope.zone, reader.scope.now_us), span)
            except dates.NotADate as wrong:
                return reader.refuse("E404", f"`{text}`: {wrong}", span)
    return operand


def _against_moment(reader: Reader, op: str, x: Value, moment: Moment, span: Span) -> Expr:
    match x.type, moment.when:
        case Type.NULL, _:
            return typed(x.expr, Type.BOOL)
        case Type.INSTANT, dates.Instant(us=us):
            return Compare(op, x.expr, Literal(us, Type.INSTANT, moment.span), span)
        case Type.INSTANT, dates.Days() as days:
            first, past = days.span_us(reader.scope.zone)
            return _span(op, x.expr, first, past, Type.INSTANT, moment.span, span)
        case Type.DATE, dates.Days(first=first, past=past):
            if past == first + 1:
                return Compare(op, x.expr, Literal(first, Type.DATE, moment.span), span)
            return _span(op, x.expr, first, past, Type.DATE, moment.span, span)
        case Type.DATE, dates.Instant():
            return reader.refuse("E201", "a date is compared with a date; this has a time of day", moment.span).expr
        case _:
            return reader.refuse("E201", f"{x.type.value} cannot be compared with a date", span).expr


def _span(op: str, x: Expr, first: int, past: int, type: Type, place: Span, span: Span) -> Expr:
    """A comparison with the half-open [first, past): before it, in it, after it."""
    start, end = Literal(first, type, place), Literal(past, type, place)
    match op:
        case "<":
            return Compare("<", x, start, span)
        case "<=":
            return Compare("<", x, end, span)
        case ">":
            return Compare(">=", x, end, span)
        case ">=":
            return Compare(">=", x, start, span)
        case "=":
            return And((Compare(">=", x, start, span), Compare("<", x, end, span)), span)
        case _:
            return Or((Compare("<", x, start, span), Compare(">=", x, end, span)), span)


def _previous(expr: Expr) -> Expr:
    """The row before; a constant is what it always was."""
    return expr if isinstance(expr, Literal) else Shift(expr, 1, expr.span)


def _hint(a: Expr, b: Expr) -> str:
    """How what stands on one side is written for what stands on the other."""
    if _is_weekday(a) or _is_weekday(b):
        return "weekdays are written " + ", ".join(f"'{day}'" for day in WEEKDAYS)
    match {a.type, b.type}:
        case kinds if Type.TIME in kinds:
            return "times are written without quotes, such as 09:45"
        case kinds if Type.DURATION in kinds:
            return "durations are written with their unit, such as 30m"
        case kinds if Type.STRING in kinds and kinds & {Type.INT, Type.FLOAT}:
            return "numbers are written without quotes"
    return ""


def _is_weekday(expr: Expr) -> bool:
    return isinstance(expr, Column) and expr.name == "weekday" and expr.of is Of.TIME


def _check_weekday(reader: Reader, a: Expr, b: Expr) -> None:
    """`weekday = 'Monday'` is never true."""
    for column, literal in ((a, b), (b, a)):
        match literal:
            case Literal(value=str(text), span=span) if _is_weekday(column) and text not in WEEKDAYS:
                meant = next((day for day in WEEKDAYS if text[:3].lower() == day.lower()), None)
                days = "weekdays are " + ", ".join(f"'{day}'" for day in WEEKDAYS)
                fix = Fix(span, f"'{meant}'") if meant else None
                hints = [f"write `'{meant}'`"] if meant else []
                reader.refuse("E201", f"no weekday is called '{text}'", span, *hints, days, fix=fix)
