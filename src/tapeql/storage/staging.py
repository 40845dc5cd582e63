"""Rows between their source and a commit: kept by partition, spilled to disk when they are many."""

from __future__ import annotations

import fcntl
import itertools
import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np
import pyarrow as pa

from tapeql.errors import StoreError
from tapeql.limits import STAGING_BYTES
from tapeql.storage.layout import Ints, Series, partitions
from tapeql.storage.merge import reverse
from tapeql.storage.rows import instants

FOLDER: Final = "staging"
_LOCK: Final = ".lock"
_READERS: Final = 16
"""Files of spilled rows that are open at a time."""

Place = tuple[Series, int]
"""A series and the number of a partition of it."""

Piece = tuple[Series, str, int]
"""Whose some rows are, the source they come from, and how many there are."""


@dataclass(slots=True)
class _Chunk:
    source: str
    rows: pa.Table | None
    spill: int = -1
    batch: int = -1


@dataclass(slots=True)
class _Direction:
    """Whether a source ever went forwards or backwards in time."""

    last_us: int | None = None
    rises: bool = False
    falls: bool = False

    def see(self, first_us: int, last_us: int, rises: bool, falls: bool) -> None:
        before = first_us if self.last_us is None else self.last_us
        self.rises = self.rises or rises or first_us > before
        self.falls = self.falls or falls or first_us < before
        self.last_us = last_us


class Room:
    """A new folder of one owner inside `folder`; a kernel lock on the file beside it says that its owner lives."""

    def __init__(self, folder: Path) -> None:
        sweep(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock, self._alive = _locked(folder)
        self.path = self._lock.with_suffix("")
        self.path.mkdir()

    def close(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.unlink(missing_ok=True)
        os.close(self._alive)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _locked(folder: Path) -> tuple[Path, int]:
    """A new lock file and its descriptor; another one where a sweeper was quicker to lock it."""
    while True:
        lock = folder / f"{uuid.uuid4().hex}{_LOCK}"
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(fd, fcntl.LOCK_EX)
        if lock.exists():
            return lock, fd
        os.close(fd)


@dataclass(slots=True)
class Staging:
    """Its room in `folder` is made when memory is full."""

    folder: Path
    spill_bytes: int = STAGING_BYTES
    _chunks: dict[Place, list[_Chunk]] = field(default_factory=dict)
    _directions: dict[tuple[Series, str], _Direction] = field(default_factory=dict)
    _bytes: int = 0
    _spills: list[Path] = field(default_factory=list)
    _readers: dict[int, pa.ipc.RecordBatchFileReader] = field(default_factory=dict)
    _room: Room | None = None

    def add(self, rows: pa.Table, pieces: Sequence[Piece]) -> None:
        """Takes conformed rows of one table and interval, piece after piece, each in source order."""
        if rows.num_rows == 0:
            return
        table, _, _, interval = pieces[0][0]
        ts = instants(rows)
        numbers = partitions(table, interval, ts)
        rises, falls, other = ts[1:] > ts[:-1], ts[1:] < ts[:-1], numbers[1:] != numbers[:-1]
        start = 0
        for series, source, count in pieces:
            end = start + count
            if count:
                steps = slice(start, end - 1)
                self._directions.setdefault((series, source), _Direction()).see(
                    int(ts[start]), int(ts[end - 1]), bool(rises[steps].any()), bool(falls[steps].any())
                )
                mine = rows if count == rows.num_rows else rows.slice(start, count)
                if other[steps].any():
                    self._part(series, source, mine, numbers[start:end])
                else:
                    self._put(series, int(numbers[start]), mine, source)
            start = end
        self._bytes += rows.nbytes
        if self._bytes > self.spill_bytes:
            try:
                self._spill()
            except OSError as error:
                raise StoreError(f"{self.folder} cannot be written: {error.strerror or error}") from error

    def goes_forward(self, series: Series, source: str) -> None:
        """A source that is known to go forward in time, whatever is seen of it."""
        self._directions.setdefault((series, source), _Direction()).rises = True

    def _part(self, series: Series, source: str, rows: pa.Table, numbers: Ints) -> None:
        if (np.diff(numbers) < 0).any():
            order = np.argsort(numbers, kind="stable")
            rows, numbers = rows.take(pa.array(order)), numbers[order]
        edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
        for start, end in itertools.pairwise(edges):
            self._put(series, int(numbers[start]), rows.slice(start, end - start), source)

    def places(self) -> list[Place]:
        if self._spills:
            # What follows needs memory of its own, partition by partition.
            self._spill()
        return sorted(self._chunks)

    def sources(self, place: Place) -> list[pa.Table]:
        """The rows of a partition, a table a source, in the order they happened where the source went one way."""
        by_source: dict[str, list[pa.Table]] = {}
        for chunk in self._chunks[place]:
            by_source.setdefault(chunk.source, []).append(self._load(chunk))
        tables = []
        for source, pieces in by_source.items():
            rows = pa.concat_tables(pieces).combine_chunks()
            direction = self._directions[place[0], source]
            tables.append(reverse(rows) if direction.falls and not direction.rises else rows)
        return tables

    def close(self) -> None:
        self._chunks.clear()
        self._readers.clear()
        if self._room is not None:
            self._room.close()
            self._room = None

    def _put(self, series: Series, number: int, rows: pa.Table, source: str) -> None:
        self._chunks.setdefault((series, number), []).append(_Chunk(source, rows))

    def _spill(self) -> None:
        if self._room is None:
            self._room = Room(self.folder)
        by_schema: dict[pa.Schema, list[_Chunk]] = {}
        for chunks in self._chunks.values():
            for chunk in chunks:
                if chunk.rows is not None:
                    by_schema.setdefault(chunk.rows.schema, []).append(chunk)
        for schema, chunks in by_schema.items():
            path = self._room.path / f"{len(self._spills)}.arrow"
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
                for number, chunk in enumerate(chunks):
                    assert chunk.rows is not None
                    writer.write_batch(chunk.rows.combine_chunks().to_batches()[0])
                    chunk.rows, chunk.spill, chunk.batch = None, len(self._spills), number
            self._spills.append(path)
        self._bytes = 0
        pa.default_memory_pool().release_unused()

    def _load(self, chunk: _Chunk) -> pa.Table:
        if chunk.rows is not None:
            return chunk.rows
        return pa.Table.from_batches([self._reader(chunk.spill).get_batch(chunk.batch)])

    def _reader(self, spill: int) -> pa.ipc.RecordBatchFileReader:
        """Not mapped, as what was read would count as memory; opened once, as a file of many batches takes a while to open."""
        reader = self._readers.pop(spill, None)
        if reader is None:
            if len(self._readers) >= _READERS:
                self._readers.pop(next(iter(self._readers)))
            reader = pa.ipc.open_file(pa.OSFile(str(self._spills[spill])))
        self._readers[spill] = reader
        return reader


def sweep(folder: Path) -> None:
    """Removes the rooms whose owner was killed, at whatever moment: the lock is made first and goes last."""
    for lock in folder.glob(f"*{_LOCK}"):
        try:
            fd = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
            lock.unlink(missing_ok=True)
        except BlockingIOError:
            continue
        finally:
            os.close(fd)
