"""The object a Python program talks to: the same for a lake, a database and a server."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from os import PathLike, fspath
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from tapeql.arrow import is_table
from tapeql.cancel import Cancel
from tapeql.errors import QueryError, StoreError
from tapeql.run.result import Result
from tapeql.serve.clock import Now, clock, iso
from tapeql.serve.wire import Request

if TYPE_CHECKING:
    from typing import Self

    from tapeql.serve.service import Service
    from tapeql.storage.import_files import ImportReport
    from tapeql.storage.store import Store


class Door(Protocol):
    """What answers requests: a `Service` here, or a server somewhere."""

    def run(self, request: Request, cancel: Cancel | None = None) -> Result: ...

    def schema(self, request: Request) -> pa.Schema: ...

    def close(self) -> None: ...

    @property
    def name(self) -> str:
        """What is asked, for messages: a path, or a URL without its password."""
        ...

    @property
    def store(self) -> Store:
        """Where rows can be written. Raises StoreError for a server."""
        ...


def connect(target: str | PathLike[str], now: Now = None) -> Database:
    """Opens a lake (a folder), a database (`postgresql://…`) or a server (`grpc://HOST:PORT`).

    `now` fixes the clock that `last 30d`, `today` and unfinished bars are read by: ISO 8601 text, a datetime,
    microseconds since 1970 or a function that answers them; None is the machine's clock.
    Raises StoreError or ConnectionFailed.
    """
    address = fspath(target)
    if address.startswith(("grpc://", "grpc+tcp://")):
        from tapeql.serve.remote import Remote

        return Database(Remote(address), now)
    from tapeql.serve.service import Service

    return Database(Service(store_at(address), clock(now), in_place=True), now)


def query(text: str, /, **params: Any) -> pa.Table:
    """The answer of a sentence over files and tables alone: `FROM 'trades.csv'`, `FROM $t` with t=df.

    Raises what `Database.query` raises.
    """
    return Database(_nowhere()).query(text, **params)


@functools.cache
def _nowhere() -> Service:
    """Without a store; one for all, so that files are read once."""
    from tapeql.serve.service import Service

    return Service(None, in_place=True)


def store_at(address: str) -> Store:
    """The lake or the database at an address. Raises StoreError for a URL of anything else."""
    from tapeql.storage.kinds import is_database
    from tapeql.storage.stores import open_store

    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", address)
    if scheme and not is_database(address):
        raise StoreError(
            f"nothing here speaks {scheme.group()}; name a folder, postgresql://…/NAME or grpc://HOST:PORT"
        )
    return open_store(address)


class Database:
    """Asks queries and keeps what `SET` has set. Use it from one thread at a time; `close` it or use `with`."""

    def __init__(self, door: Door, now: Now = None) -> None:
        self._door = door
        self._now = None if now is None else clock(now)
        self.settings: dict[str, str] = {}

    @property
    def name(self) -> str:
        """What is asked, for messages: a path, or a URL without its password."""
        return self._door.name

    def query(self, text: str, /, **params: Any) -> pa.Table:
        """The whole answer. `params` are the values of `$name`s: numbers, text, dates, datetimes, and tables for FROM.

        Raises QueryError with diagnostics when the text is wrong, and the other errors of `tapeql.errors`.
        """
        result = self.run(text, **params)
        return pa.Table.from_batches(result.batches, result.schema)

    def stream(self, text: str, /, **params: Any) -> pa.RecordBatchReader:
        """The answer as it comes, never whole in memory. Dropping the reader stops the query."""
        result = self.run(text, **params)
        return pa.RecordBatchReader.from_batches(result.schema, result.batches)

    def run(self, text: str, /, **params: Any) -> Result:
        """The answer with its information: `result.info` is complete when `result.batches` have all been read."""
        cancel = Cancel()
        result = self._door.run(self._request(text, params), cancel)
        return Result(result.schema, self._watched(result, cancel), result.info)

    def schema(self, text: str, /, **params: Any) -> pa.Schema:
        """The exact schema of the answer, without running the query."""
        return self._door.schema(self._request(text, params))

    def explain(self, text: str, /, what: str = "plan", **params: Any) -> str:
        """How the query would be answered: `what` is "plan", "sql", "sql full" or "warmup"."""
        from tapeql.language.parse import parse

        at = parse(text).statements[-1].span.start
        inserted = f"EXPLAIN {what} "
        try:
            table = self.query(text[:at] + inserted + text[at:], **params)
        except QueryError as error:
            found = [d.before_insertion(at, len(inserted)) for d in error.diagnostics]
            raise QueryError(found, text) from None
        return "\n".join(table.column(0).to_pylist())

    def symbols(self) -> pa.Table:
        """What is stored: a row for each symbol, with what there is of it and from when to when."""
        return self.query("SHOW symbols")

    def import_files(
        self, files: str | PathLike[str] | Sequence[str | PathLike[str]], symbol: str = "", **options: Any
    ) -> ImportReport:
        """Takes files, folders and patterns into the lake or the database, as `tapeql import` does.

        `options` are those of `tapeql.storage.import_files.import_files`: kind, venue, interval, tz, columns, dry_run …
        Raises DataError for what cannot be taken, StoreError for a server.
        """
        from tapeql.storage.import_files import import_files

        return import_files(
            self._door.store, [files] if isinstance(files, (str, PathLike)) else files, symbol, **options
        )

    def write(self, kind: str, table: object, symbol: str = "", interval: str = "", tz: str = "") -> ImportReport:
        """Takes a table of the program, such as a DataFrame, into the lake or the database; the report is that of an import.

        kind is trades (or ticks), quotes or candles; columns, symbols and intervals are told as of a file's. Raises DataError for what
        cannot be taken, StoreError for a server.
        """
        from tapeql.storage.import_files import import_table

        return import_table(self._door.store, table, kind, symbol, interval, tz)

    def close(self) -> None:
        self._door.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _request(self, text: str, params: Mapping[str, Any]) -> Request:
        now = None if self._now is None else iso(self._now())
        return Request(text, {name: _plain(name, value) for name, value in params.items()}, dict(self.settings), now)

    def _watched(self, result: Result, cancel: Cancel) -> Iterator[pa.RecordBatch]:
        """The batches; leaving early cancels, reaching the end keeps the settings."""
        try:
            yield from result.batches
            self.settings = dict(result.info.get("settings", self.settings))
        finally:
            cancel.cancel()


def _plain(name: str, value: Any) -> Any:
    """A parameter as it travels: text, number, boolean or None; instants and dates as ISO 8601 text; a table as it is."""
    match value:
        case datetime():
            if value.tzinfo is None:
                return value.isoformat()
            return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
        case date():
            return value.isoformat()
        case bool() | int() | float() | str() | None:
            return value
        case Decimal():
            return float(value)
        case _ if is_table(value):
            return value
        case _:
            pass
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind and getattr(value, "shape", None) == ():
        # A numpy scalar; nanoseconds would come out as a bare integer.
        return _plain(name, (value.astype("datetime64[us]") if kind == "M" else value).item())
    raise TypeError(
        f"parameter `{name}` is a {type(value).__name__}; give a number, text, a date, a datetime or a table"
    )
