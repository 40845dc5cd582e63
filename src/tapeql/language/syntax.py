"""Syntax: the sentence as written, every node with its span, nothing understood yet.

Expressions are `Expr`; clauses and statements have files of their own; `Script` is a `;`-separated list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import TypeVar

from tapeql.errors import Span

# ── values ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Number:
    """`5`, `1_000`, `1e6`, `0.05%`, `5bps`: `unit` is "", "%" or "bps"."""

    value: int | float
    unit: str
    span: Span


@dataclass(frozen=True, slots=True)
class String:
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Boolean:
    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Null:
    span: Span


@dataclass(frozen=True, slots=True)
class Duration:
    """`1h30m` is ((1, "h"), (30, "m")); units: ns us ms s m h d w mo q y bd."""

    parts: tuple[tuple[int, str], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day, `09:30` or `09:30:15.5`, as microseconds after midnight."""

    us: int
    span: Span


@dataclass(frozen=True, slots=True)
class Date:
    """A date form as written: `2025`, `2025-03`, `2025-Q1`, `2025-W03`, `2025-03-10`, `2025-03-10T09:30Z`, `today`, `yesterday`, `now`."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name`"""

    name: str
    span: Span


# ── expressions ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Name:
    """`close` or `premarket.high`: one or more parts."""

    parts: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Argument:
    """A call's argument; `keyword` is None for a positional one."""

    keyword: str | None
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple[Argument, ...]
    name_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Output:
    """One output of a function with several: `macd(12,26,9).hist`."""

    call: Expr
    output: str
    output_span: Span
    span: Span


@dataclass(frozen=True, slots=True)
class Index:
    """`x[n]`, n rows back; n as written, negative included (resolve refuses it)."""

    x: Expr
    n: int | Parameter
    span: Span


@dataclass(frozen=True, slots=True)
class Over:
    """`avg(x) OVER 30m` or `avg(x) OVER ALL` (`window` None)."""

    x: Expr
    window: Duration | None
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `+x`"""

    op: str
    x: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """`+ - * /`"""

    op: str
    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    """`= != < <= > >=` (`<>` is written `!=`)"""

    op: str
    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Between:
    x: Expr
    low: Expr
    high: Expr
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class InList:
    x: Expr
    items: tuple[Expr, ...]
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class IsNull:
    x: Expr
    negated: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Crosses:
    """`a CROSSES [ABOVE|BELOW] b`: `direction` is "above", "below" or "either"."""

    left: Expr
    right: Expr
    direction: str
    span: Span


@dataclass(frozen=True, slots=True)
class Not:
    x: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Logical:
    """`AND` / `OR`, n-ary: `op` is "and" or "or"."""

    op: str
    items: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Case:
    whens: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None
    span: Span


Expr = (
    Number | String | Boolean | Null | Duration | Time | Date | Parameter | Name | Call | Output | Index | Over
    | Unary | Binary | Compare | Between | InList | IsNull | Crosses | Not | Logical | Case
)  # fmt: skip

# ── clauses and statements ────────────────────────────────────────────────────────────────────────────────────────────


class Clause:
    """A clause as it is written; each has a file in `tapeql.language.clauses`."""

    __slots__ = ()
    span: Span

    def write(self) -> str:
        """What stands behind the words it opens with, as canonical text."""
        raise NotImplementedError


class Statement:
    """A statement as it is written; each has a file in `tapeql.language.statements`."""

    __slots__ = ()
    span: Span

    def write(self) -> str:
        """One line of canonical text, which is read as an equal tree."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Script:
    statements: tuple[Statement, ...]
    source: str

    def write(self) -> str:
        """Every statement on a line of its own, separated by `;`."""
        return ";\n".join(statement.write() for statement in self.statements)


# ── trees ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

Node = TypeVar("Node")


def within(tree: object, kind: type[Node]) -> Iterator[Node]:
    """Every node of a kind in a tree, in written order."""
    ahead = [tree]
    while ahead:  # in a loop, since a chain of operators may be hundreds deep
        node = ahead.pop()
        if isinstance(node, kind):
            yield node
        if isinstance(node, tuple):
            ahead += reversed(node)
        elif is_dataclass(node) and not isinstance(node, Span):
            ahead += [getattr(node, field.name) for field in reversed(fields(node))]
