"""Expressions of the sentence → typed expressions over rows: every name bound, every type checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from tapeql import limits
from tapeql.errors import Fix, Span
from tapeql.language import syntax
from tapeql.query import arithmetic, calls, comparisons, dates, names, units
from tapeql.query.durations import BadDuration, elapsed_us
from tapeql.query.nodes import And, Case, Expr, IsNull, Literal, Not, Or, Shift, Type
from tapeql.query.scope import Scope
from tapeql.query.values import Moment, Operand, Unit, Value, typed, unknown


@dataclass(slots=True)
class Expressions:
    """Resolves expressions in one scope.

    `used` collects, in order, the measures and parameter-only calls met: what a result shows besides its fixed columns.
    """

    scope: Scope
    used: list[tuple[str, Expr]] = field(default_factory=list)
    open_aliases: list[str] = field(default_factory=list)

    # ── doors ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def condition(self, written: syntax.Expr) -> Expr:
        """A boolean, or E201."""
        value = self.value(written)
        if value.type not in (Type.BOOL, Type.NULL):
            self.refuse(
                "E201", f"a condition is true or false; this is {_a(value.type)}", written.span, _hint_for(value)
            )
        return typed(value.expr, Type.BOOL)

    def number(self, written: syntax.Expr, what: str) -> Value:
        """A number in its unit, or E201."""
        value = self.value(written)
        if value.type not in (Type.INT, Type.FLOAT, Type.NULL):
            hint = "count what is true with `sum(CASE WHEN … THEN 1 ELSE 0 END, n)`" if value.type is Type.BOOL else ""
            return self.refuse("E201", f"{what} takes numbers; this is {_a(value.type)}", written.span, hint)
        return Value(typed(value.expr, Type.FLOAT), value.unit)

    def output(self, written: syntax.Expr) -> Expr:
        """Any value as a column of the result."""
        return typed(units.settle(self.value(written)).expr, Type.FLOAT)

    def value(self, written: syntax.Expr) -> Value:
        """An operand that is no longer a mere date."""
        operand = self.operand(written)
        return comparisons.settle_moment(self, operand) if isinstance(operand, Moment) else operand

    def name_of(self, written: syntax.Expr) -> str | None:
        return None

    def refuse(self, code: str, reason: str, span: Span, *hints: str, fix: Fix | None = None) -> Value:
        self.scope.report.add(code, reason, span, *filter(None, hints), fix=fix)
        return unknown(span)

    # ── one node ──────────────────────────────────────────────────────────────────────────────────────────────────

    def operand(self, written: syntax.Expr) -> Operand:
        match written:
            case syntax.Number(value=number, unit=unit, span=span):
                return self._number(number, unit, span)
            case syntax.String(value=text, span=span):
                return Value(Literal(text, Type.STRING, span))
            case syntax.Boolean(value=truth, span=span):
                return Value(Literal(truth, Type.BOOL, span))
            case syntax.Null(span=span):
                return unknown(span)
            case syntax.Date():
                return self._date(written)
            case syntax.Parameter():
                return self._parameter(written)
            case syntax.Duration(span=span):
                try:
                    return Value(Literal(elapsed_us(written, days=True), Type.DURATION, span))
                except BadDuration as wrong:
                    return self.refuse("E203", str(wrong), span, wrong.hint)
            case syntax.Time(us=us, span=span):
                return Value(Literal(us, Type.TIME, span))
            case syntax.Name():
                return names.resolve_name(self, written)
            case syntax.Call():
                return calls.resolve_call(self, written)
            case syntax.Output():
                return calls.resolve_output(self, written)
            case syntax.Over():
                return calls.resolve_over(self, written)
            case syntax.Index():
                return self._index(written)
            case syntax.Unary():
                return arithmetic.resolve_sign(self, written)
            case syntax.Binary():
                return arithmetic.resolve_binary(self, written)
            case syntax.Compare():
                return Value(comparisons.resolve_compare(self, written))
            case syntax.Between():
                return Value(comparisons.resolve_between(self, written))
            case syntax.InList():
                return Value(comparisons.resolve_in(self, written))
            case syntax.Crosses():
                return Value(comparisons.resolve_crosses(self, written))
            case syntax.IsNull(x=x, negated=negated, span=span):
                test = IsNull(self.value(x).expr, span)
                return Value(Not(test, span) if negated else test)
            case syntax.Not(x=x, span=span):
                return Value(Not(self.condition(x), span))
            case syntax.Logical(op=op, items=items, span=span):
                conditions = tuple(self.condition(item) for item in items)
                return Value(And(conditions, span) if op == "and" else Or(conditions, span))
            case syntax.Case():
                return self._case(written)

    def _number(self, number: int | float, unit: str, span: Span) -> Value:
        if isinstance(number, int) and abs(number) >= 2**63:
            number = float(number) if abs(number) < 10**308 else math.inf
        if not math.isfinite(number):
            reason = "this is not a number (NaN)" if math.isnan(number) else "the number is too large"
            return self.refuse("E201", reason, span)
        if unit == "bps":
            number = units.hundredth(number)
        literal = Literal(number, Type.INT if isinstance(number, int) else Type.FLOAT, span)
        return Value(literal, Unit.WRITTEN if unit else Unit.PLAIN)

    def _date(self, written: syntax.Date) -> Operand:
        try:
            when = dates.read(written.text, self.scope.zone, self.scope.now_us)
        except dates.NotADate as wrong:
            return self.refuse("E404", f"`{written.text}`: {wrong}", written.span)
        if isinstance(when, dates.Instant) and when.note:
            self.scope.report.add("N103", when.note, written.span)
        return Moment(when, written.span)

    def _parameter(self, written: syntax.Parameter) -> Operand:
        if written.name not in self.scope.params:
            return unknown(written.span)  # told already, as a missing parameter
        bound = self.scope.params[written.name]
        if dates.is_moment(bound):
            try:
                return Moment(dates.of_value(bound, self.scope.zone, self.scope.now_us), written.span)
            except dates.NotADate as wrong:
                return self.refuse("E404", f"`${written.name}`: {wrong}", written.span)
        match bound:
            case None:
                return unknown(written.span)
            case bool():
                return Value(Literal(bound, Type.BOOL, written.span))
            case int() | float():
                return self._number(bound, "", written.span)
            case str():
                return Value(Literal(bound, Type.STRING, written.span))
            case _:
                return self.refuse(
                    "E108",
                    f"`${written.name}` is bound to {type(bound).__name__}, which no column can be",
                    written.span,
                )

    def _index(self, written: syntax.Index) -> Value:
        n: object = written.n
        if isinstance(n, syntax.Parameter):
            if n.name not in self.scope.params:
                return unknown(written.span)  # told already, as a missing parameter
            n = self.scope.params[n.name]
        if not isinstance(n, int) or isinstance(n, bool):
            return self.refuse("E208", f"[n] counts whole rows back, not {n!r}", written.span)
        if n < 0:
            return self.refuse(
                "E206",
                f"[{n}] looks into the future: [n] counts rows back",
                written.span,
                f"`[{-n}]` looks {-n} back; forward returns are what MARKOUT is for",
            )
        if n > limits.WINDOW_ROWS:
            return self.refuse("E208", f"[{n}] reaches back more than {limits.WINDOW_ROWS:,} rows", written.span)
        if self.scope.row_wise:
            return self.refuse(
                "E207", "TICKS WHERE sees one trade at a time", written.span, "filter rows with WHERE instead"
            )
        x = self.value(written.x)
        if n == 0:
            return x
        return replace(x, expr=Shift(x.expr, n, written.span))

    def _case(self, written: syntax.Case) -> Value:
        conditions = [self.condition(when) for when, _ in written.whens]
        values = [self.value(then) for _, then in written.whens]
        values.append(self.value(written.otherwise) if written.otherwise else unknown(written.span))
        kinds = {_family(value.type) for value in values} - {Type.NULL}
        if len(kinds) > 1:
            found = ", ".join(sorted(kind.value for kind in kinds))
            return self.refuse("E201", f"the branches of CASE are of one type; these are {found}", written.span)
        kind = kinds.pop() if kinds else Type.FLOAT
        exprs, unit = tuple(value.expr for value in values), Unit.PLAIN
        if kind is Type.FLOAT:
            exprs, unit = units.agree(values, self.scope.report)
        branches = [typed(expr, kind) for expr in exprs]
        return Value(Case(tuple(zip(conditions, branches, strict=False)), branches[-1], kind, written.span), unit)


def _family(type: Type) -> Type:
    return Type.FLOAT if type is Type.INT else type


def _a(type: Type) -> str:
    return {
        Type.INT: "a whole number",
        Type.FLOAT: "a number",
        Type.INSTANT: "an instant",
        Type.DATE: "a date",
        Type.TIME: "a time of day",
        Type.DURATION: "a duration",
    }.get(type, type.value)


def _hint_for(value: Value) -> str:
    return "compare it with something, as in `close > sma(20)`" if value.type in (Type.INT, Type.FLOAT) else ""
