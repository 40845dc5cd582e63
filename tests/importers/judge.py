"""Whether what came of a mutated file is right, excused, or wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tapeql.storage.import_files import ImportReport
from tests.importers.sheet import Sheet, cells_of, lines_of
from tests.importers.specimens import Specimen
from tests.importers.stored import Row, Series

NOTHING = ("", "null", "none", "nan", "-", "--", "n/a", "na")
TEXTS = frozenset(("symbol", "venue", "trade_id", "conditions", "market", "interval", "only"))
REQUIRED = {
    "trades": {"ts", "price", "quantity"},
    "quotes": {"ts"},
    "candles": {"ts", "open", "high", "low", "close"},
}
FED = {"buyer_maker": ("side",), "quote_volume": ("vwap",), "volume": ("vwap",)}
"""Fields made of others."""


class Wrong(AssertionError):
    """Rows that the file does not hold, or rows that are gone without a word."""


Frozen = frozenset[tuple[str, Any]]


def judge(original: Specimen, text: str | None, report: ImportReport, stored: Mapping[Series, Sequence[Row]]) -> str:
    """`right`, or the excuse. Raises Wrong."""
    if report.read != sum(report.symbols.values()) + report.skipped + report.refused:
        raise Wrong(f"{report.read} rows read, but {report}")
    found = Counter(_frozen(row) for rows in stored.values() for row in rows)
    sheet = original.sheet
    kinds = {kind for kind, _, _ in stored}
    if text is None:
        if found == Counter(map(_frozen, filter(None, sheet.expected))):
            return "right"
        if original.dress.packing in (".zst",) or sheet.form == "feather":
            return "no checksum"
        raise Wrong(f"other rows: {dict(found)}")
    if kinds - {sheet.series[0]}:
        raise Wrong(f"taken for {kinds}")
    _lies_as_it_must(sheet.series[0], [dict(row) for row in found.elements()])
    return _of_lines(original, text, report, found, stored)


def _of_lines(
    original: Specimen, text: str, report: ImportReport, found: Counter[Frozen], stored: Mapping[Series, Sequence[Row]]
) -> str:
    sheet = original.sheet
    head, rows, tail = lines_of(sheet)
    lines = Counter(line.rstrip(",") if sheet.form != "text" else line for line in re.split(r"\r\n|\r|\n", text))
    known = {line.rstrip(",") if sheet.form != "text" else line: n for n, line in enumerate(rows)}
    same_head = all(line in lines for line in head)
    untouched: Counter[Frozen] = Counter()
    for line, n in known.items():
        if sheet.expected[n]:
            untouched[_frozen(sheet.expected[n])] += min(lines[line], _times(sheet, sheet.expected[n], lines[line]))
    touched = [line for line in lines if line not in known and line not in head and line not in tail]
    others = {series[1].partition(":")[2] for series in stored} - {sheet.series[1].partition(":")[2]}
    if same_head and others and not _may_name(original, touched):
        raise Wrong(f"stored under {list(stored)}")
    missing, extra = untouched - found, found - untouched
    outcome = "right"
    for row in extra.elements():
        excuse = _explained(original, dict(row), touched, missing, same_head)
        outcome = excuse if outcome == "right" else outcome
    gone = list(missing.elements())
    if gone and not _overwritten(sheet, gone, extra, touched):
        raise Wrong(f"rows are gone: {list(map(dict, gone))}; there are {list(map(dict, extra))}")
    return outcome


def _times(sheet: Sheet, row: Row, count: int) -> int:
    """How often a row that stands several times is stored."""
    return 1 if sheet.series[0] == "candles" or "trade_id" in row else count


def _explained(original: Specimen, row: Row, touched: Sequence[str], missing: Counter[Frozen], same_head: bool) -> str:
    """Why there may be such a row. Raises Wrong."""
    sheet = original.sheet
    if any(row == expected for expected in sheet.expected):
        return "right"  # the row of a touched line, as it was
    if not same_head:
        # A column whose name is gone is one that is left out.
        for whole in missing:
            if row.items() <= dict(whole).items() and REQUIRED[sheet.series[0]] <= row.keys():
                missing[whole] -= 1
                return "a column less"
    if not sheet.names and any(
        row.items() <= expected.items() and REQUIRED[sheet.series[0]] <= row.keys() for expected in sheet.expected
    ):
        return "a column less"  # of columns without names; the report tells which were left aside
    for line in touched:
        cells = cells_of(sheet, line)
        if cells is None or len(cells) != len(sheet.rows[0]):
            continue
        for before, expected in zip(sheet.rows, sheet.expected, strict=True):
            if expected and _says(original, row, cells, before, expected):
                return "same shape"
        if all(_well_shaped(original, n, cells[n]) for n in original.fields):
            return "foreign, of the same shape"
    raise Wrong(f"{row} of {touched}")


def _says(original: Specimen, row: Row, cells: Sequence[str], before: Sequence[str], expected: Row) -> bool:
    """Whether the row is another one but for the cells that changed, and these are in their columns' form."""
    changed = [n for n, (old, new) in enumerate(zip(before, cells, strict=True)) if old != new]
    fields = {field for n in changed for field in original.fields.get(n, ())}
    fields |= {fed for field in fields for fed in FED.get(field, ())}
    others = {key for key in {*row, *expected} if row.get(key) != expected.get(key)}
    return others <= fields and all(_well_shaped(original, n, cells[n]) for n in changed)


def _well_shaped(original: Specimen, column: int, cell: str) -> bool:
    fields = original.fields.get(column, frozenset())
    if not fields or fields <= TEXTS:
        return True
    if cell.strip().lower() in NOTHING and not fields & REQUIRED[original.sheet.series[0]]:
        return True
    before = {_shape(row[column], fields) for row in original.sheet.rows}
    shape = _shape(cell, fields)
    if "ts" in fields and shape in ("9999-99-99", "9999-99-99 99:99", "9999-99-99 99:99:99"):
        return True  # can be nothing else
    return shape in before or (shape == "9" and "9.9" in before) or (shape == "9" and "9,9" in before)


def _shape(cell: str, fields: Iterable[str]) -> str:
    """Times digit for digit but for fractions, hours, days and months of one digit or two, and words; numbers of any length."""
    bare = re.sub(r"(?<=\d)[' ](?=\d{3}\b)", "", cell.strip().strip('"')) if "ts" not in fields else cell.strip()
    if "ts" in fields:
        bare = re.sub(r"(?<=:\d\d)\.\d+|(?<=\d{10})\.\d+", "", re.sub(r"(?<=\d)T(?=\d)", " ", bare))
        bare = re.sub(r"(?<=\d)(Z|[+-]\d\d:?\d\d)$", "", bare)
        return re.sub(r"[A-Za-z]{3,}", "Word", re.sub(r"\d", "9", re.sub(r"(?<!\d)\d(?!\d)", "99", bare)))
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", bare):
        return "9.9" if "." in bare else "9"
    return re.sub(r"^[+-]|9\.(?=9.*,)", "", re.sub(r"\d+", "9", bare).lower())


def _overwritten(sheet: Sheet, gone: Sequence[Frozen], extra: Counter[Frozen], touched: Sequence[str]) -> bool:
    """Whether a changed row now has the key of another one, or of one beside it."""
    keys = [("ts",), ("trade_id",)] if sheet.series[0] == "trades" else [("ts",)]
    now = [dict(row) for row in extra]
    return bool(touched) and all(
        any(all(key in row and row.get(key) == dict(lost).get(key) for key in names) for row in now for names in keys)
        or (sheet.series[0] == "trades" and "trade_id" in dict(lost))
        for lost in gone
    )


def _may_name(original: Specimen, touched: Sequence[str]) -> bool:
    """Whether touched lines hold a symbol of their own."""
    return bool(touched) and any("symbol" in fields for fields in original.fields.values())


def _lies_as_it_must(kind: str, rows: Sequence[Row]) -> None:
    """Most candles open and close within their low and high, most bids lie below their asks; 0 is none, as sources write it."""
    if kind == "candles":
        odd = [
            r
            for r in rows
            if r["open"] and not r["low"] <= min(r["open"], r["close"]) <= max(r["open"], r["close"]) <= r["high"]
        ]
    elif kind == "quotes":
        odd = [r for r in rows if r.get("bid") is not None and r.get("ask") is not None and r["bid"] > r["ask"] != 0]
    else:
        odd = []
    if len(odd) * 2 > len(rows) > 1:
        raise Wrong(f"{len(odd)} of {len(rows)} {kind} do not lie as they must: {odd[0]}")


def _frozen(row: Row) -> Frozen:
    return frozenset(row.items())
