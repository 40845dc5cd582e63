"""Text files of cells."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv

from tapeql.errors import DataError
from tapeql.storage.importers.dialect import Dialect, dialect_of, lines_of
from tapeql.storage.importers.packed import HEAD_BYTES, Packed, Stream
from tapeql.storage.importers.source import SAMPLE_ROWS, Malformed, RawBatch

_BLOCK_BYTES: Final = 2 * 1024 * 1024


class TextSource:
    """One text file. Lines count from 1, the header included; cells are read as text.

    head    its first bytes; `whole`: all of them
    """

    def __init__(self, packed: Packed, head: bytes) -> None:
        self.label = packed.label
        self.path = packed.full
        self.info: Mapping[str, str] = {}
        self.head, self.whole = head, len(head) < HEAD_BYTES
        self._packed = packed
        self._stream: Stream | None = None

    @cached_property
    def dialect(self) -> Dialect:
        """Told when first asked for: it takes a while. Raises DataError for what is no text or has no rows."""
        return dialect_of(self.head, self.label, self.whole)

    @property
    def names(self) -> Sequence[str]:
        return self.dialect.names

    @property
    def above(self) -> Sequence[Sequence[str]]:
        return [row for n, row in enumerate(self.dialect.above) if n != self.dialect.header]

    @property
    def mark(self) -> str:
        return self.dialect.mark

    @property
    def width(self) -> int:
        return self.dialect.width

    def sample(self) -> Sequence[pa.Array]:
        lines = lines_of(self.head, self.dialect.encoding)
        if len(lines) > len(self.dialect.above) + 2:
            lines.pop()  # may have been cut
        rows = csv.reader(lines[len(self.dialect.above) :], delimiter=self.mark)
        found = [row for row, _ in zip(rows, range(SAMPLE_ROWS), strict=False) if len(row) == self.width]
        return [pa.array([row[n] or None for row in found], pa.string()) for n in range(self.width)]

    def batches(self, indices: Sequence[int], types: Mapping[int, pa.DataType] = {}) -> Iterator[RawBatch]:
        done = 0
        if types:
            try:
                for batch in self._read(indices, types):
                    yield batch
                    done += 1
                return
            except pa.ArrowInvalid:
                pass  # somewhere a cell is none: from there on all are read as text, which says which
        yield from itertools.islice(self._read(indices, {}), done, None)

    def _read(self, indices: Sequence[int], types: Mapping[int, pa.DataType]) -> Iterator[RawBatch]:
        """The same batches of rows whatever the types."""
        malformed: list[Malformed] = []

        def refuse(row: Any) -> str:
            kind = f"{row.actual_columns} cells where the others have {row.expected_columns}"
            malformed.append(Malformed(row.number, kind, row.text))
            return "skip"

        above = len(self.dialect.above)
        wanted = [str(i) for i in indices]
        line = above + 1
        with self._packed.open() as stream:
            self._stream = stream
            newline = "\n" if b"\n" in self.head else "\r"
            counted = _Counted(stream, newline, b'"' in self.head and not self.dialect.encoding.startswith("utf-16"))
            try:
                reader = pa.csv.open_csv(
                    counted,
                    pa.csv.ReadOptions(
                        # Only one thread numbers the lines it refuses.
                        use_threads=False,
                        block_size=_BLOCK_BYTES,
                        skip_rows=above,
                        column_names=[str(i) for i in range(self.width)],
                        encoding="utf8" if self.dialect.encoding.startswith("utf-8") else self.dialect.encoding,
                    ),
                    pa.csv.ParseOptions(delimiter=self.mark, ignore_empty_lines=False, invalid_row_handler=refuse),
                    _conversion(indices, types),
                )
            except pa.ArrowInvalid as error:
                if "Empty CSV" in str(error):
                    return
                raise
            told = rows = 0
            for batch in reader:
                rows += batch.num_rows
                # The reader is ahead: lines of later batches may have been refused already.
                skipped = np.array([bad.line for bad in malformed if bad.line >= line], np.int64)
                span = np.arange(line, line + batch.num_rows + len(skipped))
                lines = np.setdiff1d(span, skipped, assume_unique=True)[: batch.num_rows] if len(skipped) else span
                line = int(lines[-1]) + 1 if len(lines) else line
                fresh, told = malformed[told:], len(malformed)
                yield RawBatch([batch.column(name) for name in wanted], lines, fresh)
            if malformed[told:]:
                nothing = [pa.array([], pa.string()) for _ in wanted]
                yield RawBatch(nothing, np.array([], np.int64), malformed[told:])
        if counted.quoted and above + rows + len(malformed) < (counted.lines or self._count()):
            raise DataError(
                f"{self.label}:{self._unclosed()}: a quotation mark opens here and does not close, which makes one row of "
                "several lines; it was not imported"
            )

    def _count(self) -> int:
        with self._lines() as lines:
            return sum(1 for _ in lines)

    def _unclosed(self) -> int:
        """The first line in which a quotation mark stands alone."""
        with self._lines() as lines:
            return next((n for n, line in enumerate(lines, 1) if line.count('"') % 2), 1)

    def raw(self, lines: Sequence[int]) -> Mapping[int, str]:
        wanted = set(lines)
        with self._lines() as found:
            return {n: line.rstrip("\n") for n, line in enumerate(found, 1) if n in wanted}

    @contextmanager
    def _lines(self) -> Iterator[io.TextIOWrapper]:
        with self._packed.open() as stream:
            text = io.TextIOWrapper(
                io.BufferedReader(_Raw(stream)), self.dialect.encoding, errors="replace", newline=None
            )
            yield text
            text.detach()

    def position(self) -> float:
        return self._stream.position() if self._stream is not None else 1.0


def parsed(
    rows: bytes, mark: str, width: int, indices: Sequence[int], types: Mapping[int, pa.DataType]
) -> dict[int, pa.Array]:
    """Columns of lines that are rows, all at once. Raises ArrowInvalid where one has another width, or a cell another type."""
    names = [str(i) for i in range(width)]
    table = pa.csv.read_csv(
        pa.BufferReader(rows),
        pa.csv.ReadOptions(use_threads=False, block_size=len(rows), column_names=names),
        pa.csv.ParseOptions(delimiter=mark, ignore_empty_lines=False),
        _conversion(indices, types),
    ).combine_chunks()
    return {i: table[str(i)].combine_chunks() for i in indices}


def _conversion(indices: Sequence[int], types: Mapping[int, pa.DataType]) -> pa.csv.ConvertOptions:
    return pa.csv.ConvertOptions(
        include_columns=list(dict.fromkeys(map(str, indices))),
        column_types={str(i): types.get(i, pa.string()) for i in indices},
        null_values=[""],
        strings_can_be_null=True,
    )


class _Counted:
    """A Stream that counts what is read of it: only quotation marks can make a row of several lines.

    lines    0 where they are not counted on the way: a file whose first rows are bare seldom has a mark at all
    """

    closed = False

    def __init__(self, stream: Stream, newline: str, count: bool) -> None:
        self.quoted = False
        self._stream = stream
        self._newline = newline.encode()
        self._counts = count
        self._ended = True
        self._count = 0

    def read(self, count: int) -> bytes:
        data = self._stream.read(count)
        self.quoted = self.quoted or b'"' in data
        if self._counts and data:
            self._count += data.count(self._newline)
            self._ended = data.endswith(self._newline)
        return data

    @property
    def lines(self) -> int:
        return self._count + (not self._ended)


class _Raw(io.RawIOBase):
    """A Stream as Python's text layer wants it."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
