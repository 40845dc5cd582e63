"""How far back an expression looks: rows of its own series, and time before them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.functions.registry import functions
from tapeql.query.columns import KINDS
from tapeql.query.nodes import Arithmetic, Call, Column, Expr, Literal, Negate, Of, Over, Shift, children


@dataclass(frozen=True, slots=True)
class Lookback:
    """`rows` before a row, before the `us` microseconds before it; rows None: everything there is."""

    rows: int | None = 0
    us: int = 0

    def widest(self, other: Lookback) -> Lookback:
        """What serves both, side by side."""
        rows = None if self.rows is None or other.rows is None else max(self.rows, other.rows)
        return Lookback(rows, max(self.us, other.us))

    def after(self, other: Lookback) -> Lookback:
        """What serves one inside the other."""
        rows = None if self.rows is None or other.rows is None else self.rows + other.rows
        return Lookback(rows, self.us + other.us)


_SOLID: Final = frozenset(column.name for kind in KINDS for column in kind.columns if column.solid)


def _solid(expr: Expr) -> bool:
    """Whether every row that counts as history has a value.

    A recursive function keeps its state over NULLs, so how many rows of a series with NULLs settle it cannot be told
    without reading them: it reads everything stored.
    """
    match expr:
        case Column(name=name, of=of):
            return of is Of.ROW and name in _SOLID
        case Literal(value=value):
            return value is not None
        case Arithmetic(op=op):
            return op != "/" and all(_solid(child) for child in children(expr))
        case Negate() | Shift() | Call():
            return all(_solid(child) for child in children(expr))
        case _:
            return False


def reach(expr: Expr) -> Lookback:
    """What the outermost node alone looks back to."""
    match expr:
        case Shift(rows=rows):
            return Lookback(rows)
        case Call(function=name, params=params, inputs=inputs):
            entry = functions()[name]
            warmup = entry.warmup(params)
            if entry.cumulative:
                return Lookback(None)
            if warmup > entry.lookback(params) and not all(_solid(x) for x in inputs):
                return Lookback(None)
            return Lookback(warmup)
        case Over(us=int(us)):
            return Lookback(0, us)
        case Over(us=None):
            return Lookback(None)
        case _:
            return Lookback()


def lookback(expr: Expr) -> Lookback:
    """What the whole expression looks back to before the first row it is wanted for.

    A whole-range aggregate looks at the range itself, so it adds nothing before it.
    """
    inside = Lookback()
    for child in children(expr):
        inside = inside.widest(lookback(child))
    own = Lookback() if isinstance(expr, Over) and expr.us is None else reach(expr)
    return own.after(inside)
