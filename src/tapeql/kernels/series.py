"""The rows of one symbol on their way through the operators of a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.kernels.frame import Frame
from tapeql.rows.nodes import Feed, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """`frames` in order of (ts, seq); may be iterated once."""

    rows: Rows
    feed: Feed
    frames: Iterator[Frame]
