"""JSON files: lists of rows or of objects, alone, under a key, a symbol each, a column each, or one a line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tapeql.errors import DataError
from tapeql.storage.importers.packed import Packed
from tapeql.storage.importers.source import SAMPLE_ROWS, Malformed, RawBatch

_BATCH_ROWS: Final = 131_072
_DEPTH: Final = 4
_SERIES: Final = ("bars", "trades", "quotes")
"""What lies under these lies there by symbol, even where it is only one."""
SYMBOL: Final = "symbol"
"""The column that holds the key under which a row lay."""


class JsonSource:
    """A JSON file, read whole; its lines are its rows, from 1. Cells are text, numbers as they are written."""

    def __init__(self, packed: Packed) -> None:
        self.label = packed.label
        self.path = packed.full
        with packed.open() as stream:
            content = _loaded(stream.read(), self.label)
        self.info: dict[str, str] = {}
        rows = _rows(content, self.info, _DEPTH)
        if not rows:
            raise DataError(f"{self.label} holds no list of rows")
        keyed = isinstance(rows[0], dict)
        if any(isinstance(row, dict) != keyed for row in rows):
            raise DataError(f"{self.label} mixes lists and objects")
        self.names: Sequence[str] = tuple(dict.fromkeys(key for row in rows for key in row)) if keyed else ()
        self._width = len(self.names) if keyed else Counter(map(len, rows)).most_common(1)[0][0]
        self._uneven = [] if keyed else [n for n, row in enumerate(rows) if len(row) != self._width]
        self._rows = rows
        self.above: Sequence[Sequence[str]] = ()
        self.mark = ""
        self._done = 0

    @property
    def width(self) -> int:
        return self._width

    def sample(self) -> Sequence[pa.Array]:
        return [self._column(n, self._even(0, SAMPLE_ROWS)) for n in range(self._width)]

    def batches(self, indices: Sequence[int], types: Mapping[int, pa.DataType] = {}) -> Iterator[RawBatch]:
        for start in range(0, len(self._rows), _BATCH_ROWS):
            self._done = min(start + _BATCH_ROWS, len(self._rows))
            even = self._even(start, self._done)
            uneven = [n for n in self._uneven if start <= n < self._done]
            columns = [self._column(n, even) for n in indices]
            yield RawBatch(columns, np.array(even, np.int64) + 1, [self._malformed(n) for n in uneven])

    def raw(self, lines: Sequence[int]) -> Mapping[int, str]:
        return {line: json.dumps(self._rows[line - 1]) for line in lines}

    def position(self) -> float:
        return self._done / len(self._rows)

    def _even(self, start: int, end: int) -> Sequence[int]:
        """The places of rows that are as long as the others."""
        places = range(start, min(end, len(self._rows)))
        return [n for n in places if len(self._rows[n]) == self._width] if self._uneven else places

    def _malformed(self, place: int) -> Malformed:
        row = self._rows[place]
        return Malformed(place + 1, f"{len(row)} cells where the others have {self._width}", json.dumps(row))

    def _column(self, place: int, rows: Sequence[int]) -> pa.Array:
        key: Any = self.names[place] if self.names else place
        if self.names:
            return pa.array([_cell(self._rows[n].get(key)) for n in rows], pa.string())
        return pa.array([_cell(self._rows[n][key]) for n in rows], pa.string())


def _loaded(data: bytes, label: str) -> Any:
    try:
        text = data.decode("utf-8-sig")
        try:
            return json.loads(text, parse_float=str, parse_int=str)
        except json.JSONDecodeError:
            lines = [line for line in text.splitlines() if line.strip()]
            if len(lines) < 2:
                raise
            return [json.loads(line, parse_float=str, parse_int=str) for line in lines]
    except (ValueError, RecursionError) as error:
        raise DataError(f"{label} is no JSON: {error}") from None


def _rows(content: Any, info: dict[str, str], depth: int, by_symbol: bool = False) -> list[Any]:
    """The rows found in a document; what stands once beside them goes to `info`. `by_symbol`: lists lie under theirs."""
    if isinstance(content, list):
        return content if content and isinstance(content[0], (list, dict)) else []
    if not isinstance(content, dict) or depth == 0:
        return []
    for key, value in content.items():
        if not isinstance(value, (list, dict)):
            info[_plain(key)] = "" if value is None else str(value)
    columns = {key: value for key, value in content.items() if isinstance(value, list) and _is_column(value)}
    if len(columns) > 2 and len({len(value) for value in columns.values()}) == 1:
        return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    lists = {key: value for key, value in content.items() if isinstance(value, list) and _rows(value, {}, 1)}
    if len(lists) == 1 and not by_symbol:
        return next(iter(lists.values()))
    if lists:  # a list a symbol
        rows = [(key, row) for key, value in lists.items() for row in value]
        if all(isinstance(row, dict) for _, row in rows):
            return [{**row, SYMBOL: key} for key, row in rows]
        return []
    inner = [value for value in content.values() if isinstance(value, dict)]
    scalars = [value for value in inner if value and not any(isinstance(v, (list, dict)) for v in value.values())]
    if inner and len(scalars) == len(inner) > 1 and is_moment(next(iter(content))):
        # An object a moment, under the moment.
        return [{"time": key, **{_plain(k): v for k, v in value.items()}} for key, value in content.items()]
    for key, value in content.items():
        found = _rows(value, info, depth - 1, key in _SERIES) if isinstance(value, dict) else []
        if found:
            return found
    return []


def is_moment(key: str) -> bool:
    return key[:4].isdigit() and not key.strip().isalpha()


def _is_column(value: list[Any]) -> bool:
    return bool(value) and not any(isinstance(cell, (list, dict)) for cell in value)


def _plain(key: str) -> str:
    """`1. open` is `open`."""
    number, dot, rest = key.partition(". ")
    return rest if dot and number.rstrip("abcdefgh").isdigit() else key


def _cell(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case list():
            return ",".join(str(each) for each in value)
        case _:
            return str(value)
