"""STATS: groups of rows, and aggregates of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import ResultOperator
from tapeql.query.grouped import Measure
from tapeql.query.nodes import Column


@dataclass(frozen=True, slots=True)
class Group(ResultOperator):
    """A row for each combination of the keys' values there is, sorted by them in byte order, NULLs last.

    Without keys all rows are one group; where there is no row there is no group.
    """

    keys: tuple[Column, ...]
    measures: tuple[Measure, ...]

    @property
    def remakes(self) -> bool:
        return True

    def reads(self) -> frozenset[str]:
        return frozenset()

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return frozenset((*(key.name for key in self.keys), *(measure.name for measure in self.measures)))

    def text(self) -> Iterator[str]:
        told = ", ".join(
            f"{m.name} {m.function}({', '.join((*(c.name for c in m.inputs), *map(str, m.params)))})"
            for m in self.measures
        )
        yield f"groups by {', '.join(key.name for key in self.keys) or 'nothing'}: {told or 'as they are'}"
