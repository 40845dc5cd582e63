"""The lake: a folder of Parquet files that are the table because a numbered manifest says so."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
import pyarrow as pa

from tapeql.errors import StoreError
from tapeql.limits import LAKE_GRACE_S, STORE_LOCK_WAIT_S
from tapeql.storage import manifest, staging
from tapeql.storage.ahead import ahead
from tapeql.storage.files import fsync_folder, read_file, write_file
from tapeql.storage.layout import canonical_interval, folder, partition_name
from tapeql.storage.locks import FileLock
from tapeql.storage.manifest import Entry, Manifest, Series
from tapeql.storage.merge import merge
from tapeql.storage.rows import conform, instants, integers, table_of, taken
from tapeql.storage.schema import TABLES
from tapeql.storage.snapshot import Part
from tapeql.storage.staging import Staging
from tapeql.storage.stores import Commit

_OURS: Final = re.compile(r"\d{4}(-\d\d){0,2}(\.\d+)?\.parquet")


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

    @property
    def name(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        return manifest.newest(self.path) > 0

    def snapshot(self) -> LakeSnapshot:
        """The lake as of its newest commit. Raises StoreError where nothing was ever imported."""
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path} is a file, not a lake")
        current = self._current()
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

    def _current(self) -> Manifest:
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

    # ── writing ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _commit(self, staged: Staging) -> Commit:
        try:
            return self._commit_locked(staged)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror or error}") from error

    def _commit_locked(self, staged: Staging) -> Commit:
        fresh_folder = not self.path.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        if fresh_folder:
            fsync_folder(self.path.parent)
        with FileLock(self.path / ".lock", self._lock_wait_s) as lock:
            current = self._current()
            if lock.died:
                self._sweep(current)
            staging.sweep(self.path / staging.FOLDER)
            return self._merge(current, staged)

    def _merge(self, current: Manifest, staged: Staging) -> Commit:
        changed: dict[Series, dict[int, Entry]] = {}
        stored: dict[Series, dict[int, Entry]] = {}
        number = current.number + 1
        added = present = replaced = differing = 0
        for series, partition in staged.places():
            if series not in stored:
                stored[series] = {entry.partition: entry for entry in current.entries(series)}
            old = stored[series].get(partition)
            table = TABLES[series[0]]
            existing = read_file(self.path / old.path, table, table.schema.names) if old else None
            merged = merge(table, existing, staged.sources((series, partition)))
            added += merged.added
            present += merged.present
            replaced += merged.replaced
            differing += merged.differing
            if merged.rows is not None:
                changed.setdefault(series, {})[partition] = self._write(series, partition, number, merged.rows)
        if not changed:
            return Commit(str(current.number), 0, present, 0, differing)
        self._settle(changed)
        now_us = self._clock_us()
        expired = frozenset(e.path for e in current.removed() if (e.removed_us or 0) <= now_us - self._grace_us)
        following = current.successor(changed, expired, now_us)
        following.publish(self.path)
        self._newest = following
        # From here on the commit stands; the rest is tidying, and a kill leaves it to the next writer.
        for path in expired:
            (self.path / path).unlink(missing_ok=True)
        following.prune(self.path)
        return Commit(str(number), added, present, replaced, differing)

    def _write(self, series: Series, partition: int, number: int, rows: pa.Table) -> Entry:
        table, _, _, interval = series
        name = f"{folder(*series)}/{partition_name(table, interval, partition)}"
        path = self.path / f"{name}.parquet"
        if path.exists():
            # A file of this number was never published: a killed writer's, and in no reader's hands.
            path = self.path / f"{name}.{number}.parquet"
            path.unlink(missing_ok=True)
        write_file(path, TABLES[table], rows)
        ts = instants(rows)
        return Entry(series, partition, str(path.relative_to(self.path)), int(ts[0]), int(ts[-1]), rows.num_rows)

    def _settle(self, changed: dict[Series, dict[int, Entry]]) -> None:
        """Makes the names of new files durable, up to the lake's own folder."""
        folders = {self.path}
        for entries in changed.values():
            for entry in entries.values():
                parents = list((self.path / entry.path).parents)
                folders.update(parents[: parents.index(self.path)])
        for each in folders:
            fsync_folder(each)

    def _sweep(self, current: Manifest) -> None:
        """Removes what killed writers left: files no manifest ever listed, and drafts."""
        listed = current.paths()
        for table in TABLES:
            for parent, _, names in os.walk(self.path / table):
                for name in names:
                    path = Path(parent, name)
                    if _OURS.fullmatch(name) and str(path.relative_to(self.path)) not in listed:
                        path.unlink(missing_ok=True)
        drafts = self.path / manifest.FOLDER
        if drafts.is_dir():
            for draft in drafts.glob(".*"):
                draft.unlink(missing_ok=True)


class LakeTransaction:
    """Rows on their way into a lake; nothing is locked before `commit`."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._staging = Staging(lake.path / staging.FOLDER)

    def add(self, table: str, venue: str, code: str, rows: pa.Table, interval: str = "", source: str = "") -> None:
        schema = table_of(table)
        series = (table, venue, code, canonical_interval(interval) if table == "ohlcv" else "")
        folder(*series)
        self._staging.add(series, conform(schema, rows), source)

    def commit(self) -> Commit:
        commit = self._lake._commit(self._staging)
        self._staging.close()
        return commit

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._staging.close()


READ_AHEAD_ROWS: Final = 100_000
"""Files with fewer rows are decoded sooner than a thread is woken."""


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
        return sorted({(venue, code) for _, venue, code, _ in self._manifest.series()})

    def parts(self, table: str, venue: str, code: str, interval: str = "") -> tuple[Part, ...]:
        return self._manifest.parts((table, venue, code, interval))

    def intervals(self, venue: str, code: str) -> list[str]:
        """Stored candle intervals, in byte order."""
        return sorted(i for table, v, c, i in self._manifest.series() if (table, v, c) == ("ohlcv", venue, code))

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
    ) -> Iterator[pa.RecordBatch]:
        schema = table_of(table)
        wanted = [p for p in self.parts(table, venue, code, interval) if p.min_us < end_us and p.max_us >= start_us]

        def read(run: list[Part]) -> pa.Table:
            keys = ["ts", "seq"] if len(run) > 1 else [] if _inside(run[0], start_us, end_us) else ["ts"]
            needed = [*columns, *(key for key in keys if key not in columns)]
            pieces = [read_file(self._path / part.path, schema, needed) for part in run]
            rows = pieces[0]
            if len(run) > 1:
                rows = pa.concat_tables(pieces).combine_chunks()
                seq = integers(rows.column("seq").combine_chunks())
                rows = taken(rows, np.lexsort((seq, instants(rows))))
            if keys:
                ts = instants(rows)
                first, last = np.searchsorted(ts, [start_us, end_us]).tolist()
                rows = rows.slice(first, last - first).select(list(columns))
            return rows

        runs = list(_runs(wanted))
        large = any(part.rows >= READ_AHEAD_ROWS for part in wanted)
        for rows in ahead(read, runs) if large else map(read, runs):
            yield from (batch for batch in rows.to_batches() if batch.num_rows)


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
