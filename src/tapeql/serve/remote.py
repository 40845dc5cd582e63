"""The client of a TapeQL server: requests out, batches and typed errors back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pyarrow as pa
import pyarrow.flight as fl

from tapeql.arrow import is_table
from tapeql.cancel import Cancel
from tapeql.errors import NOWHERE, Cancelled, ConnectionFailed, Diagnostic, QueryError, Span, StoreError, TapeQLError
from tapeql.export.info import decode_info
from tapeql.run.result import Result
from tapeql.serve.wire import Request, decode_error, decode_status

if TYPE_CHECKING:
    from tapeql.storage.store import Store

T = TypeVar("T")

_ADDRESS: Final = re.compile(r"grpc(\+tcp)?://([^/:\[\]]+|\[[0-9a-fA-F:.]+\]):\d{1,5}/?")


class Remote:
    """Speaks Flight to `grpc://HOST:PORT`; the connection is made by the first request."""

    def __init__(self, address: str) -> None:
        self._address = address
        if not _ADDRESS.fullmatch(address):
            raise ConnectionFailed("a server's address is grpc://HOST:PORT, and no more than that")
        self._client = fl.connect(address)

    @property
    def name(self) -> str:
        return self._address

    @property
    def store(self) -> Store:
        raise StoreError(f"{self.name} is a server, which takes no files: import where its lake or its database is")

    def run(self, request: Request, cancel: Cancel | None = None) -> Result:
        encoded = _encoded(request)
        reader = self._asking(request, lambda: self._client.do_get(fl.Ticket(encoded)))
        schema = self._asking(request, lambda: reader.schema)
        info: dict[str, Any] = {}
        return Result(schema, self._batches(request, reader, info), info)

    def schema(self, request: Request) -> pa.Schema:
        # Not GetSchema, whose errors come without their record.
        descriptor = fl.FlightDescriptor.for_command(_encoded(request))
        return self._asking(request, lambda: self._client.get_flight_info(descriptor).schema)

    def close(self) -> None:
        self._client.close()

    def _batches(self, request: Request, reader: Any, info: dict[str, Any]) -> Iterator[pa.RecordBatch]:
        try:
            while True:
                try:
                    chunk = self._asking(request, reader.read_chunk)
                except StopIteration:
                    return
                if chunk.app_metadata is not None:
                    info.update(decode_info(chunk.app_metadata.to_pybytes()))
                if chunk.data.num_rows:
                    yield chunk.data
        finally:
            reader.cancel()

    def _asking(self, request: Request, ask: Callable[[], T]) -> T:
        """Runs one call and raises what the server meant."""
        try:
            return ask()
        except pa.ArrowException as error:
            raise _meant(error, request.query, self._address) from None


def _encoded(request: Request) -> bytes:
    """The request as it travels. Raises QueryError for tables, which do not."""
    for name in (name for name, value in request.params.items() if is_table(value)):
        place = re.search(rf"\${name}\b", request.query)
        span = Span(*place.span()) if place else NOWHERE
        hint = f"ask it without a server: `tapeql.query(…, {name}=…)`"
        raise QueryError(
            [Diagnostic("E511", f"`${name}` is a table, and a server takes none", span, (hint,))], request.query
        )
    return request.encode()


def _meant(error: pa.ArrowException, source: str, address: str) -> TapeQLError:
    extra = getattr(error, "extra_info", None)
    detail = decode_status(extra) if extra else None
    if detail is not None:
        return decode_error(detail, source)
    if isinstance(error, fl.FlightUnavailableError):
        return ConnectionFailed(f"no server answers at {address}")
    if isinstance(error, fl.FlightCancelledError):
        return Cancelled("the query was stopped before its end")
    return ConnectionFailed(f"{address}: {str(error).partition('. Detail:')[0]}")
