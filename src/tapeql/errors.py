"""What can go wrong, and how it is told.

    TapeQLError
    ├── QueryError          the sentence is wrong: one or more diagnostics, exit status 2
    ├── LimitError          a named limit or deadline was reached: exit status 2 before running, 1 while running
    ├── DataError           what was read or imported is unusable: exit status 1
    ├── StoreError          a lake or a database cannot be read or written: exit status 1
    ├── ConnectionFailed    a server cannot be reached: exit status 1
    ├── VenueError          an exchange refused what it was asked: exit status 1
    └── Cancelled           the client left or asked to stop: exit status 1

Anything else that escapes is our own bug. Errors are values here; text is rendered at the doors.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tapeql.diagnostics import NOWHERE as NOWHERE
from tapeql.diagnostics import Diagnostic as Diagnostic
from tapeql.diagnostics import Fix as Fix
from tapeql.diagnostics import Span as Span


class TapeQLError(Exception):
    """The root of all errors a caller may want to catch."""

    exit_status = 1


class QueryError(TapeQLError):
    """The text of a query is wrong; `diagnostics` says where and what to do, `source` is the text."""

    exit_status = 2

    def __init__(self, diagnostics: tuple[Diagnostic, ...] | list[Diagnostic], source: str = "") -> None:
        self.diagnostics = tuple(diagnostics)
        self.source = source
        super().__init__("; ".join(f"{d.code} {d.reason}" for d in self.diagnostics))

    def __str__(self) -> str:
        """The rendered message: lines, carets and hints, as every door shows it."""
        from tapeql.rendering import render

        return render(self.diagnostics, self.source)


class LimitError(TapeQLError):
    """A named limit was reached. `limit` is its name in `tapeql.limits`."""

    def __init__(self, reason: str, limit: str) -> None:
        self.limit = limit
        super().__init__(reason)


class DataError(TapeQLError):
    """Data that cannot be used, with where it was found in the message."""


class StoreError(TapeQLError):
    """A store that cannot be opened, read or written."""


class ConnectionFailed(TapeQLError):
    """A server that cannot be reached."""


class VenueError(TapeQLError):
    """An exchange refused a request. `status` is HTTP's, `code` the exchange's own, where it gave them."""

    def __init__(self, reason: str, *, status: int | None = None, code: str | None = None) -> None:
        self.status = status
        self.code = code
        super().__init__(reason)


class Cancelled(TapeQLError):
    """The query was stopped before its end."""


@dataclass(slots=True)
class Diagnostics:
    """Collects independent errors so that several are reported together."""

    source: str = ""
    found: list[Diagnostic] = field(default_factory=list)

    def add(self, diagnostic: Diagnostic) -> None:
        if diagnostic not in self.found:
            self.found.append(diagnostic)

    def raise_errors(self) -> None:
        errors = [d for d in self.found if d.is_error]
        if errors:
            raise QueryError(errors, self.source)
