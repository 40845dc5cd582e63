"""Numbers as the countries of the world write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tapeql.errors import DataError

_COMMA_DECIMAL: Final = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})|[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?0,\d+")
_DOT_DECIMAL: Final = re.compile(r"[+-]?\d+\.(\d{1,2}|\d{4,})|[+-]?\d{1,3}(,\d{3})+\.\d+|[+-]?0\.\d+|[+-]?\d{4,}\.\d+")
_GROUPED: Final = re.compile(
    r"[+-]?\d{1,3}([,'’ \u00a0\u202f]\d{3})+([.]\d+)?|[+-]?\d{1,3}([.'’ \u00a0\u202f]\d{3})+(,\d+)?"
)
_ADORNED: Final = r"^([+-]?)[$€£¥]\s*([+-]?)|\s*[%$€£¥]$"
_MULTIPLES: Final = {"k": 3, "m": 6, "b": 9, "t": 12}
_MULTIPLE: Final = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([KMBTkmbt])")
_NOTHING: Final = r"(?i)^(null|none|n/a|na|-|--|\\N)$"


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """`decimal` is `.` or `,`; with the comma, dots may stand between thousands, else commas; also spaces and `'`."""

    decimal: str = "."

    def plain(self, text: pa.Array) -> pa.Array:
        """Text as Python writes numbers; what is none under this style is left as it is."""
        text = pc.utf8_trim_whitespace(text)
        text = pc.if_else(pc.match_substring_regex(text, _NOTHING), pa.scalar(None, pa.string()), text)
        text = pc.replace_substring_regex(text, _ADORNED, r"\1\2")
        thousands = "." if self.decimal == "," else ","
        grouped = pc.match_substring_regex(
            text, rf"^[+-]?\d{{1,3}}([{thousands}'’ \x{{a0}}\x{{202f}}]\d{{3}})+([{self.decimal}]\d+)?[KMBTkmbt]?$"
        )
        bare = pc.replace_substring_regex(text, rf"[{thousands}'’ \x{{a0}}\x{{202f}}]", "")
        if self.decimal == ",":
            # A dot that does not stand between thousands makes no number here.
            text = pc.if_else(pc.match_substring(text, "."), pc.binary_join_element_wise("?", text, ""), text)
        text = pc.if_else(grouped, bare, text)
        if self.decimal == ",":
            text = pc.replace_substring(text, ",", ".")
        suffixed = pc.match_substring_regex(text, r"^[+-]?\d+(\.\d+)?\s*[KMBTkmbt]$")
        if pc.any(suffixed).as_py():
            text = pa.array([_multiplied(value) for value in text.to_pylist()], pa.string())
        return text


PLAIN: Final = NumberStyle()


def style_of(cells: Iterable[str], mark: str) -> NumberStyle:
    """Told by a sample. Raises DataError where one cell can only be read one way and another only the other."""
    commas = dots = grouped = ""
    for cell in cells:
        bare = cell.strip().lstrip("$€£¥ ").rstrip("%KMBTkmbt$€£¥ ")
        if _COMMA_DECIMAL.fullmatch(bare):
            commas = cell
        elif _DOT_DECIMAL.fullmatch(bare):
            dots = cell
        elif "," in bare and _GROUPED.fullmatch(bare):
            grouped = cell
    if commas and dots:
        raise DataError(f"of its numbers {commas} has a decimal comma and {dots} a decimal point")
    if commas or (grouped and not dots and mark != ","):
        return NumberStyle(",")
    return PLAIN


def _multiplied(text: str | None) -> str | None:
    match = _MULTIPLE.fullmatch(text) if text else None
    return text if match is None else str(Decimal(match[1]).scaleb(_MULTIPLES[match[2].lower()]))
