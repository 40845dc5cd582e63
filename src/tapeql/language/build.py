"""Turns the grammar's rules into syntax nodes: one method a rule, called bottom-up with all of the rule's children."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tapeql.errors import Span
from tapeql.language import syntax as s

Children = list[Any]

_DURATION_PART = re.compile(r"([\d_]+)([a-z]+)")
_NUMBER = re.compile(r"([\d_.]+(?:[eE][+-]?\d+)?)[ \t]*(%|[bB][pP][sS])?")
_DAY_US = 86_400_000_000


def span(children: Children) -> Span:
    """From the first child to the last; children are tokens or nodes."""
    return Span(_span(children[0]).start, _span(children[-1]).end)


def _span(child: Any) -> Span:
    found = getattr(child, "span", None)
    return found if found is not None else Span(child.start_pos, child.end_pos)


def _nodes(children: Children) -> tuple[Any, ...]:
    return tuple(child for child in children if not isinstance(child, str))


def _has(children: Children, kind: str) -> bool:
    return any(getattr(child, "type", None) == kind for child in children)


def _text(token: str) -> str:
    """The text of a word, or of a string without its quotes."""
    return token[1:-1].replace("''", "'") if token.startswith("'") else str(token)


def _symbol(token: Any) -> s.SymbolPattern:
    venue, colon, code = token.rpartition(":")
    return s.SymbolPattern(venue if colon else None, code, _span(token))


def duration(token: Any) -> s.Duration:
    parts = tuple((int(count), unit) for count, unit in _DURATION_PART.findall(token))
    return s.Duration(parts, Span(token.start_pos, token.end_pos))


def time(token: Any) -> s.Time:
    hours, minutes, *seconds = token.split(":")
    whole, _, fraction = (seconds[0] if seconds else "0").partition(".")
    us = ((int(hours) * 60 + int(minutes)) * 60 + int(whole)) * 1_000_000 + int(fraction.ljust(6, "0") or "0")
    return s.Time(us, Span(token.start_pos, token.end_pos))


def date(token: Any) -> s.Date:
    text = token.lower() if token[0].isalpha() else token.upper()
    return s.Date(text, Span(token.start_pos, token.end_pos))


def integer(token: str) -> int:
    return int(token.replace("_", ""))


class Builder:
    """The callbacks of `grammar/tapeql.lark`; it holds no state, so one serves every thread."""

    # ── statements ────────────────────────────────────────────────────────────────────────────────────────────────────

    def statement(self, c: Children) -> s.Statement:
        found: s.Statement = c[0]
        return found

    def pipeline(self, c: Children) -> s.Query | s.Pipe:
        left: s.Query | s.Pipe = c[0]
        for right in c[2::2]:
            left = s.Pipe(left, right, left.span.to(right.span))
        return left

    def query(self, c: Children) -> s.Query:
        return s.Query(c[0], tuple(c[1:]), span(c))

    def explain(self, c: Children) -> s.Explain:
        return s.Explain(" ".join(word.lower() for word in c[1:-1]) or "plan", c[-1], span(c))

    def describe(self, c: Children) -> s.Describe:
        return s.Describe(str(c[1]) if isinstance(c[1], str) else c[1], span(c))

    def show(self, c: Children) -> s.Show:
        return s.Show(c[1].lower(), span(c))

    def set(self, c: Children) -> s.Set:
        return s.Set(c[1].lower(), _text(c[3]), span(c))

    def verb(self, c: Children) -> s.Verb:
        return s.Verb(c[0].lower(), duration(c[1]) if len(c) == 2 else None, span(c))

    # ── clauses ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def from_(self, c: Children) -> s.From:
        symbols: list[s.SymbolPattern] = []
        for child in c[1::2]:
            symbols += child.symbols if isinstance(child, s.From) else (_symbol(child),)
        return s.From(tuple(symbols), span(c))

    def symbol_set(self, c: Children) -> s.From:
        venue = c[0].rstrip("{").rstrip(":")
        return s.From(tuple(s.SymbolPattern(venue, str(code), _span(code)) for code in c[1::2]), span(c))

    def point(self, c: Children) -> s.DatePoint:
        return s.Parameter(c[0][1:], span(c)) if c[0].type == "PARAMETER" else date(c[0])

    def during_last(self, c: Children) -> s.During:
        return s.During(None, None, duration(c[2]), span(c))

    def during(self, c: Children) -> s.During:
        start, end = c[1], c[3] if len(c) == 4 else None
        if isinstance(end, str):
            end = _same_day(start, end)
        return s.During(start, end, None, span(c))

    def since(self, c: Children) -> s.Since:
        return s.Since(c[1], span(c))

    def until(self, c: Children) -> s.Until:
        return s.Until(c[1], span(c))

    def session(self, c: Children) -> s.Session:
        return s.Session(_nodes(c), span(c))

    def session_span(self, c: Children) -> s.NamedSession | s.TimeSession:
        if len(c) == 1:
            return s.NamedSession(str(c[0]), span(c))
        return s.TimeSession(time(c[0]), time(c[2]), str(c[4]) if len(c) == 5 else None, span(c))

    def calendar(self, c: Children) -> s.Calendar:
        return s.Calendar(_text(c[1]), span(c))

    def tz(self, c: Children) -> s.Tz:
        return s.Tz(_text(c[1]), span(c))

    def ticks_where(self, c: Children) -> s.TicksWhere:
        return s.TicksWhere(c[2], span(c))

    def on_days_where(self, c: Children) -> s.OnDaysWhere:
        return s.OnDaysWhere(c[3], span(c))

    def where(self, c: Children) -> s.Where:
        return s.Where(c[1], span(c))

    def align(self, c: Children) -> s.Align:
        return s.Align(time(c[1]) if c[1].type == "TIME" else c[1].lower(), span(c))

    def offset(self, c: Children) -> s.Offset:
        return s.Offset(duration(c[1]), span(c))

    def fill(self, c: Children) -> s.Fill:
        return s.Fill(_nodes(c), integer(c[-1]) if _has(c, "MAX") else None, span(c))

    def fill_column(self, c: Children) -> s.FillColumn:
        return s.FillColumn(str(c[0]) if len(c) == 2 else None, c[-1].lower(), span(c))

    def add(self, c: Children) -> s.Add:
        return s.Add(_nodes(c), span(c))

    def select(self, c: Children) -> s.Select:
        return s.Select(_nodes(c), span(c))

    def item(self, c: Children) -> s.Item:
        return s.Item(c[0], str(c[2]) if len(c) == 3 else None, span(c))

    def order_by(self, c: Children) -> s.OrderBy:
        return s.OrderBy(_nodes(c), span(c))

    def order_item(self, c: Children) -> s.OrderItem:
        return s.OrderItem(c[0], _has(c, "DESC"), span(c))

    def limit(self, c: Children) -> s.Limit:
        last = _has(c, "LAST")
        count = c[2] if last else c[1]
        rows = integer(count) if count.type == "INT" else s.Parameter(count[1:], _span(count))
        return s.Limit(rows, _nodes(c), last, span(c))

    def keep(self, c: Children) -> s.Keep:
        return s.Keep(span(c))

    def label(self, c: Children) -> s.Label:
        return s.Label(c[1].lower(), span(c))

    def warmup(self, c: Children) -> s.Warmup:
        return s.Warmup(integer(c[1]) if c[1].type == "INT" else 0, span(c))

    # ── expressions ───────────────────────────────────────────────────────────────────────────────────────────────────

    def logical(self, c: Children) -> s.Logical:
        op = c[1].lower()
        items: list[s.Expr] = []
        for item in c[::2]:
            items += item.items if isinstance(item, s.Logical) and item.op == op else (item,)
        return s.Logical(op, tuple(items), span(c))

    def negate(self, c: Children) -> s.Not:
        return s.Not(c[1], span(c))

    def compare(self, c: Children) -> s.Compare:
        return s.Compare("!=" if c[1] == "<>" else str(c[1]), c[0], c[2], span(c))

    def between(self, c: Children) -> s.Between:
        return s.Between(c[0], c[-3], c[-1], _has(c, "NOT"), span(c))

    def in_list(self, c: Children) -> s.InList:
        return s.InList(c[0], _nodes(c[1:]), _has(c, "NOT"), span(c))

    def is_null(self, c: Children) -> s.IsNull:
        return s.IsNull(c[0], _has(c, "NOT"), span(c))

    def crosses(self, c: Children) -> s.Crosses:
        return s.Crosses(c[0], c[-1], c[2].lower() if len(c) == 4 else "either", span(c))

    def binary(self, c: Children) -> s.Binary:
        return s.Binary(str(c[1]), c[0], c[2], span(c))

    def unary(self, c: Children) -> s.Unary:
        return s.Unary(str(c[0]), c[1], span(c))

    def dot(self, c: Children) -> s.Name | s.Output:
        if isinstance(c[0], s.Name):
            return s.Name((*c[0].parts, str(c[2])), span(c))
        return s.Output(c[0], str(c[2]), _span(c[2]), span(c))

    def index(self, c: Children) -> s.Index:
        rows = integer(c[-2])
        return s.Index(c[0], -rows if _has(c, "MINUS") else rows, span(c))

    def over(self, c: Children) -> s.Over:
        return s.Over(c[0], duration(c[2]) if c[2].type == "DURATION" else None, span(c))

    def number(self, c: Children) -> s.Number:
        match = _NUMBER.fullmatch(c[0])
        assert match is not None
        digits, unit = match[1].replace("_", ""), (match[2] or "").lower()
        if digits.isdigit():
            return s.Number(int(digits), unit, span(c))
        value = float(digits)
        whole = "." not in digits and value.is_integer() and value < 2**53
        return s.Number(int(value) if whole else value, unit, span(c))

    def duration(self, c: Children) -> s.Duration:
        return duration(c[0])

    def time(self, c: Children) -> s.Time:
        return time(c[0])

    def day(self, c: Children) -> s.Date:
        return date(c[0])

    def string(self, c: Children) -> s.String:
        return s.String(_text(c[0]), span(c))

    def parameter(self, c: Children) -> s.Parameter:
        return s.Parameter(c[0][1:], span(c))

    def null(self, c: Children) -> s.Null:
        return s.Null(span(c))

    def boolean(self, c: Children) -> s.Boolean:
        return s.Boolean(c[0].lower() == "true", span(c))

    def name(self, c: Children) -> s.Name:
        return s.Name((str(c[0]),), span(c))

    def call(self, c: Children) -> s.Call:
        return s.Call(str(c[0]), _nodes(c), _span(c[0]), span(c))

    def argument(self, c: Children) -> s.Argument:
        return s.Argument(str(c[0]) if len(c) == 3 else None, c[-1], span(c))

    def parenthesis(self, c: Children) -> s.Expr:
        """Parentheses leave no node; the span of what they hold grows to include them."""
        inside: s.Expr = replace(c[1], span=span(c))
        return inside

    def case(self, c: Children) -> s.Case:
        whens = tuple(child for child in c if isinstance(child, tuple))
        return s.Case(whens, c[-2] if _has(c, "ELSE") else None, span(c))

    def when(self, c: Children) -> tuple[s.Expr, s.Expr]:
        return (c[1], c[3])


def _same_day(start: s.DatePoint, end: Any) -> s.Date:
    """`2025-03-10T09:30Z .. 16:00` ends on the day it starts on, in the same zone."""
    assert isinstance(start, s.Date)
    day, _, clock = start.text.partition("T")
    zone = re.search(r"(Z|[+-]\d\d:\d\d)$", clock)
    return s.Date(f"{day}T{end.rjust(5, '0')}{zone[0] if zone else ''}", Span(end.start_pos, end.end_pos))
