"""What engines say differently; the answers must be the same."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from sqlglot import exp

from tapeql.query.nodes import Symbol
from tapeql.sql.terms import Kind, Node, call, case, column, double, op
from tapeql.storage.snapshot import Snapshot


class Unsayable(Exception):
    """An engine has no SQL for a part of the plan, so the kernels do it."""


Body = Callable[..., Node]


@dataclass(frozen=True, slots=True)
class Read:
    """Rows of one symbol with start_us <= ts < end_us; `feed` and `g` are the statement's numbers for it."""

    feed: int
    g: int
    symbol: Symbol
    start_us: int
    end_us: int


Constants = Callable[[str, Mapping[str, tuple[Kind, Sequence[object]]]], str]
"""Adds a small table of constants to the statement: a name, columns of values; gives the name it got."""


class Dialect(ABC):
    """One engine's SQL."""

    name: str
    """What sqlglot calls it."""

    ieee: bool
    """Arithmetic gives infinities and NaN (else it raises, and must be asked only what has an answer)."""

    # ── expressions ───────────────────────────────────────────────────────────────────────────────────────────────────

    def bind(self, values: Sequence[Node], body: Body) -> Node:
        """`body` of the values, each evaluated once however often the body mentions it."""
        atoms = [v if _is_atom(v) else column(f"_{next(self._fresh)}") for v in values]
        bound = [(a, v) for a, v in zip(atoms, values, strict=True) if a is not v and isinstance(a, exp.Column)]
        inside = body(*atoms)
        return self._let(bound, inside) if bound else inside

    def start(self) -> None:
        """Begins a statement: names of bound values count from one again."""
        self._fresh = count(1)

    _fresh = count(1)

    @abstractmethod
    def _let(self, bound: Sequence[tuple[exp.Column, Node]], body: Node) -> Node:
        """`body` with columns standing for values."""

    @abstractmethod
    def arithmetic(self, op: str, left: Node, right: Node) -> Node:
        """`+ - * /` of two atoms where the engine is not IEEE: NULL where the result is not finite."""

    @abstractmethod
    def scalar(self, function: str, arguments: Sequence[Node]) -> Node:
        """A function of atoms; on an IEEE engine NaN and infinities are taken away afterwards."""

    @abstractmethod
    def text(self, value: str) -> Node: ...

    @abstractmethod
    def byte_order(self, x: Node) -> Node:
        """A text that compares by its bytes."""

    @abstractmethod
    def whole_division(self, left: Node, right: Node) -> Node:
        """Of integers, the left one not negative."""

    # ── instants and dates, which are integers inside a statement ─────────────────────────────────────────────────────

    @abstractmethod
    def instant(self, x: Node) -> Node:
        """Microseconds as an instant."""

    @abstractmethod
    def date(self, x: Node) -> Node:
        """Days since 1970-01-01 as a date."""

    # ── aggregates ────────────────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def first(self, x: Node, keys: Sequence[str], where: Node | None = None, *, last: bool = False) -> Node:
        """The first (last) x of a group in the order of the columns `keys`."""

    @abstractmethod
    def sum(self, x: Node) -> Node:
        """A sum of doubles as exact as the engine has it."""

    @abstractmethod
    def median(self, x: Node) -> Node: ...

    # ── relations ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @abstractmethod
    def tape(
        self,
        table: str,
        interval: str,
        reads: Sequence[Read],
        columns: Sequence[str],
        numbers: Sequence[str],
        snapshot: Snapshot,
        constants: Constants,
    ) -> exp.Query:
        """Stored rows (*numbers, ts_us, seq, *columns) of the reads."""

    @abstractmethod
    def unnested(self, values: Sequence[object], kind: Kind) -> Node:
        """A column of constants: one row a value."""

    def computed_once(self, rows: exp.Select) -> exp.Select:
        """Rows whose columns are not to be computed again wherever they are mentioned."""
        return rows

    @abstractmethod
    def interval_index(self, table: str, *, groups: int) -> exp.Select:
        """What `containing` needs besides a table of intervals (g, i, start, stop, …), under its name with `_edges`."""

    @abstractmethod
    def containing(self, at: Node, g: Node, table: str, alias: str, *, groups: int, side: str = "") -> list[exp.Join]:
        """Joins the last interval of group g (0 … groups - 1) that starts at or before `at`; they are sorted, disjoint.

        Whether `at` lies before its end is left to the caller.
        """

    joins_as_of = False
    """Few rows may be joined by `as_of`, which needs no index."""

    def as_of(self, at: Node, g: Node, table_name: str, alias: str, *, groups: int, side: str = "") -> exp.Join:
        """The same as `containing`."""
        raise NotImplementedError


def _is_atom(x: Node) -> bool:
    """Cheap enough to be written twice."""
    if isinstance(x, exp.Cast):
        return _is_atom(x.this)
    return isinstance(x, exp.Column | exp.Literal | exp.Null | exp.Boolean)


def half_away(x: Node) -> Node:
    """An atom rounded to a whole number, halves away from zero."""
    whole = call("trunc", x.copy())
    apart = call("abs", op("-", x.copy(), whole))
    return case((op(">=", apart, double(0.5)), op("+", whole.copy(), call("sign", x.copy()))), otherwise=whole.copy())
