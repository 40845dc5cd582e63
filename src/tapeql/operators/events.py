"""The stretches of another query's rows, as events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql import arrow
from tapeql.kernels.context import Context
from tapeql.operators.chosen import Chosen

Instants = npt.NDArray[np.int64]

ALL: Final = ("", "")
"""The name of events of any symbol."""


class Events(NamedTuple):
    """Half-open stretches, sorted by when they begin and then by when they end."""

    start: Instants
    end: Instants


def events_of(step: Chosen, context: Context) -> Mapping[tuple[str, str], Events]:
    """The events of each (venue, code); of any symbol, under ALL."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for batch in context.answer(step.plan):
        names = zip(batch.column("exchange").to_pylist(), batch.column("symbol").to_pylist(), strict=True)
        starts, ends = arrow.instants(batch.column("start")).tolist(), arrow.instants(batch.column("end")).tolist()
        for name, start, end in zip(names, starts, ends, strict=True):
            found.setdefault(ALL if step.across else name, []).append((start, end))
    return {name: Events(*np.array(sorted(stretches), np.int64).T) for name, stretches in found.items()}
