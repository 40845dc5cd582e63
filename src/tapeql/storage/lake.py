"""The lake: a folder of Parquet files that are the table because a numbered manifest says so."""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from tapeql.errors import StoreError
from tapeql.limits import (
    LAKE_GRACE_S,
    LAKE_SERIES_APART,
    LAKE_TOGETHER_ROWS,
    LIVE_GRACE_S,
    LIVE_GROUP_ROWS,
    STORE_LOCK_WAIT_S,
)
from tapeql.storage import manifest, staging
from tapeql.storage.claims import claimed_in_folder
from tapeql.storage.coverage import Span, coverage
from tapeql.storage.entries import entries_of
from tapeql.storage.files import fsync_folder, read_file, write_file
from tapeql.storage.layout import Series, folder, partition_name, series_of
from tapeql.storage.locks import FileLock
from tapeql.storage.manifest import Entry, Manifest
from tapeql.storage.merge import Merged, merge
from tapeql.storage.rows import in_order, instants, plain, table_of
from tapeql.storage.schema import COVERAGE, TABLES, Table
from tapeql.storage.shared_files import read_stretch
from tapeql.storage.snapshot import LIVE, PACKED, Part
from tapeql.storage.staged import Staged
from tapeql.storage.staging import Piece, Place, Staging
from tapeql.storage.store import Commit, summed
from tapeql.storage.stretches import Stretches

if TYPE_CHECKING:
    from tapeql.storage.live import LakeLiveWriter

_LIVE_GRACE_US: Final = int(LIVE_GRACE_S * 1_000_000)
_OURS: Final = re.compile(r"(\d{4}(-\d\d){0,2}|\d{12})(\.\d+)?\.parquet")


class Lake:
    """A store in a folder; made when first written. `clock_us` gives the present instant."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        lock_wait_s: float = STORE_LOCK_WAIT_S,
        grace_s: float = LAKE_GRACE_S,
        clock_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.path = Path(path).expanduser().absolute()
        self._lock_wait_s = lock_wait_s
        self._grace_us = int(grace_s * 1_000_000)
        self._clock_us = clock_us
        self._newest: Manifest | None = None
        self._settled: set[Path] = set()

    @property
    def name(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        return manifest.newest(self.path) > 0

    def snapshot(self) -> LakeSnapshot:
        """The lake as of its newest commit. Raises StoreError where nothing was ever imported."""
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path} is a file, not a lake")
        current = self.current()
        if current.number == 0:
            raise StoreError(
                f"there is no data at {self.path}. Fill it with: "
                f"tapeql --lake {self.path} import trades FILE --symbol VENUE:CODE"
            )
        return LakeSnapshot(self.path, current)

    def begin(self) -> LakeTransaction:
        return LakeTransaction(self)

    def write(self, table: str, venue: str, code: str, rows: pa.Table, interval: str = "") -> Commit:
        """Adds rows in source order, in one transaction; see `tapeql.storage.merge` for what is one row."""
        with self.begin() as transaction:
            transaction.add(table, venue, code, rows, interval)
            return transaction.commit()

    def current(self) -> Manifest:
        """The newest manifest, read again only when there is a newer one."""
        while True:
            number = manifest.newest(self.path)
            if self._newest is not None and self._newest.number == number:
                return self._newest
            # Between listing and opening, a fast writer may have pruned it: then there is a newer one.
            found = manifest.read(self.path, number)
            if found is not None:
                self._newest = found
                return found

    # ── a feed ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def claim(self, feeds: Collection[str]) -> AbstractContextManager[None]:
        return claimed_in_folder(self.path, feeds)

    def live(self) -> LakeLiveWriter:
        from tapeql.storage.live import LakeLiveWriter

        return LakeLiveWriter(self)

    def last(self, table: str, venue: str, code: str, interval: str = "") -> dict[str, Any] | None:
        schema = table_of(table)
        entries = self.current().entries(series_of(table, venue, code, interval))
        latest = max((entry.max_us for entry in entries), default=0)
        ends = [
            read_file(self.path / e.path, schema, schema.schema.names, e.first_row, e.rows).slice(e.rows - 1)
            for e in entries
            if e.max_us == latest
        ]
        return plain(max(ends, key=lambda row: row.column("seq")[0].as_py())) if ends else None

    def rows(self, table: str, venue: str, code: str, interval: str = "") -> pa.Table:
        return self.stored(table_of(table), self.current().entries(series_of(table, venue, code, interval)))

    def stored(self, table: Table, entries: Sequence[Entry]) -> pa.Table:
        """The rows of these stretches in (ts, seq) order."""
        names = table.schema.names
        pieces = [read_file(self.path / e.path, table, names, e.first_row, e.rows) for e in entries]
        return in_order(pa.concat_tables(pieces).combine_chunks() if pieces else table.schema.empty_table())

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def writing(self) -> Iterator[Manifest]:
        """The present manifest, which no one else succeeds meanwhile. What killed writers left is gone."""
        try:
            fresh_folder = not self.path.exists()
            self.path.mkdir(parents=True, exist_ok=True)
            if fresh_folder:
                fsync_folder(self.path.parent)
            with FileLock(self.path / ".lock", self._lock_wait_s) as lock:
                current = self.current()
                if lock.died:
                    self._sweep(current)
                staging.sweep(self.path / staging.FOLDER)
                yield current
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror or error}") from error

    def publish(self, current: Manifest, added: Sequence[Entry], replaced: Sequence[Entry]) -> Manifest:
        """The successor of the present manifest, durable and visible; only while writing."""
        self._settle(added)
        now_us = self._clock_us()
        expired = {e.path for e in current.removed() if (e.removed_us or 0) <= now_us - self._grace_of(e)}
        following = current.successor(added, replaced, expired, now_us)
        following.publish(self.path)
        self._newest = following
        # From here on the commit stands; the rest is tidying, and a kill leaves it to the next writer.
        for path in expired:
            (self.path / path).unlink(missing_ok=True)
        following.prune(self.path)
        return following

    def _grace_of(self, entry: Entry) -> int:
        return min(self._grace_us, _LIVE_GRACE_US) if entry.is_live else self._grace_us

    def _commit(self, staged: Staging) -> Commit:
        with self.writing() as current:
            return self._merge(current, staged)

    def _merge(self, current: Manifest, staged: Staging) -> Commit:
        added: list[Entry] = []
        replaced: list[Entry] = []
        counts: list[Merged] = []
        small = _Together(self.path, current.number + 1)
        places = staged.places()
        together = Counter(series[0] for series in {series for series, _ in places})
        for series, partition in places:
            table = TABLES[series[0]]
            old = current.entries(series, partition)
            merged = merge(table, self.stored(table, old) if old else None, staged.sources((series, partition)))
            if table is not COVERAGE:  # what is counted are the rows people bring
                counts.append(merged.counted)
            if merged.rows is None:
                continue
            replaced += old
            if merged.rows.num_rows <= LIVE_GROUP_ROWS and together[series[0]] > LAKE_SERIES_APART:
                added += small.take((series, partition), merged.rows)
            else:
                added.append(self._write(series, partition, current.number + 1, merged.rows))
        added += small.write()
        number = self.publish(current, added, replaced).number if added else current.number
        return summed(str(number), counts)

    def _write(self, series: Series, partition: int, number: int, rows: pa.Table) -> Entry:
        """A new file with the rows of a partition; of the table once it is published as part of commit `number`."""
        path = self.free_name(series, partition, number)
        write_file(self.path / path, TABLES[series[0]], rows)
        (entry,) = entries_of(TABLES[series[0]], rows, [(series, partition)], [0], path)
        return entry

    def free_name(self, series: Series, partition: int, number: int) -> str:
        """Where a file of a partition can be written in commit `number`; only while writing."""
        table, _, _, interval = series
        name = f"{folder(*series)}/{partition_name(table, interval, partition)}"
        if not (self.path / f"{name}.parquet").exists():
            return f"{name}.parquet"
        # A file of this number was never published: a killed writer's, and in no reader's hands.
        (self.path / f"{name}.{number}.parquet").unlink(missing_ok=True)
        return f"{name}.{number}.parquet"

    def _settle(self, added: Sequence[Entry]) -> None:
        """Makes the names of new files durable, and those of their folders up to the lake's own where not known to be."""
        folders = {self.path / name for name in {os.path.dirname(entry.path) for entry in added}}
        above = {parent for each in folders - self._settled for parent in each.parents}
        for each in folders | {parent for parent in above if parent.is_relative_to(self.path)}:
            fsync_folder(each)
        self._settled |= folders

    def _sweep(self, current: Manifest) -> None:
        """Removes what killed writers left: files no manifest ever listed, and drafts."""
        listed = current.paths()
        for top in (*TABLES, LIVE, PACKED):
            for parent, _, names in os.walk(self.path / top):
                for name in names:
                    path = Path(parent, name)
                    if _OURS.fullmatch(name) and str(path.relative_to(self.path)) not in listed:
                        path.unlink(missing_ok=True)
        drafts = self.path / manifest.FOLDER
        if drafts.is_dir():
            for draft in drafts.glob(".*"):
                draft.unlink(missing_ok=True)


class _Together:
    """Few files for many short stretches: thousands of symbols are not thousands of files to write and to open.

    Stretches come table by table, in the order of their places.
    """

    def __init__(self, lake: Path, number: int) -> None:
        self._lake = lake
        self._number = number
        self._files = 0
        self._places: list[Place] = []
        self._pieces: list[pa.Table] = []
        self._rows = 0

    def take(self, place: Place, rows: pa.Table) -> list[Entry]:
        """Entries of what had to be written first."""
        other = bool(self._places) and self._places[0][0][0] != place[0][0]
        written = self.write() if other or self._rows >= LAKE_TOGETHER_ROWS else []
        self._places.append(place)
        self._pieces.append(rows)
        self._rows += rows.num_rows
        return written

    def write(self) -> list[Entry]:
        """Writes what was taken; of the table once it is published."""
        if not self._places:
            return []
        table = TABLES[self._places[0][0][0]]
        which = np.repeat(np.arange(len(self._places)), [piece.num_rows for piece in self._pieces])
        rows = pa.concat_tables(self._pieces).combine_chunks()
        path = f"{PACKED}/{table.name}/{self._number:012}.{self._files}.parquet"
        entries = Stretches(self._places, which, rows).write(self._lake, path, table)
        self._files += 1
        self._places, self._pieces, self._rows = [], [], 0
        return entries


class LakeTransaction(Staged):
    """Rows on their way into a lake; nothing is locked before `commit`."""

    def __init__(self, lake: Lake) -> None:
        super().__init__(Staging(lake.path / staging.FOLDER))
        self._lake = lake

    def _stage(self, rows: pa.Table, pieces: Sequence[Piece]) -> None:
        for series, _, _ in pieces:
            folder(*series)  # refuses what can be no name on disk
        super()._stage(rows, pieces)

    def commit(self) -> Commit:
        commit = self._lake._commit(self._staging)
        self._staging.close()
        return commit


class LakeSnapshot:
    """A lake as of one commit."""

    dialect: Final = "duckdb"

    def __init__(self, path: Path, current: Manifest) -> None:
        self._path = path
        self._manifest = current

    @property
    def id(self) -> str:
        return str(self._manifest.number)

    def symbols(self) -> list[tuple[str, str]]:
        return self._manifest.symbols

    def parts(self, table: str, venue: str, code: str, interval: str = "") -> tuple[Part, ...]:
        return self._manifest.parts((table, venue, code, interval))

    def intervals(self, venue: str, code: str) -> list[str]:
        """Stored candle intervals, in byte order."""
        return self._manifest.intervals.get((venue, code), [])

    def coverage(self, table: str, venue: str, code: str, interval: str = "") -> list[Span]:
        return coverage(self, table, venue, code, interval)

    def file(self, part: Part) -> Path:
        """Where a part lies on disk."""
        return self._path / part.path

    def scan(
        self,
        table: str,
        venue: str,
        code: str,
        start_us: int,
        end_us: int,
        columns: Sequence[str],
        interval: str = "",
        spelled: bool = True,
    ) -> Iterator[pa.RecordBatch]:
        schema = table_of(table)
        wanted = [p for p in self.parts(table, venue, code, interval) if p.min_us < end_us and p.max_us >= start_us]

        def read(run: list[Part]) -> pa.Table:
            keys = ["ts", "seq"] if len(run) > 1 else [] if _inside(run[0], start_us, end_us) else ["ts"]
            needed = [*columns, *(key for key in keys if key not in columns)]
            pieces = [_read(self._path, p, schema, needed, spelled) for p in run]
            rows = pieces[0] if len(run) == 1 else in_order(pa.concat_tables(pieces).combine_chunks())
            if keys:
                ts = instants(rows)
                first, last = np.searchsorted(ts, [start_us, end_us]).tolist()
                rows = rows.slice(first, last - first).select(list(columns))
            return rows

        for rows in map(read, _runs(wanted)):
            yield from (batch for batch in rows.to_batches() if batch.num_rows)


def _read(lake: Path, part: Part, table: Table, columns: Sequence[str], spelled: bool) -> pa.Table:
    read = read_stretch if part.is_shared else read_file
    return read(lake / part.path, table, columns, part.first_row, part.rows, spelled)


def _inside(part: Part, start_us: int, end_us: int) -> bool:
    return start_us <= part.min_us and part.max_us < end_us


def _runs(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Parts sorted by their start, those that overlap together."""
    run: list[Part] = []
    last_us = 0
    for part in parts:
        if run and part.min_us > last_us:
            yield run
            run = []
        last_us = max(last_us, part.max_us) if run else part.max_us
        run.append(part)
    if run:
        yield run
