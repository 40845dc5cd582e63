"""What a store knows to have: stretches of time within which no row is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tapeql.storage.layout import interval_us, partitions
from tapeql.storage.snapshot import Part

Span = tuple[int, int]
"""Half-open microseconds."""


def of_parts(parts: Sequence[Part]) -> list[Span]:
    """Where nothing better is known: from the first row to the last of every run of days (months, years) with rows."""
    spans = []
    before = None
    for part in sorted(parts, key=lambda p: p.min_us):
        first, last = partitions(part.table, part.interval, np.array([part.min_us, part.max_us])).tolist()
        end = part.max_us + (interval_us(part.interval) or 1 if part.interval else 1)
        if before is not None and first <= before + 1:
            spans.append((spans.pop()[0], end))
        else:
            spans.append((part.min_us, end))
        before = last
    return merged(spans)


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time as sorted spans that do not touch."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found
