"""Columns that hold two numbers in one cell, such as `9750.92_0.37`, read as two columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tapeql.storage.importers.source import RawBatch, Source

_PAIRS: Final[Mapping[str, tuple[str, str]]] = {
    f"{side}_price_{side}_size": (f"{side}_price", f"{side}_size") for side in ("bid", "ask")
}
"""CryptoChassis and its library ccapi name and write them so."""

_PAIR: Final = r"^([^_]*)_([^_]*)$"


def splits(source: Source, head: bytes) -> Source:
    """A file that begins so; the source itself where it has no such column."""
    bare = head.replace(b"\0", b"")  # of whatever encoding
    named = any(name.encode() in bare for name in _PAIRS)  # seldom: to ask for the names takes a while
    return _Split(source) if named and any(name in _PAIRS for name in source.names) else source


class _Split:
    def __init__(self, source: Source) -> None:
        self.label, self.path = source.label, source.path
        self.above, self.info, self.mark = source.above, source.info, source.mark
        self._source = source
        self._parts = [  # its column, and which part of the cells; 0: all of it
            (place, part) for place, name in enumerate(source.names) for part in ((1, 2) if name in _PAIRS else (0,))
        ]
        self.names = [name for whole in source.names for name in _PAIRS.get(whole, (whole,))]

    @property
    def width(self) -> int:
        return len(self._parts)

    def sample(self) -> Sequence[pa.Array]:
        columns = self._source.sample()
        return [_part(columns[place], part) for place, part in self._parts]

    def batches(self, indices: Sequence[int], types: Mapping[int, pa.DataType] = {}) -> Iterator[RawBatch]:
        wanted = [self._parts[index] for index in indices]
        places = list(dict.fromkeys(place for place, _ in wanted))
        whole = {self._parts[index][0]: kind for index, kind in types.items() if not self._parts[index][1]}
        for batch in self._source.batches(places, whole):
            columns = dict(zip(places, batch.columns, strict=True))
            yield RawBatch([_part(columns[place], part) for place, part in wanted], batch.lines, batch.malformed)

    def raw(self, lines: Sequence[int]) -> Mapping[int, str]:
        return self._source.raw(lines)

    def position(self) -> float:
        return self._source.position()


def _part(column: pa.Array, part: int) -> pa.Array:
    if not part:
        return column
    # What is no pair is no number: half of it could be one.
    text = pc.if_else(
        pc.match_substring_regex(column, _PAIR), column, pc.binary_join_element_wise("not a pair: ", column, "")
    )
    return pc.replace_substring_regex(text, _PAIR, rf"\{part}")
