"""How a text file is written: encoding, mark between cells, lines above the rows, header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tapeql.errors import DataError

MARKS: Final = "\t;|,"
"""What may stand between cells; where two would do, the one named first."""

_LOOKED_AT: Final = 40
_BANNER_LINES: Final = 30
_HEADER_LINES: Final = 4
_CELL_LIMIT: Final = csv.field_size_limit()
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_MARK_SAID: Final = re.compile(r'"?sep=(.)"?')
_VALUE: Final = re.compile(
    r"""[$€£¥]?[+-]?[$€£¥]?\d[\d.,'’\u00a0\u202f ]*([eE][+-]?\d+)?\s*[%KMBTkmbt]?   # a number of any country
    | [+-]?\.\d+([eE][+-]?\d+)?
    | \d{1,4}[-./]\d{1,2}[-./]\d{1,4}(\b.*)?                                       # a date in digits
    | \d{1,2}[- ]?[A-Za-z]{3,9}[- ,]*\d{2,4}(\b.*)?                                # 10 Mar 2025
    | [A-Za-z]{3,9}\.?\ \d{1,2},?\ \d{4}(\b.*)?                                    # Mar 10, 2025
    | \d{8}[ T]?\d\d:?\d\d(:?\d\d.*)?
    | \d{1,2}:\d\d.*
    | \d{8}[ T]\d{1,2}:?\d\d.*                                                     # 20250310 9:30
    | \d{4}-\d\d-\d\dT.*""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """`above` are the lines before the first row that is data, of which line `header` (from 0) names the columns."""

    encoding: str
    mark: str
    width: int
    above: tuple[tuple[str, ...], ...]
    header: int | None

    @property
    def names(self) -> tuple[str, ...]:
        return () if self.header is None else self.above[self.header]


def dialect_of(head: bytes, label: str, whole: bool) -> Dialect:
    """Told from the beginning of a file (`whole`: all of it). Raises DataError for what is no text or has no rows."""
    encoding = _encoding(head, label)
    lines = lines_of(head, encoding)
    if not whole and len(lines) > 1:
        lines.pop()
    if not any(line.strip() for line in lines):
        raise DataError(f"{label} is empty")
    said = _MARK_SAID.fullmatch(lines[0].strip())
    marks = said[1] if said else MARKS
    mark = max(marks, key=lambda each: _fitness(lines, each))
    rows = [tuple(cell.strip() for cell in cells) for cells in _cells(lines[: _BANNER_LINES + _LOOKED_AT], mark)]
    first = next((n for n, row in enumerate(rows) if is_data(row)), None)
    if first is None or first > _BANNER_LINES:
        # Names without rows, or words where nothing is a number.
        first = next((n for n, row in enumerate(rows) if any(row)), 0) + 1
        header: int | None = first - 1
        width = len(rows[first - 1])
    else:
        width = Counter(len(row) for row in rows[first:] if any(row)).most_common(1)[0][0]
        while first and any(map(any, rows[:first])) and not any(rows[first - 1]):
            first -= 1
        header = _header(rows[:first], width)
        if header is None:
            _check_names(rows[:first], width, label)
    _check_banner(lines[: first if header is None else header], mark, label)
    above = [_fitted(row, width) if n == header else row for n, row in enumerate(rows[:first])]
    return Dialect(encoding, mark, width, tuple(above), header)


def lines_of(head: bytes, encoding: str) -> list[str]:
    text = head.decode(encoding, errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _check_banner(lines: Sequence[str], mark: str, label: str) -> None:
    """Raises DataError where lines above the header are no banner but rows, written otherwise."""
    for other in MARKS.replace(mark, ""):
        rows = [
            n
            for n, cells in enumerate(_cells(lines, other), 1)
            if len(cells) > 2 and 2 * sum(map(is_value, cells)) > len(cells)
        ]
        if rows:
            raise DataError(
                f"{label}:{rows[0]}: this line has cells between {other!r}, and those from line {len(lines) + 1} on between {mark!r}: "
                "keep a file a source"
            )


def _check_names(above: Sequence[Sequence[str]], width: int, label: str) -> None:
    """Raises DataError where columns are named, and a line that is no row stands between the names and the rows."""
    for n, row in enumerate(above[:-1]):
        if len(row) == width > 2 and all(row) and not is_data(row) and not row[0].startswith("#"):
            raise DataError(
                f"{label}:{n + 2}: this line is no row, and stands between line {n + 1}, which names the columns, and their rows: "
                "take it out"
            )


def is_data(cells: Sequence[str]) -> bool:
    """A row holds numbers or dates; a header and a banner hold words."""
    return any(is_value(cell) for cell in cells)


def is_value(cell: str) -> bool:
    return _VALUE.fullmatch(cell) is not None


def _encoding(head: bytes, label: str) -> str:
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    zeros = head[:512].count(0)
    if zeros:
        if (zeros * 3 > len(head[:512]) and not any(head[:512:2])) or not any(head[1:512:2]):
            return "utf-16-be" if head[0] == 0 else "utf-16-le"
        raise DataError(f"{label} is not a text file: it holds bytes of value 0")
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut at the end of what was read.
        if error.start < len(head) - 3:
            return "cp1252"
    return "utf-8"


def _cells(lines: Sequence[str], mark: str) -> list[list[str]]:
    """One line, one row: what lies above the rows may hold odd quotes."""
    return [next(csv.reader([line], delimiter=mark), []) if len(line) < _CELL_LIMIT else [line] for line in lines]


def _fitness(lines: Sequence[str], mark: str) -> tuple[float, int]:
    """How well a mark divides the lines: the share of lines of one width that are made of whole cells, and that width."""
    rows = [cells for cells in _cells([line for line in lines if line.strip()][:_LOOKED_AT], mark) if len(cells) > 1]
    if not rows:
        return 0.0, 1
    width, _ = Counter(map(len, rows)).most_common(1)[0]
    others = MARKS.replace(mark, "").replace(",", "")
    good = [row for row in rows if len(row) == width and not any(set(others) & set(cell) for cell in row)]
    return round(len(good) / min(len(lines), _LOOKED_AT), 1), width if mark != "," else width - 1


def _header(rows: Sequence[tuple[str, ...]], width: int) -> int | None:
    """The line that names the columns: the first of the last few that are as wide as the rows."""
    header = None
    for n in range(len(rows) - 1, max(len(rows) - 1 - _HEADER_LINES, -1), -1):
        if len(rows[n]) not in (width, width - 1) or not any(rows[n]) or rows[n][0].startswith("#"):
            break
        header = n
    return header


def _fitted(row: tuple[str, ...], width: int) -> tuple[str, ...]:
    """Names as many as cells: rows may begin with an index that has none, or end with a mark."""
    if len(row) == width - 1:
        return (*row, "") if row[:1] != ("",) and _is_time_name(row[0]) else ("", *row)
    return row


def _is_time_name(name: str) -> bool:
    return any(word in name.lower() for word in ("time", "date", "ts", "unix"))
