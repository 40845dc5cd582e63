"""What was asked for beside the file itself."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tapeql.errors import DataError
from tapeql.storage.importers.fields import CALLED, KINDS
from tapeql.storage.layout import canonical_interval

FIELDS: Final = tuple(
    dict.fromkeys(
        [*(name for kind in KINDS.values() for name in kind.fields), "symbol", "venue", "interval", "quote_volume"]
    )
)
"""What a column can be, of whatever kind of rows."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for; an empty one is told from the file.

    symbol is VENUE:CODE or, where the file has a column of codes, the code of the rows to take.
    local is the zone of times without one where nothing else says it; tz is theirs whatever is said.
    code is the symbol's where nothing else says it.
    consolidate: the quotes of several markets become the best bid and offer over them.
    """

    kind: str = ""
    symbol: str = ""
    venue: str = ""
    interval: str = ""
    tz: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    time_unit: str | None = None
    dates: str | None = None
    format: str = ""
    stamp: str = ""
    local: str = ""
    code: str = ""
    consolidate: bool = False

    def __post_init__(self) -> None:
        """Raises DataError for what can be asked of no file."""
        if self.kind:
            if self.kind not in CALLED:
                raise DataError(f"{self.kind!r} cannot be imported; there are {', '.join(KINDS)}")
            object.__setattr__(self, "kind", CALLED[self.kind])
        if ":" in self.symbol:
            checked_symbol(*self.symbol.split(":", 1))
        if self.stamp not in ("", "open", "close"):
            raise DataError(f"candles are stamped by their open or their close, not {self.stamp!r}")
        if self.interval:
            canonical_interval(self.interval)
        for name, column in self.columns.items():
            if name not in FIELDS:
                close = difflib.get_close_matches(name, FIELDS, 1)
                hint = f"; did you mean {close[0]}={column}?" if close else "."
                raise DataError(
                    f"--column {name}={column}: there is no field {name!r}{hint} There are {', '.join(FIELDS)}"
                )


_VENUE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_CODE: Final = re.compile(r"(?:[A-Za-z0-9_.^=!/]|-(?!-))+")
"""What FROM reads as one symbol: what is stored under another name could not be asked for."""


def checked_symbol(venue: str, code: str) -> tuple[str, str]:
    """Raises DataError for what no query could name."""
    if not (_VENUE.fullmatch(venue) and _CODE.fullmatch(code)):
        raise DataError(
            f"{f'{venue}:{code}'!r} is not a symbol that FROM can read; write VENUE:CODE, such as binance:BTCUSDT. "
            "A code holds letters, digits and . - _ ^ = ! / but no --; a venue is a word such as binance"
        )
    return venue, code
