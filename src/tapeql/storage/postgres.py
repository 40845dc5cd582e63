"""The same tables in PostgreSQL: written through COPY under one advisory lock, read as Arrow."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import pyarrow as pa

from tapeql.errors import ConnectionFailed, StoreError, TapeQLError
from tapeql.limits import STORE_LOCK_WAIT_S
from tapeql.storage.claims import number_of, taken
from tapeql.storage.layout import Series, series_of
from tapeql.storage.postgres_kept import Kept
from tapeql.storage.postgres_places import LOCK, lock_places, merge_into, snapshot_name, stored
from tapeql.storage.postgres_snapshot import PostgresSnapshot
from tapeql.storage.postgres_tables import prepare, present
from tapeql.storage.rows import conform, plain, table_of
from tapeql.storage.schema import COVERAGE, Table
from tapeql.storage.staged import Staged
from tapeql.storage.staging import Staging
from tapeql.storage.store import Commit, summed

if TYPE_CHECKING:
    import psycopg

    from tapeql.storage.postgres_live import PostgresLiveWriter

_SERVER: Final = r"(?:\[[^\]@/?#]*\]|[^\[\]:@/?#,]*)(?::\d*)?"
_URL: Final = re.compile(
    r"postgres(?:ql)?://(?:(?P<user>[^:@/?#]*)(?::(?P<password>[^@/?#]*))?@)?"
    rf"(?P<server>{_SERVER}(?:,{_SERVER})*)(?P<path>/[^@/?#]*)?(?:\?(?P<query>[^@#]*))?"
)
"""Stricter than libpq, which takes what follows the first `@` of a password for the host, and shows it."""


class PostgresStore:
    """A store in the database at `url` (postgresql://…); its tables are made when first written.

    Raises StoreError for a URL that cannot be read, without repeating it.
    """

    def __init__(self, url: str, *, lock_wait_s: float = STORE_LOCK_WAIT_S) -> None:
        read = _URL.fullmatch(url)
        if read is None or re.search("%(?![0-9A-Fa-f]{2})", url):
            raise StoreError(
                "the URL of the database cannot be read; it is postgresql://USER:PASSWORD@HOST:PORT/NAME, "
                "where a password writes `@` as %40, `:` as %3A, `/` as %2F, `?` as %3F, `#` as %23 and `%` as %25"
            )
        self._read = read.groupdict("")
        self._url = url
        self._lock_wait_s = lock_wait_s
        self._kept = Kept(self.connected, _reads)

    @property
    def name(self) -> str:
        """The URL without password and options."""
        user = f"{self._read['user']}@" if self._read["user"] else ""
        return f"postgresql://{user}{self._read['server']}{self._read['path']}"

    def __repr__(self) -> str:
        return f"PostgresStore({self.name!r})"

    def snapshot(self) -> PostgresSnapshot:
        """The database as of now. It holds a connection until closed. Raises StoreError where nothing was written."""
        with self.speaking():
            return PostgresSnapshot(self._url, self.name, self.speaking)

    @contextmanager
    def claim(self, feeds: Collection[str]) -> Iterator[None]:
        """Held by a connection of its own: a server that goes away forgets it."""
        with self.speaking():
            connection = self.connected()
        try:
            with self.speaking():
                connection.autocommit = True
                for feed in feeds:
                    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [number_of(feed)]).fetchone()
                    if not (row and row[0]):
                        raise taken(feed, self.name)
            yield
        finally:
            connection.close()

    def live(self) -> PostgresLiveWriter:
        from tapeql.storage.postgres_live import PostgresLiveWriter

        return PostgresLiveWriter(self)

    def last(self, table: str, venue: str, code: str, interval: str = "") -> dict[str, Any] | None:
        found = self._stored(table_of(table), series_of(table, venue, code, interval), last=True)
        return plain(found) if found.num_rows else None

    def rows(self, table: str, venue: str, code: str, interval: str = "") -> pa.Table:
        return self._stored(table_of(table), series_of(table, venue, code, interval))

    def _stored(self, table: Table, series: Series, *, last: bool = False) -> pa.Table:
        try:
            return self._asked(table, series, last)
        except ConnectionFailed:
            # The server may have been away since the connection was opened.
            return self._asked(table, series, last)

    def _asked(self, table: Table, series: Series, last: bool) -> pa.Table:
        """Rows of a series; none where the table is not there or has not all its columns yet."""
        with self.speaking(), self._kept.taken() as connection:
            there = present(connection).get(table.name, frozenset())
            columns = [name for name in table.schema.names if name in there]
            found = stored(connection, table, series, columns=columns, last=last) if columns else None
        return conform(table, found).cast(table.schema) if found is not None else table.schema.empty_table()

    def connected(self) -> psycopg.Connection[Any]:
        """A connection of its own, to be used as a context manager."""
        import psycopg

        return psycopg.connect(self._url)

    def begin(self) -> PostgresTransaction:
        return PostgresTransaction(self)

    def write(self, table: str, venue: str, code: str, rows: pa.Table, interval: str = "") -> Commit:
        """Adds rows in source order, in one transaction; see `tapeql.storage.merge` for what is one row."""
        with self.begin() as transaction:
            transaction.add(table, venue, code, rows, interval)
            return transaction.commit()

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Turns the drivers' errors into ours, without the password that libpq may repeat."""
        try:
            yield
        except TapeQLError:
            raise
        except ImportError as error:
            raise StoreError(f"PostgreSQL needs more packages ({error.name}): pip install 'tapeql[postgres]'") from None
        except Exception as error:
            raise self._translated(error) from None

    def _translated(self, error: Exception) -> Exception:
        import psycopg
        from adbc_driver_manager import Error as AdbcError

        if not isinstance(error, psycopg.Error | AdbcError | pa.ArrowException | OSError):
            return error
        text = " ".join(self._scrubbed(str(error)).split())
        state = getattr(error, "sqlstate", None)
        # without a state: no server; 57P: one that is going down or coming up
        refused = isinstance(error, psycopg.OperationalError) and (state is None or state.startswith(("08", "57P")))
        if refused or "connection to server" in text or "could not translate host" in text:
            return ConnectionFailed(f"{self.name} cannot be reached: {text}")
        return StoreError(f"{self.name}: {text}")

    def _scrubbed(self, text: str) -> str:
        password, query = self._read["password"], self._read["query"]
        secrets = {password, unquote(password), query}
        secrets |= {unquote(found) for found in re.findall(r"password=([^&]*)", query)}
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _commit(self, staged: Staging) -> Commit:
        import psycopg

        with self.speaking(), psycopg.connect(self._url) as connection:
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{round(self._lock_wait_s * 1000)}ms",))
            try:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            except psycopg.errors.LockNotAvailable:
                raise StoreError(
                    f"{self.name} is being written by someone else; waited {self._lock_wait_s:g} s. "
                    "Try again when they have finished."
                ) from None
            prepare(connection)
            lock_places(connection, ((series[0], number) for series, number in staged.places()), shared=False)
            merges = [
                (place, merge_into(connection, *place, staged.sources(place)).counted) for place in staged.places()
            ]
            counts = [merged for place, merged in merges if place[0][0] != COVERAGE.name]
            connection.commit()
            return summed(snapshot_name(connection), counts)


def _reads(connection: psycopg.Connection[Any]) -> None:
    connection.autocommit = True


class PostgresTransaction(Staged):
    """Rows on their way into a database; nothing is sent before `commit`."""

    def __init__(self, store: PostgresStore) -> None:
        super().__init__(Staging(Path(tempfile.gettempdir()) / f"tapeql-staging-{os.getuid()}"))
        self._store = store

    def commit(self) -> Commit:
        commit = self._store._commit(self._staging)
        self._staging.close()
        return commit


# ── SQL ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
