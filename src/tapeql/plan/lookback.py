"""How far back an expression looks: rows of its own series, and time before them."""

from __future__ import annotations

from dataclasses import dataclass

from tapeql.functions.registry import functions
from tapeql.query.nodes import Call, Expr, Over, Shift, children


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


def reach(expr: Expr) -> Lookback:
    """What the outermost node alone looks back to."""
    match expr:
        case Shift(rows=rows):
            return Lookback(rows)
        case Call(function=name, params=params):
            return Lookback(functions()[name].warmup(params))
        case Over(us=int(us)):
            return Lookback(0, us)
        case Over(us=None):
            return Lookback(None)
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
