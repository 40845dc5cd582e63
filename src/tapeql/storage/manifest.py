"""Numbered lists of the files that are the table, published whole or not at all.

`manifests/<number>.parquet` has a row for each stretch of a file that holds rows of one series and partition, sorted by
symbol and time: the whole of an ordinary file, one of many stretches of a shared one. The newest number is the lake; older
ones are kept a little for the curious. Parquet, because 20,000 files read in 3 ms (JSON: 47) and any tool can open it.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tapeql import arrow
from tapeql.arrow import integers
from tapeql.errors import StoreError
from tapeql.limits import LAKE_MANIFESTS
from tapeql.storage.files import fsync_folder
from tapeql.storage.layout import Series
from tapeql.storage.rows import Ints, taken
from tapeql.storage.schema import OHLCV, TABLES
from tapeql.storage.snapshot import LIVE, Part, is_shared

FOLDER: Final = "manifests"
_FORMAT: Final = b"tapeql.manifest"
_VERSION: Final = b"2"
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
        # Of version 2:
        pa.field("first_row", pa.int64(), nullable=False),
        pa.field("last_seq", pa.int64()),
        pa.field("min_id", pa.int64()),
        pa.field("max_id", pa.int64()),
    ],
    metadata={_FORMAT: _VERSION},
)

_LOOKED_UP: Final = ("partition", "removed_us", "min_us", "max_us", "rows", "first_row", "last_seq", "max_id")
_UNKNOWN: Final = np.iinfo(np.int64).max

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Entry:
    """A stretch of a file: where it is, what it holds.

    removed_us      set once the file is no longer of the table but readers may have it; a shared file is then listed once,
                    under a series without a symbol
    first_row       of the stretch in the file
    last_seq        the largest seq at max_us; None: not known
    min_id, max_id  of the numbers of the table's key, None where some row has none or it is not known
    """

    series: Series
    partition: int
    path: str
    min_us: int
    max_us: int
    rows: int
    removed_us: int | None = None
    first_row: int = 0
    last_seq: int | None = None
    min_id: int | None = None
    max_id: int | None = None

    @property
    def is_live(self) -> bool:
        return self.path.startswith(f"{LIVE}/")

    @property
    def is_shared(self) -> bool:
        return is_shared(self.path)


@dataclass(frozen=True, slots=True)
class Held:
    """The most that is known without reading of what a series holds in a partition."""

    max_us: int
    last_seq: int | None
    max_id: int | None


class Manifest:
    """The files of a lake as of one commit, looked up by series without turning all of them into objects."""

    def __init__(self, number: int, listing: pa.Table) -> None:
        self.number = number
        self._listing = listing
        self._paths = listing.column("path").combine_chunks()
        self._spans = _spans(listing)
        self._parts: dict[Series, tuple[Part, ...]] = {}
        self._columns = {name: arrow.filled(listing.column(name).combine_chunks(), _UNKNOWN) for name in _LOOKED_UP}
        self._standing: Bools = self._columns["removed_us"] == _UNKNOWN

    @classmethod
    def empty(cls) -> Manifest:
        return cls(0, _SCHEMA.empty_table())

    def series(self) -> Iterable[Series]:
        """Whose rows there are; those of a live lake's removed files belong to no symbol and are not among them."""
        return (series for series in self._spans if series[1])

    def entries(self, series: Series, partition: int | None = None) -> list[Entry]:
        """What is the table of a series, or of one partition of it, sorted by time."""
        return self._entries(self._places(series, partition))

    @functools.cached_property
    def symbols(self) -> list[tuple[str, str]]:
        """All (venue, code) of the tables that can be queried, in byte order."""
        return sorted({(venue, code) for table, venue, code, _ in self.series() if TABLES[table].queried})

    @functools.cached_property
    def intervals(self) -> dict[tuple[str, str], list[str]]:
        """The intervals of each symbol's stored candles, in byte order."""
        found: dict[tuple[str, str], list[str]] = {}
        for table, venue, code, interval in self.series():
            if table == OHLCV.name:
                found.setdefault((venue, code), []).append(interval)
        return {symbol: sorted(intervals) for symbol, intervals in found.items()}

    def parts(self, series: Series) -> tuple[Part, ...]:
        """The entries of a series as readers see them; told in microseconds for the sake of scans of many series."""
        if series not in self._parts:
            places = self._places(series, None)
            numbers = (self._columns[name][places].tolist() for name in ("min_us", "max_us", "rows", "first_row"))
            found = zip(map(self._path, places.tolist()), *numbers, strict=True)
            self._parts[series] = tuple(Part(*series, *each) for each in found)
        return self._parts[series]

    def _path(self, place: int) -> str:
        path: str = self._paths[place].as_py()
        return path

    def held(self, series: Series, partition: int) -> Held | None:
        """What a partition holds, None if nothing; told in microseconds for the sake of appends to many series."""
        places = self._places(series, partition)
        if not len(places):
            return None
        max_us, last_seq, max_id = (self._columns[name][places] for name in ("max_us", "last_seq", "max_id"))
        latest = int(max_us.max())
        seq, number = int(last_seq[max_us == latest].max()), int(max_id.max())
        return Held(latest, None if seq == _UNKNOWN else seq, None if number == _UNKNOWN else number)

    def live(self, table: str) -> dict[str, int]:
        """The live files of a table and how many of their rows are the table, newest first."""
        paths = self._paths
        live = arrow.bools(pc.starts_with(paths, f"{LIVE}/{table}/")) & self._standing
        encoded = paths.filter(arrow.mask(live)).dictionary_encode()
        rows = self._listing.column("rows").combine_chunks().filter(arrow.mask(live))
        sums = np.bincount(integers(encoded.indices), integers(rows), len(encoded.dictionary)).astype(np.int64)
        return dict(sorted(zip(encoded.dictionary.to_pylist(), sums.tolist(), strict=True), reverse=True))

    def stretches(self, paths: Collection[str]) -> list[Entry]:
        """What these files hold of the table."""
        return self._entries(np.flatnonzero(_among(self._paths, paths) & self._standing))

    def stand(self, entries: Collection[Entry]) -> bool:
        """Whether all of these stretches are of the table still."""
        return len(self._find(self._paths, entries)) == len(entries)

    def live_places(self, venue: str) -> list[tuple[Series, int]]:
        """The series and partitions of a venue that have rows in live files."""
        live = arrow.bools(pc.starts_with(self._paths, f"{LIVE}/")) & self._standing
        found = []
        for series, span in self._spans.items():
            if series[1] == venue:
                stretch = slice(span.start, span.stop)
                numbers = np.unique(self._columns["partition"][stretch][live[stretch]])
                found += [(series, number) for number in numbers.tolist()]
        return found

    def removed(self) -> list[Entry]:
        """Files on their way out, of all series."""
        return self._entries(np.flatnonzero(~self._standing))

    def paths(self) -> set[str]:
        return set(self._listing.column("path").to_pylist())

    def successor(
        self, added: Iterable[Entry], replaced: Collection[Entry], gone: Collection[str], now_us: int
    ) -> Manifest:
        """The next manifest: `added` stand in the place of `replaced`, files that are `gone` are forgotten.

        A shared file is removed when the last of its stretches is replaced.
        """
        paths = self._paths
        standing = self._standing.copy()
        standing[self._find(paths, replaced)] = False
        shared = {entry.path: entry.series[0] for entry in replaced if entry.is_shared}
        touched = _among(paths, shared)
        left = set(paths.filter(pa.array(touched & standing)).to_pylist())
        ended = [
            Entry((table, "", "", ""), 0, path, 0, 0, 0, removed_us=now_us)
            for path, table in shared.items()
            if path not in left
        ]
        removed_us = pc.if_else(
            pa.array(self._standing & ~standing), now_us, self._listing.column("removed_us").combine_chunks()
        )
        kept = self._listing.set_column(_SCHEMA.names.index("removed_us"), "removed_us", removed_us)
        kept = kept.filter(pa.array(~_among(paths, gone) & ~(touched & ~standing)))
        return Manifest(self.number + 1, _sorted(pa.concat_tables([kept, _listing([*added, *ended])])))

    def _find(self, paths: pa.Array, entries: Collection[Entry]) -> Ints:
        """Where these stretches are listed."""
        wanted = {(entry.path, entry.first_row) for entry in entries}
        near = np.flatnonzero(_among(paths, {path for path, _ in wanted}) & self._standing)
        first_row = self._columns["first_row"][near].tolist()
        here = zip(paths.take(pa.array(near)).to_pylist(), first_row, strict=True)
        return near[np.fromiter((place in wanted for place in here), np.bool_, len(near))]

    def _places(self, series: Series, partition: int | None) -> Ints:
        span = self._spans.get(series)
        if span is None:
            return np.empty(0, np.int64)
        stretch = slice(span.start, span.stop)
        wanted = self._standing[stretch]
        if partition is not None:
            wanted = wanted & (self._columns["partition"][stretch] == partition)
        return np.flatnonzero(wanted) + span.start

    def _entries(self, places: Ints) -> list[Entry]:
        if not len(places):
            return []
        rows = taken(self._listing, places)
        columns = [rows.column(name).to_pylist() for name in _SCHEMA.names]
        return [Entry((t, v, c, i), *rest) for t, v, c, i, *rest in zip(*columns, strict=True)]

    # ── disk ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    def publish(self, lake: Path) -> None:
        """Durable and visible when this returns; a kill before leaves the lake as it was."""
        folder = lake / FOLDER
        folder.mkdir(exist_ok=True)
        final = folder / f"{self.number:012}.parquet"
        draft = folder / f".{self.number:012}.{os.getpid()}"
        with open(draft, "wb") as sink:
            # Paths repeat little; a dictionary of them costs three times the rest.
            pq.write_table(self._listing, sink, compression="lz4", use_dictionary=_SCHEMA.names[:4])
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
    if version == b"1":
        more = [pa.array(np.zeros(listing.num_rows, np.int64)), *[pa.nulls(listing.num_rows, pa.int64())] * 3]
        listing = pa.table([*listing.columns, *more], names=_SCHEMA.names)
    elif version != _VERSION:
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
    rows = [(*e.series, *(getattr(e, name) for name in _SCHEMA.names[4:])) for e in entries]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_SCHEMA)
    plain = [pa.string() if field.type == _NAMES else field.type for field in _SCHEMA]
    arrays = [
        pa.array(values, kind).cast(field.type) for values, kind, field in zip(columns, plain, _SCHEMA, strict=True)
    ]
    return pa.table(arrays, schema=_SCHEMA)


def _sorted(listing: pa.Table) -> pa.Table:
    """By series in the order of their names, each by time."""
    listing = listing.unify_dictionaries().combine_chunks()
    series = np.zeros(listing.num_rows, np.int64)
    for name in _SCHEMA.names[:4]:
        column = listing.column(name).combine_chunks()
        words = column.dictionary.to_pylist()
        rank = np.empty(len(words), np.int64)
        rank[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
        series = series * (len(words) + 1) + rank[integers(column.indices)]
    return taken(listing, np.lexsort((integers(listing.column("min_us").combine_chunks()), series)))


def _among(paths: pa.Array, these: Iterable[str]) -> Bools:
    return arrow.bools(pc.is_in(paths, arrow.texts(list(these))))
