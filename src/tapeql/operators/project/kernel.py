"""Expressions as columns, in order."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql.kernels.context import Context
from tapeql.kernels.expressions import evaluate
from tapeql.kernels.frame import Frame
from tapeql.kernels.series import Series
from tapeql.operators.project import Project


def run(step: Project, series: Series, context: Context) -> Iterator[Frame]:
    for frame in series.frames:
        context.cancel.check()
        if frame.length:
            yield Frame(frame.length, {c.name: evaluate(c.expr, frame) for c in step.outputs})
