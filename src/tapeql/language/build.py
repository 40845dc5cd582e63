"""Turns the grammar's rules into syntax nodes: one method a rule, called bottom-up with all of the rule's children."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tapeql.language import clauses, statements
from tapeql.language import syntax as s
from tapeql.language.reading import Children, date, duration, has, integer, nodes, number, span, span_of, text, time


@functools.cache
def rules() -> Mapping[str, Callable[[Children], Any]]:
    """What reads the rules of clauses and statements, by the name of the rule."""
    files = [
        f"{room.__name__}.{file.name}" for room in (clauses, statements) for file in pkgutil.iter_modules(room.__path__)
    ]
    return {rule.__name__: rule for file in files for rule in importlib.import_module(file).RULES}


class Builder:
    """The callbacks of `grammar/tapeql.lark`; it holds no state, so one serves every thread."""

    def __getattr__(self, rule: str) -> Any:
        """The rules of clauses and statements are read in their files."""
        try:
            return rules()[rule]
        except KeyError:
            raise AttributeError(rule) from None

    def statement(self, c: Children) -> s.Statement:
        found: s.Statement = c[0]
        return found

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
        return s.Between(c[0], c[-3], c[-1], has(c, "NOT"), span(c))

    def in_list(self, c: Children) -> s.InList:
        return s.InList(c[0], nodes(c[1:]), has(c, "NOT"), span(c))

    def is_null(self, c: Children) -> s.IsNull:
        return s.IsNull(c[0], has(c, "NOT"), span(c))

    def crosses(self, c: Children) -> s.Crosses:
        return s.Crosses(c[0], c[-1], c[2].lower() if len(c) == 4 else "either", span(c))

    def binary(self, c: Children) -> s.Binary:
        return s.Binary(str(c[1]), c[0], c[2], span(c))

    def unary(self, c: Children) -> s.Unary:
        return s.Unary(str(c[0]), c[1], span(c))

    def dot(self, c: Children) -> s.Name | s.Output:
        if isinstance(c[0], s.Name):
            return s.Name((*c[0].parts, str(c[2])), span(c))
        return s.Output(c[0], str(c[2]), span_of(c[2]), span(c))

    def index(self, c: Children) -> s.Index:
        if has(c, "PARAMETER"):
            return s.Index(c[0], s.Parameter(c[2][1:], span_of(c[2])), span(c))
        rows = integer(c[-2])
        return s.Index(c[0], -rows if has(c, "MINUS") else rows, span(c))

    def over(self, c: Children) -> s.Over:
        return s.Over(c[0], duration(c[2]) if c[2].type == "DURATION" else None, span(c))

    def number(self, c: Children) -> s.Number:
        return number(c[0])

    def duration(self, c: Children) -> s.Duration:
        return duration(c[0])

    def time(self, c: Children) -> s.Time:
        return time(c[0])

    def day(self, c: Children) -> s.Date:
        return date(c[0])

    def string(self, c: Children) -> s.String:
        return s.String(text(c[0]), span(c))

    def parameter(self, c: Children) -> s.Parameter:
        return s.Parameter(c[0][1:], span(c))

    def null(self, c: Children) -> s.Null:
        return s.Null(span(c))

    def boolean(self, c: Children) -> s.Boolean:
        return s.Boolean(c[0].lower() == "true", span(c))

    def name(self, c: Children) -> s.Name:
        return s.Name((str(c[0]),), span(c))

    def call(self, c: Children) -> s.Call:
        return s.Call(str(c[0]), nodes(c), span_of(c[0]), span(c))

    def argument(self, c: Children) -> s.Argument:
        return s.Argument(str(c[0]) if len(c) == 3 else None, c[-1], span(c))

    def parenthesis(self, c: Children) -> s.Expr:
        """Parentheses leave no node; the span of what they hold grows to include them."""
        inside: s.Expr = replace(c[1], span=span(c))
        return inside

    def case(self, c: Children) -> s.Case:
        whens = tuple(child for child in c if isinstance(child, tuple))
        return s.Case(whens, c[-2] if has(c, "ELSE") else None, span(c))

    def when(self, c: Children) -> tuple[s.Expr, s.Expr]:
        return (c[1], c[3])
