"""What is asked, of whatever rows: the text, the range, the clock and the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from tapeql.errors import Diagnostic
from tapeql.query.settings import Settings

Said = TypeVar("Said")


@dataclass(frozen=True, slots=True)
class Asked:
    """What frames a query.

    start_us, end_us   the range asked for, half-open; None where the text sets no bound (what is stored decides)
    now_us             the one now of the query
    settings           what SET has set
    canonical          the text in its one form, `source` as written
    notes              lints and notes found while understanding
    said               what clauses say besides of the whole, each with a record of its own: see `of`
    """

    start_us: int | None
    end_us: int | None
    now_us: int
    settings: Settings
    canonical: str
    source: str
    notes: tuple[Diagnostic, ...] = ()
    said: tuple[object, ...] = ()

    def of(self, kind: type[Said]) -> Said | None:
        """What the clause says whose record this is; None where it is not written."""
        return next((record for record in self.said if isinstance(record, kind)), None)
