"""Rewriting expressions, and what they read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tapeql.query.nodes import (
    And,
    Arithmetic,
    Call,
    Case,
    Column,
    Compare,
    Expr,
    In,
    IsNull,
    Literal,
    Negate,
    Not,
    Or,
    Over,
    Scalar,
    Shift,
    children,
)

Rewrite = Callable[[Expr], Expr]


def with_children(expr: Expr, new: tuple[Expr, ...]) -> Expr:
    """The same node over other operands, given in the order of `children`."""
    match expr:
        case Literal() | Column():
            return expr
        case Shift() | Over() | Negate() | In() | IsNull() | Not():
            return replace(expr, x=new[0])
        case Call():
            return replace(expr, inputs=new)
        case And() | Or():
            return replace(expr, items=new)
        case Scalar():
            return replace(expr, arguments=new)
        case Arithmetic() | Compare():
            return replace(expr, left=new[0], right=new[1])
        case Case():
            pairs = tuple(zip(new[:-1:2], new[1:-1:2], strict=True))
            return replace(expr, whens=pairs, otherwise=new[-1])


def bottom_up(expr: Expr, rewrite: Rewrite) -> Expr:
    """The expression with every node rewritten, operands first."""
    old = children(expr)
    new = tuple(bottom_up(child, rewrite) for child in old)
    return rewrite(expr if new == old else with_children(expr, new))


def columns_in(expr: Expr) -> tuple[Column, ...]:
    """The columns an expression reads, in order of first appearance."""
    if isinstance(expr, Column):
        return (expr,)
    return tuple(dict.fromkeys(column for child in children(expr) for column in columns_in(child)))


def column_names(expr: Expr) -> frozenset[str]:
    """What the columns an expression reads are called."""
    return frozenset(column.key for column in columns_in(expr))
