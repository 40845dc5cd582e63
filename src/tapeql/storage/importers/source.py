"""A file of any format as a stream of raw columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

SAMPLE_ROWS: Final = 1000
"""How many rows are looked at to tell what a file holds."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that has not as many cells as the others."""

    line: int
    kind: str
    raw: str


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Columns as they stand in the file, the line of each row, and lines that are no rows."""

    columns: Sequence[pa.Array]
    lines: npt.NDArray[np.int64]
    malformed: Sequence[Malformed] = ()


class Source(Protocol):
    """One file, or one member of an archive.

    label    names it in messages
    path     where it lies, with the member of an archive as its last part: what names say is read from it
    names    its columns as written; empty where it has no header
    above    lines above the first row that are no header: banners, and further lines of a header of several
    info     what stands once for the whole file, such as `symbol`
    mark     between the cells of a text file; empty for others
    """

    @property
    def label(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def above(self) -> Sequence[Sequence[str]]: ...

    @property
    def info(self) -> Mapping[str, str]: ...

    @property
    def mark(self) -> str: ...

    @property
    def width(self) -> int: ...

    def sample(self) -> Sequence[pa.Array]:
        """All columns of the first rows."""
        ...

    def batches(self, indices: Sequence[int], types: Mapping[int, pa.DataType] = {}) -> Iterator[RawBatch]:
        """The columns at these places (from 0), in bounded memory.

        `types` are what cells of text may be read as at once, as long as all of them can be.
        """
        ...

    def raw(self, lines: Sequence[int]) -> Mapping[int, str]:
        """The text of some lines, found in a second pass."""
        ...

    def position(self) -> float:
        """How much of the file has been read, 0 to 1."""
        ...
