"""Numbers, sides, flags and texts of a raw column, with the rows that do not hold one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.storage.importers.faults import Fault
from tapeql.storage.importers.numbers import PLAIN, NumberStyle

_NUMBER: Final = r"(?i)^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|inf|infinity)$"
_OTHERWISE: Final = r"^\s*[+-]?[$€£¥]?\d[\d.,'’ \x{a0}\x{202f}]*\s*[%$€£¥KMBTkmb]?\s*$"
_SIDES: Final = {"buy": "buy", "b": "buy", "sell": "sell", "s": "sell", "unknown": None}
_FLAGS: Final = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def read_numbers(column: pa.Array, field: str, style: NumberStyle = PLAIN) -> tuple[pa.Array, list[Fault]]:
    """float64, NULL where empty; NaN and infinities stay for the caller to judge."""
    if not _is_text(column):
        return column.cast(pa.float64(), safe=False), []
    if style.decimal == ".":
        try:
            return column.cast(pa.float64()), []
        except pa.ArrowInvalid:
            pass
    text = style.plain(column)
    text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    readable = pc.match_substring_regex(text, _NUMBER)
    plain = pc.replace_substring_regex(pc.if_else(readable, text, pa.scalar(None, pa.string())), r"^\+", "")
    unread = pc.fill_null(pc.invert(readable), False)
    otherwise = pc.and_(unread, pc.match_substring_regex(column, _OTHERWISE))
    faults = _faults(
        otherwise, column, f"{field} is not written as the other numbers are, which could make it another one"
    )
    return plain.cast(pa.float64()), faults + _faults(pc.and_not(unread, otherwise), column, f"{field} is not a number")


def read_integers(column: pa.Array, field: str, style: NumberStyle = PLAIN) -> tuple[pa.Array, list[Fault]]:
    """int64, NULL where empty."""
    if pa.types.is_integer(column.type):
        return column.cast(pa.int64()), []
    if _is_text(column):
        try:
            return column.cast(pa.int64()), []
        except pa.ArrowInvalid:
            pass
    numbers, faults = read_numbers(column, field, style)
    whole = pc.fill_null(pc.and_(pc.equal(pc.round(numbers), numbers), pc.less(pc.abs(numbers), 2.0**53)), True)
    kept = pc.if_else(whole, numbers, pa.scalar(None, pa.float64()))
    return kept.cast(pa.int64()), faults + _faults(pc.invert(whole), column, f"{field} is not a whole number")


def read_sides(column: pa.Array, field: str, words: Mapping[str, str | None] = {}) -> tuple[pa.Array, list[Fault]]:
    """`buy`, `sell` or NULL; `words` are those of the source."""
    return _words(read_texts(column), column, {**_SIDES, **words}, pa.string(), f"{field} is neither buy nor sell")


def read_flags(column: pa.Array, field: str) -> tuple[pa.Array, list[Fault]]:
    if pa.types.is_boolean(column.type):
        return column, []
    return _words(read_texts(column), column, _FLAGS, pa.bool_(), f"{field} is neither true nor false")


def read_texts(column: pa.Array, verbatim: bool = False) -> pa.Array:
    """Strings without the spaces around them (`verbatim`: with), NULL where blank; whole numbers as digits."""
    if pa.types.is_floating(column.type):
        finite = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type)).to_pylist()
        return pa.array([v if v is None else str(int(v)) if v == int(v) else str(v) for v in finite], pa.string())
    text = column.cast(pa.string())
    trimmed = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), text if verbatim else trimmed)


def _words(
    text: pa.Array, column: pa.Array, words: Mapping[str, Any], kind: pa.DataType, wrong: str
) -> tuple[pa.Array, list[Fault]]:
    encoded = pc.utf8_lower(text).dictionary_encode()
    spelled = encoded.dictionary.to_pylist()
    meanings = pa.array([words.get(word) for word in spelled], kind)
    values = meanings.take(encoded.indices)
    unknown = pa.array([word not in words for word in spelled], pa.bool_()).take(encoded.indices)
    return values, _faults(unknown, column, wrong)


def _faults(bad: pa.Array, column: pa.Array, kind: str) -> list[Fault]:
    rows = np.flatnonzero(pc.fill_null(bad, False).to_numpy(zero_copy_only=False))
    return [Fault(row, kind, f"{str(column[row].as_py())[:60]!r}") for row in rows.tolist()]


def _is_text(column: pa.Array) -> bool:
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))
