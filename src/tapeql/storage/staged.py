"""The way into a transaction that every store shares: rows are brought to their schema and staged."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import pyarrow as pa

from tapeql.storage.layout import series_of
from tapeql.storage.rows import conform, table_of
from tapeql.storage.staging import Piece, Staging


class Staged:
    """Rows on their way into a store; nothing is locked or sent before `commit`."""

    def __init__(self, staging: Staging) -> None:
        self._staging = staging

    def add(self, table: str, venue: str, code: str, rows: pa.Table, interval: str = "", source: str = "") -> None:
        self.add_pieces(table, rows, [(venue, code, source, rows.num_rows)], interval)

    def add_pieces(
        self, table: str, rows: pa.Table, pieces: Sequence[tuple[str, str, str, int]], interval: str = ""
    ) -> None:
        schema = table_of(table)
        staged = [(series_of(table, venue, code, interval), source, count) for venue, code, source, count in pieces]
        self._stage(conform(schema, rows), staged)

    def _stage(self, rows: pa.Table, pieces: Sequence[Piece]) -> None:
        self._staging.add(rows, pieces)

    def close(self) -> None:
        self._staging.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
