"""The Arrow Flight server: a query's text is the command, and the ticket, and nothing is ever materialised.

    GetFlightInfo(command)  →  the exact schema, one endpoint whose ticket is the command
    GetSchema(command)      →  the exact schema
    DoGet(ticket)           →  batches, then an empty one whose app_metadata is the result information as JSON

Commands and tickets are requests as `tapeql.serve.wire` describes them; errors carry its record.
"""

from __future__ import annotations

import sys
import threading
import traceback
import uuid
from collections.abc import Iterator
from typing import Any, Final, NoReturn

import pyarrow as pa
import pyarrow.flight as fl

from tapeql import limits
from tapeql.cancel import Cancel
from tapeql.errors import Cancelled, Diagnostic, LimitError, QueryError, TapeQLError
from tapeql.export.info import encode_info
from tapeql.run.result import Result
from tapeql.serve.service import Service
from tapeql.serve.wire import decode_request, encode_error, encode_status

MESSAGE_CHARACTERS: Final = 600
"""The readable part of an error; it travels in headers, percent-encoded, twice."""


class FlightServer(fl.FlightServerBase):  # type: ignore[misc]  # pyarrow has no types
    """Serves from construction on; `port` is the one it listens on; `stop` ends it."""

    def __init__(self, service: Service, host: str = "127.0.0.1", port: int = limits.FLIGHT_PORT) -> None:
        self._service = service
        self._watchdog = Watchdog()
        self._host = host
        super().__init__(f"grpc://{_bracketed(host)}:{port}")

    @property
    def address(self) -> str:
        return f"grpc://{_bracketed(self._host)}:{self.port}"

    def stop(self, drain_s: float = limits.DRAIN_S) -> None:
        """Takes no new calls, lets running streams end, and cancels those that take longer than `drain_s`."""
        draining = threading.Thread(target=self.shutdown, daemon=True)
        draining.start()
        draining.join(drain_s)
        self._watchdog.cancel_all()
        draining.join(drain_s)
        self._watchdog.stop()

    def cancel_all(self) -> None:
        """Stops every running query."""
        self._watchdog.cancel_all()

    def get_flight_info(self, context: Any, descriptor: Any) -> Any:
        schema = self._schema(descriptor)
        endpoint = fl.FlightEndpoint(descriptor.command, [])
        return fl.FlightInfo(schema, descriptor, [endpoint], -1, -1)

    def get_schema(self, context: Any, descriptor: Any) -> Any:
        return fl.SchemaResult(self._schema(descriptor))

    def do_get(self, context: Any, ticket: Any) -> Any:
        cancel = Cancel()
        watch = self._watchdog.watch(context, cancel)
        try:
            result = self._service.run(decode_request(ticket.ticket), cancel)
            return fl.GeneratorStream(result.schema, Stream(result, watch))
        except BaseException as error:
            watch.end()
            _tell(error)

    def list_flights(self, context: Any, criteria: Any) -> Iterator[Any]:
        return iter(())

    def do_put(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        _tell(TapeQLError("this server answers queries; it takes no uploads"))

    def do_exchange(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        _tell(TapeQLError("this server has no exchanges"))

    def list_actions(self, context: Any) -> list[Any]:
        return []

    def do_action(self, context: Any, action: Any) -> None:
        _tell(TapeQLError(f"this server has no action `{action.type}`"))

    def _schema(self, descriptor: Any) -> pa.Schema:
        try:
            if descriptor.descriptor_type != fl.DescriptorType.CMD:
                raise QueryError([Diagnostic("E017", "send the text of a query as the command, not a path")])
            return self._service.schema(decode_request(descriptor.command))
        except BaseException as error:
            _tell(error)


class Stream:
    """The batches of a result as Flight wants them; knows when its client has got them all, or has gone."""

    def __init__(self, result: Result, watch: Watch) -> None:
        self._schema = result.schema
        self._info = result.info
        self._batches = iter(result.batches)
        self._watch = watch
        self._ended = False

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> tuple[pa.RecordBatch, bytes | None]:
        if self._ended:
            raise StopIteration
        try:
            batch = next(self._batches, None)
        except BaseException as error:
            self.close()
            _tell(error)
        if batch is not None:
            return batch, None
        self.close()
        return pa.RecordBatch.from_pylist([], self._schema), encode_info(self._info)

    def close(self) -> None:
        """Ends the watch before the call's context goes away, and lets the engine clean up."""
        self._ended = True
        self._watch.end()
        close = getattr(self._batches, "close", None)
        if close is not None:
            close()

    # A stream that was never asked for its first batch, or that a client left, is just dropped by the server.
    __del__ = close


class Watch:
    """One running call: its context may be asked only until `end`."""

    def __init__(self, context: Any, cancel: Cancel) -> None:
        self._context = context
        self._lock = threading.RLock()
        self.cancel = cancel

    @property
    def ended(self) -> bool:
        return self._context is None

    def look(self) -> None:
        """Cancels the query if its client has left."""
        with self._lock:
            if self._context is not None and self._context.is_cancelled():
                self.cancel.cancel()

    def end(self) -> None:
        with self._lock:
            self._context = None
        self.cancel.cancel()


class Watchdog:
    """Looks after all running calls from one thread, which sleeps while there are none."""

    def __init__(self, poll_s: float = limits.CANCEL_POLL_S) -> None:
        self._poll_s = poll_s
        self._changed = threading.Condition()
        self._watches: list[Watch] = []
        self._stopped = False
        threading.Thread(target=self._patrol, name="watchdog", daemon=True).start()

    def watch(self, context: Any, cancel: Cancel) -> Watch:
        watch = Watch(context, cancel)
        with self._changed:
            self._watches.append(watch)
            self._changed.notify()
        return watch

    def cancel_all(self) -> None:
        with self._changed:
            for watch in self._watches:
                watch.cancel.cancel()

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _patrol(self) -> None:
        while True:
            with self._changed:
                self._watches = [w for w in self._watches if not w.ended]
                self._changed.wait(self._poll_s if self._watches else None)
                if self._stopped:
                    return
                watches = list(self._watches)
            for watch in watches:
                watch.look()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _tell(error: BaseException) -> NoReturn:
    """Raises the Flight error that says the same. Our own bugs are logged here and stay nameless outside."""
    if not isinstance(error, TapeQLError):
        name = uuid.uuid4().hex[:8]
        sys.stderr.write(f"tapeql: internal error {name}\n{''.join(traceback.format_exception(error, limit=100))}")
        sys.stderr.flush()
        error = TapeQLError(f"internal error {name}; the server's log has the story")
        raise fl.FlightInternalError(str(error), encode_status(13, str(error), encode_error(error)))
    message = str(error)
    if len(message) > MESSAGE_CHARACTERS:
        message = message[: MESSAGE_CHARACTERS - 1] + "…"
    kind, code = fl.FlightServerError, 2
    if isinstance(error, Cancelled):
        # Only a stopping server cancels what a client still waits for. Not FlightCancelledError: pyarrow's client would
        # raise KeyboardInterrupt in its program.
        kind, code = fl.FlightUnavailableError, 14
    elif isinstance(error, LimitError) and error.limit == "QUERY_DEADLINE_S":
        kind, code = fl.FlightTimedOutError, 4
    raise kind(message, encode_status(code, message, encode_error(error))) from None
