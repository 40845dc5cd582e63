"""What a trade counts for, decided by the condition codes printed with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql.tapes.numbered import letters_of

if TYPE_CHECKING:
    import pyarrow as pa

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The single-character codes that keep a trade from counting; any one of them in its conditions is enough.

    no_volume       for volume, trades and vwap
    no_high_low     for high and low
    no_open_close   for open and close
    tape            whose numbers stand for the letters: "CTA" or "UTP"
    """

    no_volume: str
    no_high_low: str
    no_open_close: str
    tape: str


class Counts(NamedTuple):
    """Whether one trade counts."""

    volume: bool
    high_low: bool
    open_close: bool


def counts(eligibility: Eligibility, conditions: str | None) -> Counts:
    """What one trade counts for. Codes stand in any order, with or without blanks and commas: `FTI`, `F I`, `@,I`; or they
    are numbers, `12,37`.

    NULL and the text `null` are a regular trade; codes are capital letters and digits.
    """
    codes = set(letters_of(conditions or "", eligibility.tape))
    return Counts(
        codes.isdisjoint(eligibility.no_volume),
        codes.isdisjoint(eligibility.no_high_low),
        codes.isdisjoint(eligibility.no_open_close),
    )


def flags(eligibility: Eligibility, conditions: pa.Array[Any] | pa.ChunkedArray[Any]) -> tuple[Flags, Flags, Flags]:
    """What each trade counts for: (volume, high_low, open_close), from a string or dictionary array of conditions.

    Each distinct text is looked at once.
    """
    import pyarrow as pa

    from tapeql import arrow

    if isinstance(conditions, pa.ChunkedArray):
        conditions = conditions.combine_chunks()
    # an array that is a dictionary already is returned as it is
    encoded: Any = conditions.dictionary_encode()
    known = [counts(eligibility, text) for text in encoded.dictionary.to_pylist()]
    table = np.array([*known, counts(eligibility, None)], dtype=np.bool_)
    index = arrow.filled(encoded.indices, len(known))
    volume, high_low, open_close = (np.ascontiguousarray(column)[index] for column in table.T)
    return volume, high_low, open_close
