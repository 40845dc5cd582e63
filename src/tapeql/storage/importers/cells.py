"""Cells as text, and what they can be read as."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc


def texts(column: pa.Array) -> list[str | None]:
    """Each cell as text, of whatever type the column is."""
    if pa.types.is_string(column.type):
        return column.to_pylist()  # type: ignore[no-any-return]
    try:
        return column.cast(pa.string()).to_pylist()  # type: ignore[no-any-return]
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return [None if cell is None else str(cell) for cell in column.to_pylist()]


def as_text(column: pa.Array) -> pa.Array:
    """The column itself where it is one of text."""
    return column if pa.types.is_string(column.type) else pa.array(texts(column), pa.string())


def joined(row: Sequence[str | None], where: tuple[int, ...]) -> str:
    """The cells of a row at some places, with a space between them."""
    return " ".join((row[n] or "").strip() for n in where).strip()


def together(columns: Mapping[int, pa.Array], where: tuple[int, ...], whole: bool) -> pa.Array:
    """The column, or several as one text; `whole`: nothing where one of them is empty."""
    if len(where) == 1:
        return columns[where[0]]
    parts = [pc.utf8_trim_whitespace(columns[place].cast(pa.string())) for place in where]
    if whole:  # a date without its time is no midnight
        parts = [pc.if_else(pc.equal(part, ""), pa.scalar(None, pa.string()), part) for part in parts]
        return pc.binary_join_element_wise(*parts, " ")
    joined = pc.binary_join_element_wise(*parts, " ", null_handling="replace", null_replacement="")
    return pc.utf8_trim_whitespace(joined)


def casts(column: pa.Array, kind: pa.DataType) -> bool:
    """Whether every cell of a sample can be read as that at once."""
    try:
        column.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True


def is_number(cell: str | None) -> bool:
    return cell is not None and re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", cell) is not None
