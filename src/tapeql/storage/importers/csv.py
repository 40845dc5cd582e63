"""Text files of cells: `,` `;` or tab between them, plain, gzipped or in a zip archive."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv

from tapeql.errors import DataError
from tapeql.storage.importers.shown import shown
from tapeql.storage.importers.source import Malformed, RawBatch, Source

_BLOCK_BYTES: Final = 8 * 1024 * 1024
_HEAD_BYTES: Final = 256 * 1024
_SEPARATORS: Final = ",;\t"


def csv_sources(path: Path) -> list[Source]:
    """The text file, or those in an archive, in the archive's order."""
    if not zipfile.is_zipfile(path):
        return [CsvSource(path, None)]
    with zipfile.ZipFile(path) as archive:
        members = [m.filename for m in archive.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    if not members:
        raise DataError(f"{shown(path)} is an empty archive")
    return [CsvSource(path, member) for member in members]


class CsvSource:
    """One text file. Lines count from 1, the header included; cells are read as text."""

    def __init__(self, path: Path, member: str | None) -> None:
        self.label = shown(f"{path}({member})" if member else path)
        self._path = path
        self._member = member
        self._size = max(path.stat().st_size, 1)
        self._file: IO[bytes] | None = None
        with self._open() as stream:
            head = stream.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace")
        first = head.replace("\r\n", "\n").replace("\r", "\n").split("\n", 1)[0]
        if "\0" in first:
            raise DataError(f"{self.label} is not a text file in UTF-8")
        self.separator = max(_SEPARATORS, key=_unquoted(first).count)
        self._first = [cell.strip() for cell in next(csv.reader([first], delimiter=self.separator), [])]
        if not first.strip():
            raise DataError(f"{self.label} is empty" if not head.strip() else f"{self.label} begins with an empty line")
        self.has_header = not any(_is_value(cell) for cell in self._first)
        self.names = self._first if self.has_header else []

    @property
    def width(self) -> int:
        return len(self._first)

    def first_row(self) -> Sequence[str]:
        return self._first

    def batches(self, indices: Sequence[int]) -> Iterator[RawBatch]:
        malformed: list[Malformed] = []

        def refuse(row: Any) -> str:
            kind = f"{row.actual_columns} cells where the first line has {row.expected_columns}"
            malformed.append(Malformed(row.number, kind, row.text))
            return "skip"

        wanted = [str(i) for i in indices]
        line = 2 if self.has_header else 1
        with self._open() as stream:
            try:
                reader = pa.csv.open_csv(
                    stream,
                    pa.csv.ReadOptions(
                        # Only one thread numbers the lines it refuses.
                        use_threads=False,
                        block_size=_BLOCK_BYTES,
                        skip_rows=1 if self.has_header else 0,
                        column_names=[str(i) for i in range(self.width)],
                    ),
                    pa.csv.ParseOptions(delimiter=self.separator, ignore_empty_lines=False, invalid_row_handler=refuse),
                    pa.csv.ConvertOptions(
                        include_columns=list(dict.fromkeys(wanted)),
                        column_types={name: pa.string() for name in wanted},
                        null_values=[""],
                        strings_can_be_null=True,
                    ),
                )
            except pa.ArrowInvalid as error:
                if "Empty CSV" in str(error):
                    return
                raise
            told = 0
            for batch in reader:
                skipped = np.array([bad.line for bad in malformed], np.int64)
                span = np.arange(line, line + batch.num_rows + int((skipped >= line).sum()))
                lines = np.setdiff1d(span, skipped, assume_unique=True)[: batch.num_rows]
                line = int(lines[-1]) + 1 if len(lines) else line
                fresh, told = malformed[told:], len(malformed)
                yield RawBatch([batch.column(name) for name in wanted], lines, fresh)
            if malformed[told:]:
                nothing = [pa.array([], pa.string()) for _ in wanted]
                yield RawBatch(nothing, np.array([], np.int64), malformed[told:])

    def raw(self, lines: Sequence[int]) -> Mapping[int, str]:
        wanted = set(lines)
        with self._open() as stream:
            text = io.TextIOWrapper(stream, "utf-8-sig", errors="replace", newline=None)
            found = {n: line.rstrip("\n") for n, line in enumerate(text, 1) if n in wanted}
            text.detach()
        return found

    def position(self) -> float:
        return self._file.tell() / self._size if self._file is not None and not self._file.closed else 1.0

    def _open(self) -> Any:
        self._file = open(self._path, "rb")  # noqa: SIM115
        if self._member is not None:
            return zipfile.ZipFile(self._file).open(self._member)
        suffix = self._path.suffix.lower()
        magic = self._file.read(2)
        self._file.seek(0)
        if magic == b"\x1f\x8b":
            return pa.CompressedInputStream(self._file, "gzip")
        if suffix in (".bz2", ".zst"):
            return pa.CompressedInputStream(self._file, {".bz2": "bz2", ".zst": "zstd"}[suffix])
        return self._file


def _unquoted(line: str) -> str:
    return "".join(line.split('"')[::2])


def _is_value(cell: str) -> bool:
    """A cell of a first line that is data: a number, or begins like a date. Headers name things."""
    return cell[:1].isdigit() or (cell[:1] in ("+", "-", ".") and cell[1:2].isdigit())
