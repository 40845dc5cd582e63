"""Windows become columns: an expression over neighbouring rows is computed once, by depth."""

from __future__ import annotations

from collections.abc import Sequence

from tapeql.operators.compute import Compute
from tapeql.operators.in_range import InRange
from tapeql.query.nodes import Call, Column, Expr, OutputColumn, Over, Shift, children
from tapeql.query.rewriting import column_names, with_children

EVERYTHING = InRange(None, None, keep_partial=True)


class Windows:
    """Collects windows by depth; equal ones are computed once.

    over    columns that are there only behind some operator
    before  collects the windows that need none of them
    """

    def __init__(self, over: frozenset[str] = frozenset(), before: Windows | None = None) -> None:
        self._over, self._before = over, before
        self._found: dict[Expr, Column] = {}
        self._depth: dict[str, int] = {}

    @property
    def behind(self) -> str:
        """What the windows are called that are computed behind these."""
        return "later" if self._before is None else f"{self._before.behind}_still"

    def lift(self, expr: Expr) -> Expr:
        """The expression with each window replaced by a column."""
        lifted = with_children(expr, tuple(self.lift(child) for child in children(expr)))
        if not isinstance(lifted, Shift | Call | Over):
            return lifted
        if isinstance(lifted, Shift) and lifted.rows == 0:
            return lifted.x
        if self._before is not None and not column_names(lifted) & (self._over | self._depth.keys()):
            return self._before.lift(lifted)
        if lifted not in self._found:
            name = f"{'w' if self._before is None else self._before.behind}.{len(self._found)}"
            self._depth[name] = 1 + max((self._depth.get(c, 0) for c in column_names(lifted)), default=0)
            self._found[lifted] = Column(name, lifted.type)
        return self._found[lifted]

    def steps(self, range: InRange) -> tuple[Compute, ...]:
        """One Compute a depth, shallow first."""
        by_depth: dict[int, list[OutputColumn]] = {}
        for expr, column in self._found.items():
            by_depth.setdefault(self._depth[column.name], []).append(OutputColumn(column.name, expr))
        return tuple(Compute(tuple(by_depth[depth]), range) for depth in sorted(by_depth))


def split_windows(columns: Sequence[OutputColumn]) -> tuple[tuple[Compute, ...], tuple[OutputColumn, ...]]:
    """The Compute steps that some columns need over all rows, and the columns over what those steps add."""
    windows = Windows()
    lifted = tuple(OutputColumn(c.name, windows.lift(c.expr)) for c in columns)
    return windows.steps(EVERYTHING), lifted
