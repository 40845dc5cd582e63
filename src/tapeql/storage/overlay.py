"""A snapshot over another: what files and tables hold hides what the store has of the same symbols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa

from tapeql.storage.snapshot import Part, Snapshot
from tapeql.storage.tables import Tables


class Overlay:
    """`over` answers for the symbols it has, `under` for all others."""

    dialect: Final = "duckdb"
    """Of a database under it only the kernels can read rows beside those in memory; the dialect finds no files there."""

    def __init__(self, over: Tables, under: Snapshot) -> None:
        self._over = over
        self._under = under
        self._hidden = frozenset(over.symbols())

    @property
    def id(self) -> str:
        return f"{self._under.id}+{self._over.id}"

    def symbols(self) -> list[tuple[str, str]]:
        return sorted(self._hidden.union(self._under.symbols()))

    def parts(self, table: str, venue: str, code: str, interval: str = "") -> Sequence[Part]:
        return self._of(venue, code).parts(table, venue, code, interval)

    def intervals(self, venue: str, code: str) -> Sequence[str]:
        return self._of(venue, code).intervals(venue, code)

    def coverage(self, table: str, venue: str, code: str, interval: str = "") -> Sequence[tuple[int, int]]:
        return self._of(venue, code).coverage(table, venue, code, interval)

    def file(self, part: Part) -> Path:
        path: Path = self._of(part.venue, part.code).file(part)  # type: ignore[attr-defined]  # only snapshots of files
        return path

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
        return self._of(venue, code).scan(table, venue, code, start_us, end_us, columns, interval, spelled)

    def _of(self, venue: str, code: str) -> Snapshot:
        return self._over if (venue, code) in self._hidden else self._under
