"""What the parts of expressions ask of each other: the one who resolves them all."""

from __future__ import annotations

from typing import Protocol

from tapeql.errors import Fix, Span
from tapeql.language import syntax
from tapeql.query.nodes import Expr
from tapeql.query.scope import Scope
from tapeql.query.values import Operand, Value


class Reader(Protocol):
    """Resolves expressions in one scope.

    used           the measures and parameter-only calls met, in order: what a result shows besides its fixed columns
    open_aliases   those being resolved, outermost first
    """

    scope: Scope
    used: list[tuple[str, Expr]]
    open_aliases: list[str]

    def condition(self, written: syntax.Expr) -> Expr:
        """A boolean, or E201."""
        ...

    def number(self, written: syntax.Expr, what: str) -> Value:
        """A number in its unit, or E201."""
        ...

    def output(self, written: syntax.Expr) -> Expr:
        """Any value as a column of the result."""
        ...

    def value(self, written: syntax.Expr) -> Value:
        """An operand that is no longer a mere date."""
        ...

    def operand(self, written: syntax.Expr) -> Operand:
        """A value, or a date that waits for what it is compared with."""
        ...

    def name_of(self, written: syntax.Expr) -> str | None:
        """What a column of this value is called, where the reader knows better than the rule."""
        ...

    def refuse(self, code: str, reason: str, span: Span, *hints: str, fix: Fix | None = None) -> Value:
        """Reports a mistake; the value stands for what was meant."""
        ...
