"""A file of any kind as a stream of raw columns."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql.errors import DataError
from tapeql.storage.importers.shown import shown


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
    """`label` names the file in messages (and the member of an archive); `names` are its columns as written."""

    @property
    def label(self) -> str: ...

    @property
    def names(self) -> Sequence[str]:
        """Column names, empty where the file has none."""
        ...

    @property
    def width(self) -> int: ...

    def first_row(self) -> Sequence[str]:
        """The cells of the first line, for messages about files without a header."""
        ...

    def batches(self, indices: Sequence[int]) -> Iterator[RawBatch]:
        """The columns at these places (from 0), in bounded memory."""
        ...

    def raw(self, lines: Sequence[int]) -> Mapping[int, str]:
        """The text of some lines, found in a second pass."""
        ...

    def position(self) -> float:
        """How much of the file has been read, 0 to 1."""
        ...


_GZIP: Final = b"\x1f\x8b"
_PROMISED: Final = {
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".feather": "Feather",
    ".arrow": "Feather",
    ".zip": "zip",
    ".gz": "gzip",
}
"""What a file of this suffix is: never a text file."""


def open_sources(path: Path) -> list[Source]:
    """A file's sources: one, or one a member of a zip archive.

    Its bytes say what it is. Where they say nothing it is text, unless its suffix promises something else.
    """
    from tapeql.storage.importers.csv import csv_sources
    from tapeql.storage.importers.feather import FeatherSource
    from tapeql.storage.importers.parquet import ParquetSource

    try:
        with open(path, "rb") as file:
            magic = file.read(6)
    except FileNotFoundError:
        raise DataError(f"there is no file {shown(path)}") from None
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read: {error.strerror}") from error
    try:
        if magic.startswith(b"PAR1"):
            return [ParquetSource(path)]
        if magic.startswith(b"ARROW1"):
            return [FeatherSource(path)]
        if magic.startswith(b"FEA1"):
            raise DataError(f"{shown(path)} is Feather version 1, which is no longer read; write it anew as version 2")
        promised = _PROMISED.get(path.suffix.lower())
        if promised is not None and not magic.startswith(_GZIP) and not zipfile.is_zipfile(path):
            raise DataError(f"{shown(path)} is not a {promised} file")
        return csv_sources(path)
    except (OSError, EOFError, pa.ArrowException) as error:
        raise DataError(f"{shown(path)} cannot be read: {shown(error)}") from error
