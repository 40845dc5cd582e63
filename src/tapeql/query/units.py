"""Units through arithmetic: percent stays percent, and a literal with a unit takes the unit of its company.

`spread_pct < 0.05%` compares with 0.05, `returns(5) > 5%` with 0.05 too: the column is in percent, the return a fraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from tapeql.errors import Fix, Span
from tapeql.query.nodes import Arithmetic, Expr, Literal, Type
from tapeql.query.report import Report
from tapeql.query.values import Unit, Value

TINY_PERCENT = 0.001
"""A bare number this small against a percent column was probably meant as a fraction."""


def settle(value: Value) -> Value:
    """A literal with a unit in no company is a fraction: 5% is 0.05."""
    if value.unit is not Unit.WRITTEN:
        return value
    match value.expr:
        case Literal(value=int() | float() as number, span=span):
            return Value(Literal(hundredth(number), Type.FLOAT, span), Unit.FRACTION)
        case expr:
            return Value(Arithmetic("/", expr, Literal(100, Type.INT), expr.span), Unit.FRACTION)


def hundredth(number: int | float) -> float:
    """A hundredth of the decimal as written: 0.05 → 0.0005, not the nearest double of a division."""
    return float(Decimal(repr(number)).scaleb(-2))


def agree(values: Sequence[Value], report: Report) -> tuple[tuple[Expr, ...], Unit]:
    """Operands that are compared, added or chosen between, in one unit."""
    units = {value.unit for value in values if not value.is_bare_number}
    if Unit.PERCENT in units:
        if Unit.FRACTION in units:
            report.add(
                "W202",
                "one side is in percent, the other a fraction",
                _span(values),
                "multiply the fraction by 100 to compare it with a percentage",
            )
        return tuple(value.expr for value in values), Unit.PERCENT
    if Unit.WRITTEN in units:
        for unit in (Unit.INDEX, Unit.AMOUNT):
            if unit in units:
                _refuse_percent(unit, values, report)
        if units == {Unit.WRITTEN} and not any(value.is_bare_number for value in values):
            return tuple(value.expr for value in values), Unit.WRITTEN
        return tuple(settle(value).expr for value in values), Unit.FRACTION
    unit = next((unit for unit in (Unit.FRACTION, Unit.INDEX, Unit.AMOUNT) if units == {unit}), Unit.PLAIN)
    return tuple(value.expr for value in values), unit


def product(op: str, left: Value, right: Value) -> tuple[Expr, Expr, Unit]:
    """Operands and unit of `*` and `/`: a constant factor keeps the unit, 100 turns a fraction into percent and back."""
    if op == "/" and {left.unit, right.unit} <= {Unit.PERCENT, Unit.WRITTEN}:
        return left.expr, right.expr, Unit.FRACTION if left.unit != right.unit else Unit.PLAIN
    left, right = settle(left), settle(right)
    return left.expr, right.expr, _product_unit(op, left, right)


def _product_unit(op: str, left: Value, right: Value) -> Unit:
    measured, factor = (left, right) if isinstance(right.expr, Literal) or op == "/" else (right, left)
    if not isinstance(factor.expr, Literal) or measured.unit not in (Unit.PERCENT, Unit.FRACTION, Unit.AMOUNT):
        return Unit.PLAIN
    if factor.expr.value == 100:
        match op, measured.unit:
            case "*", Unit.FRACTION:
                return Unit.PERCENT
            case "/", Unit.PERCENT:
                return Unit.FRACTION
            case _:
                pass
    return measured.unit


def lint_comparison(left: Value, right: Value, report: Report) -> None:
    """W201: `spread_pct < 0.0005`, a bare fraction where a percentage stands."""
    for column, number in ((left, right), (right, left)):
        if column.unit is not Unit.PERCENT or not number.is_bare_number:
            continue
        match number.expr:
            case Literal(value=int() | float() as written, span=span) if 0 < abs(written) < TINY_PERCENT:
                meant = f"{Decimal(repr(written)).scaleb(2).normalize():f}%"
                report.add(
                    "W201",
                    f"a bare number against a percent column is in percent: this says {Decimal(repr(written)):f}%",
                    span,
                    f"write `{meant}` if the fraction was meant, `{Decimal(repr(written)):f}%` if not",
                    fix=Fix(span, meant),
                )


def _refuse_percent(unit: Unit, values: Sequence[Value], report: Report) -> None:
    """E202 at each literal with a unit that meets an index, a price or a quantity."""
    for value in values:
        if value.unit is not Unit.WRITTEN:
            continue
        fix = None
        hint = "`5% * x` is a share of x, `x / x[1] - 1 > 5%` a change of it; the spread in percent is `spread_pct`"
        if unit is Unit.INDEX:
            hint = "an index is compared with a number"
            if isinstance(value.expr, Literal):
                fix = Fix(value.expr.span, f"{Decimal(repr(value.expr.value)).normalize():f}")
                hint = f"write `{fix.text}`"
        report.add("E202", f"{unit.value} is not measured in percent", value.expr.span, hint, fix=fix)


def _span(values: Sequence[Value]) -> Span:
    return values[0].expr.span.to(values[-1].expr.span)
