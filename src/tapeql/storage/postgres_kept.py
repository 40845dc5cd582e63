"""A connection to PostgreSQL that is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import psycopg


class Database(Protocol):
    """What opens connections, and says in words of ours what goes wrong with them."""

    def connected(self) -> psycopg.Connection[Any]: ...

    def speaking(self) -> AbstractContextManager[None]: ...


class Kept:
    """A connection that is opened when asked for, `prepared` once, and opened again after it was lost."""

    def __init__(
        self,
        connected: Callable[[], psycopg.Connection[Any]],
        prepared: Callable[[psycopg.Connection[Any]], None],
    ) -> None:
        self._connected = connected
        self._prepared = prepared
        self._connection: psycopg.Connection[Any] | None = None
        self._turn = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[psycopg.Connection[Any]]:
        """The connection, for one at a time."""
        with self._turn:
            if self._connection is None:
                connection = self._connected()
                try:
                    self._prepared(connection)
                except BaseException:
                    connection.close()
                    raise
                self._connection = connection
            try:
                yield self._connection
            finally:
                if self._connection.closed:
                    self._connection = None

    def close(self) -> None:
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __del__(self) -> None:
        if self._connection is not None:
            self._connection.close()
