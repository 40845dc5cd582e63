"""Numbers as the countries of the world write them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar, Final

import pyarrow as pa
import pyarrow.compute as pc

from tapeql.errors import DataError

_COMMA_DECIMAL: Final = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})|[+-]?\d{1,3}(\.\d{3})+,\d+|[+-]?0,\d+")
_DOT_DECIMAL: Final = re.compile(r"[+-]?\d+\.(\d{1,2}|\d{4,})|[+-]?\d{1,3}(,\d{3})+\.\d+|[+-]?0\.\d+|[+-]?\d{4,}\.\d+")
_GROUPED: Final = re.compile(
    r"[+-]?\d{1,3}([,'’ \u00a0\u202f]\d{3})+([.]\d+)?|[+-]?\d{1,3}([.'’ \u00a0\u202f]\d{3})+(,\d+)?"
)
_MONEY: Final = "$€£¥"
_ADORNED: Final = rf"^([+-]?)[{_MONEY}]\s*([+-]?)|\s*[{_MONEY}]$"
_MULTIPLES: Final = {"k": 3, "m": 6, "b": 9, "T": 12}
_SUFFIX: Final = "KMBTkmb"
_MULTIPLE: Final = re.compile(rf"([+-]?\d+(?:\.\d+)?)\s*([{_SUFFIX}])")
_UNDIVIDED: Final = re.compile(r"[+-]?\d{4,}([.,]\d+)?")
_NOTHING: Final = r"(?i)^(null|none|n/a|na|-|--|\\N)$"


@dataclass(frozen=True, slots=True)
class NumberStyle:
    """How the numbers of a column are written.

    decimal   `.` or `,`
    grouped   thousands may be set apart: by the other of the two, spaces or `'`
    lone      1,250 is a thousand and more though it has no fraction; where others have one, it may be a decimal mark gone wrong
    apart     the sign that sets them apart; "": any of these
    money     a sign of a currency stands before or behind; None: it may
    multiples   a K, M, B or T may stand behind
    """

    decimal: str = "."
    grouped: bool = True
    lone: bool = True
    apart: str = ""
    money: bool | None = None
    multiples: bool = True

    def of_column(self, cells: Sequence[str]) -> NumberStyle:
        """What the cells of one column say beside the decimal mark, which is that of the file."""
        bare = [_bare(cell) for cell in cells]
        grouped = re.compile(
            rf"[+-]?\d{{1,3}}([{self._thousands}'’ \u00a0\u202f]\d{{3}})+({re.escape(self.decimal)}\d+)?"
        )
        marked = Counter(
            match[1][0] for cell in bare if not self._is_lone(cell) and (match := grouped.fullmatch(cell)) is not None
        )
        sure = marked.total()
        divided = sum(_UNDIVIDED.fullmatch(cell) is not None for cell in bare)
        broken = any(re.search(rf"{re.escape(self.decimal)}\d+$", cell) for cell in bare)
        multiples = sum(cell.strip()[-1:] in (*_SUFFIX,) for cell in cells)
        money = sum(bool(set(cell) & set(_MONEY)) for cell in cells)
        return replace(
            self,
            grouped=sure > divided or not divided,
            lone=bool(sure) or not broken,
            apart=marked.most_common(1)[0][0] if marked else "",
            money=money * 2 > sum(map(bool, cells)),
            multiples=multiples * 2 > sum(map(bool, cells)),
        )

    _OTHERS: ClassVar[str] = r"'’ \x{a0}\x{202f}"

    def _is_lone(self, cell: str) -> bool:
        return re.fullmatch(rf"[+-]?\d{{1,3}}[{self._thousands}]\d{{3}}", cell) is not None

    @property
    def _thousands(self) -> str:
        return "." if self.decimal == "," else ","

    def plain(self, text: pa.Array) -> pa.Array:
        """Text as Python writes numbers; what is none under this style is left as it is."""
        text = pc.utf8_trim_whitespace(text)
        text = pc.if_else(pc.match_substring_regex(text, _NOTHING), pa.scalar(None, pa.string()), text)
        if self.money:
            # A number without the sign that the others have may be of another column, or of another file.
            bare = pc.and_(
                pc.invert(pc.match_substring_regex(text, f"[{_MONEY}]")), pc.match_substring_regex(text, r"^[+-]?\d")
            )
            text = pc.if_else(bare, pc.binary_join_element_wise("?", text, ""), text)
        if self.money is not False:
            text = pc.replace_substring_regex(text, _ADORNED, r"\1\2")
        marks = rf"[{self.apart or self._thousands + self._OTHERS}]"
        grouped = pc.match_substring_regex(
            text, rf"^[+-]?\d{{1,3}}({marks}\d{{3}})+([{self.decimal}]\d+)?[{_SUFFIX}]?$" if self.grouped else "^$"
        )
        if not self.lone:
            lone = pc.match_substring_regex(text, rf"^[+-]?\d{{1,3}}[{self._thousands}]\d{{3}}$")
            grouped = pc.and_(grouped, pc.invert(lone))
        bare = pc.replace_substring_regex(text, marks, "")
        if self.decimal == ",":
            # A dot that does not stand between thousands makes no number here.
            text = pc.if_else(pc.match_substring(text, "."), pc.binary_join_element_wise("?", text, ""), text)
        text = pc.if_else(grouped, bare, text)
        if self.decimal == ",":
            text = pc.replace_substring(text, ",", ".")
        suffixed = pc.match_substring_regex(text, rf"^[+-]?\d+(\.\d+)?\s*[{_SUFFIX}]$")
        if self.multiples and pc.any(suffixed).as_py():
            text = pa.array([_multiplied(value) for value in text.to_pylist()], pa.string())
        return text


PLAIN: Final = NumberStyle()


def of_plain(column: pa.Array) -> NumberStyle:
    """What `of_column` says of cells that are all plain numbers, told at once."""

    def any_like(pattern: str) -> bool:
        return bool(pc.any(pc.match_substring_regex(column, pattern)).as_py())

    return NumberStyle(
        grouped=not any_like(r"^[+-]?\d{4,}([.,]\d+)?$"), lone=not any_like(r"\.\d+$"), money=False, multiples=False
    )


def style_of(cells: Iterable[str], mark: str) -> NumberStyle:
    """Told by a sample. Raises DataError where one cell can only be read one way and another only the other."""
    commas = dots = grouped = ""
    for cell in cells:
        bare = _bare(cell)
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


def _bare(cell: str) -> str:
    return cell.strip().lstrip(f"{_MONEY} ").rstrip(f"{_SUFFIX}{_MONEY}% ")


def _multiplied(text: str | None) -> str | None:
    match = _MULTIPLE.fullmatch(text) if text else None
    return (
        text
        if match is None
        else str(Decimal(match[1]).scaleb(_MULTIPLES[match[2] if match[2] == "T" else match[2].lower()]))
    )
