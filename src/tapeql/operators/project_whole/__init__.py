"""The columns of the result over rows of the whole result."""

from __future__ import annotations

from dataclasses import dataclass

from tapeql.operators.operator import Cut
from tapeql.operators.project import Project


@dataclass(frozen=True, slots=True)
class ProjectWhole(Project):
    """As Project, above what sees all symbols."""

    @property
    def cut(self) -> Cut:
        return Cut.WHOLE
