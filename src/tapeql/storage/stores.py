"""What every store offers: snapshots to read, transactions to write."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from tapeql.storage.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Commit:
    """What a transaction did, durable when you hold it.

    id         names the snapshot that first shows it
    added      rows that were not there
    present    rows that were there already
    replaced   candles whose values changed
    differing  of the present ones: trades whose trade_id is known with another instant, price or quantity
    """

    id: str
    added: int = 0
    present: int = 0
    replaced: int = 0
    differing: int = 0


class Transaction(Protocol):
    """Rows on their way in: all become visible with `commit`, or none. A context manager; leaving it discards the rest."""

    def add(self, table: str, venue: str, code: str, rows: pa.Table, interval: str = "", source: str = "") -> None:
        """Takes rows in source order. `source` tells files apart, since overlapping files repeat rows and one file does not."""
        ...

    def commit(self) -> Commit: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


class Store(Protocol):
    """A lake or a database."""

    @property
    def name(self) -> str:
        """For messages: a path, or a URL without its password."""
        ...

    def snapshot(self) -> Snapshot:
        """The newest rows, unchanging from now on. Raises StoreError where nothing was ever written."""
        ...

    def begin(self) -> Transaction: ...

    def write(self, table: str, venue: str, code: str, rows: pa.Table, interval: str = "") -> Commit:
        """One transaction with one source."""
        ...


def is_database(location: str) -> bool:
    return location.startswith(("postgresql://", "postgres://"))


def open_store(location: str) -> Store:
    """`postgresql://…` is a database, anything else the path of a lake. Nothing is created until first written."""
    if is_database(location):
        from tapeql.storage.postgres import PostgresStore

        return PostgresStore(location)
    from tapeql.storage.lake import Lake

    return Lake(location)
