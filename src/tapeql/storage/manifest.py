"""Numbered lists of the files that are the table, published whole or not at all.

`manifests/<number>.parquet` has a row a file, sorted by symbol and time. The newest number is the lake; older ones are
kept a little for the curious. Parquet, because 20,000 files read in 3 ms (JSON: 47) and any tool can open it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tapeql.errors import StoreError
from tapeql.limits import LAKE_MANIFESTS
from tapeql.storage.files import fsync_folder
from tapeql.storage.rows import integers
from tapeql.storage.snapshot import Part

FOLDER: Final = "manifests"
_FORMAT: Final = b"tapeql.manifest"
_VERSION: Final = b"1"
_NAMES: Final = pa.dictionary(pa.int32(), pa.string())
_SCHEMA: Final = pa.schema(
    [
        pa.field("table", _NAMES, nullable=False),
        pa.field("venue", _NAMES, nullable=False),
        pa.field("code", _NAMES, nullable=False),
        pa.field("interval", _NAMES, nullable=False),
        pa.field("partition", pa.int64(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("min_us", pa.int64(), nullable=False),
        pa.field("max_us", pa.int64(), nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
        pa.field("removed_us", pa.int64()),
    ],
    metadata={_FORMAT: _VERSION},
)

Series = tuple[str, str, str, str]
"""(table, venue, code, interval): what a run of files belongs to."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: where it is, what it holds. `removed_us` is set once it is no longer of the table but readers may have it."""

    series: Series
    partition: int
    path: str
    min_us: int
    max_us: int
    rows: int
    removed_us: int | None = None


class Manifest:
    """The files of a lake as of one commit, looked up by series without turning all of them into objects."""

    def __init__(self, number: int, listing: pa.Table) -> None:
        self.number = number
        self._listing = listing
        self._spans = _spans(listing)
        self._parts: dict[Series, tuple[Part, ...]] = {}

    @classmethod
    def empty(cls) -> Manifest:
        return cls(0, _SCHEMA.empty_table())

    def series(self) -> Iterable[Series]:
        return self._spans.keys()

    def entries(self, series: Series) -> list[Entry]:
        """The files of a series that are the table, sorted by time."""
        return [entry for entry in self._entries(series) if entry.removed_us is None]

    def parts(self, series: Series) -> tuple[Part, ...]:
        if series not in self._parts:
            entries = self.entries(series)
            self._parts[series] = tuple(Part(*series, e.path, e.min_us, e.max_us, e.rows) for e in entries)
        return self._parts[series]

    def removed(self) -> list[Entry]:
        """Files on their way out, of all series."""
        column = self._listing.column("removed_us")
        if column.null_count == len(column):
            return []
        return [e for series in self._spans for e in self._entries(series) if e.removed_us is not None]

    def paths(self) -> set[str]:
        return set(self._listing.column("path").to_pylist())

    def successor(self, changed: Mapping[Series, Mapping[int, Entry]], gone: frozenset[str], now_us: int) -> Manifest:
        """The next manifest: files of `changed` take the place of those of their partition, `gone` ones are forgotten."""
        pieces = []
        for series in sorted({*self._spans, *changed}):
            entries = [entry for entry in self._entries(series) if entry.path not in gone]
            fresh = changed.get(series, {})
            kept = [
                replace(entry, removed_us=now_us) if entry.removed_us is None and entry.partition in fresh else entry
                for entry in entries
            ]
            every = sorted([*kept, *fresh.values()], key=lambda e: (e.min_us, e.path))
            pieces.append(every)
        return Manifest(self.number + 1, _listing(itertools.chain.from_iterable(pieces)))

    def _entries(self, series: Series) -> list[Entry]:
        span = self._spans.get(series)
        if span is None:
            return []
        rows = self._listing.slice(span.start, len(span))
        fields = [rows.column(name).to_pylist() for name in _SCHEMA.names[4:]]
        return [Entry(series, *values) for values in zip(*fields, strict=True)]

    # ── disk ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def publish(self, lake: Path) -> None:
        """Durable and visible when this returns; a kill before leaves the lake as it was."""
        folder = lake / FOLDER
        folder.mkdir(exist_ok=True)
        final = folder / f"{self.number:012}.parquet"
        draft = folder / f".{self.number:012}.{os.getpid()}"
        with open(draft, "wb") as sink:
            pq.write_table(self._listing, sink, compression="lz4")
            sink.flush()
            os.fsync(sink.fileno())
        try:
            # A link never replaces: should a lock fail, two writers cannot both publish one number.
            os.link(draft, final)
        except FileExistsError:
            raise StoreError(f"{lake} was written by someone else meanwhile; nothing was changed. Try again.") from None
        finally:
            draft.unlink()
        fsync_folder(folder)

    def prune(self, lake: Path) -> None:
        """Forgets all but the newest manifests; files are never found through old ones."""
        for number in _numbers(lake):
            if number <= self.number - LAKE_MANIFESTS:
                (lake / FOLDER / f"{number:012}.parquet").unlink(missing_ok=True)


def newest(lake: Path) -> int:
    """The number of the newest manifest, 0 where there is none."""
    return max(_numbers(lake), default=0)


def read(lake: Path, number: int) -> Manifest | None:
    """A manifest by number; None if it is no longer kept."""
    if number == 0:
        return Manifest.empty()
    path = lake / FOLDER / f"{number:012}.parquet"
    try:
        listing = pq.ParquetFile(path).read()
    except FileNotFoundError:
        return None
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error
    version = (listing.schema.metadata or {}).get(_FORMAT)
    if version != _VERSION:
        raise StoreError(f"{path} is not a manifest this version of TapeQL can read")
    return Manifest(number, listing.cast(_SCHEMA))


def _numbers(lake: Path) -> list[int]:
    try:
        names = os.listdir(lake / FOLDER)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [int(name[:12]) for name in names if len(name) == 20 and name[:12].isdigit() and name.endswith(".parquet")]


def _spans(listing: pa.Table) -> dict[Series, range]:
    """Where each series stands in a listing sorted by series."""
    n = listing.num_rows
    if n == 0:
        return {}
    columns = [listing.column(name).combine_chunks() for name in ("table", "venue", "code", "interval")]
    places = [integers(column.indices) for column in columns]
    change = np.zeros(n, np.bool_)
    change[0] = True
    for place in places:
        change[1:] |= np.diff(place) != 0
    begin = np.flatnonzero(change).tolist()
    names = [column.dictionary.to_pylist() for column in columns]
    keys = zip(*([words[i] for i in place[begin]] for words, place in zip(names, places, strict=True)), strict=True)
    return {key: range(start, end) for key, start, end in zip(keys, begin, [*begin[1:], n], strict=True)}


def _listing(entries: Iterable[Entry]) -> pa.Table:
    rows = [(*e.series, e.partition, e.path, e.min_us, e.max_us, e.rows, e.removed_us) for e in entries]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_SCHEMA)
    plain = [pa.string() if field.type == _NAMES else field.type for field in _SCHEMA]
    arrays = [
        pa.array(values, kind).cast(field.type) for values, kind, field in zip(columns, plain, _SCHEMA, strict=True)
    ]
    return pa.table(arrays, schema=_SCHEMA)
