"""A file as cells: what a writer makes of a tape, and how it becomes bytes in any encoding and compression."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import random
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One file.

    path        below the folder it lies in; names and folders speak
    names       its header; empty where it has none
    rows        its cells as the source writes them
    above       lines above the header, of cells; below: lines between header and rows
    form        text, lists or objects (JSON), feather
    wrap        what JSON rows lie in
    series      (kind, VENUE:CODE, interval) as must come out
    expected    the rows that must come out, one for each of `rows`
    flags       what must be said beside
    """

    path: str
    names: Sequence[str] = ()
    rows: Sequence[Sequence[str]]
    mark: str = ","
    above: Sequence[Sequence[str]] = ()
    below: Sequence[Sequence[str]] = ()
    form: str = "text"
    wrap: Callable[[list[Any]], Any] = lambda rows: rows
    series: tuple[str, str, str]
    expected: Sequence[Mapping[str, Any]]
    flags: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dress:
    """How the text of a file becomes bytes."""

    encoding: str = "utf-8"
    newline: str = "\n"
    newest_first: bool = False
    packing: str = ""


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le")
PACKINGS: Mapping[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": lambda data: pa.compress(data, "zstd", asbytes=True),
}


def random_dress(dice: random.Random, sheet: Sheet) -> Dress:
    """One that such a file can wear."""
    if sheet.form == "feather":
        return Dress(newest_first=dice.random() < 0.3)
    encodings = ENCODINGS if sheet.form == "text" else ENCODINGS[:2]
    packing = dice.choice(("", "", ".zip", *PACKINGS))
    return Dress(dice.choice(encodings), dice.choice(("\n", "\r\n")), dice.random() < 0.3, packing)


def lines_of(sheet: Sheet) -> tuple[list[str], list[str], list[str]]:
    """The lines above the rows, those of the rows, those below."""
    if sheet.form == "text":
        head = [*sheet.above, *([sheet.names] if sheet.names else []), *sheet.below]
        return [line_of(sheet, cells) for cells in head], [line_of(sheet, cells) for cells in sheet.rows], []
    before, _, after = json.dumps(sheet.wrap(["rows"])).partition('"rows"')
    rows = [line_of(sheet, row) for row in sheet.rows]
    return [before], [*(f"{row}," for row in rows[:-1]), *rows[-1:]], [after]


def line_of(sheet: Sheet, cells: Sequence[str]) -> str:
    if sheet.form == "text":
        out = io.StringIO()
        csv.writer(out, delimiter=sheet.mark, lineterminator="").writerow(cells)
        return out.getvalue()
    values = [_typed(cell) for cell in cells]
    return json.dumps(dict(zip(sheet.names, values, strict=True)) if sheet.form == "objects" else values)


def cells_of(sheet: Sheet, line: str) -> list[str] | None:
    """What stands in a line; None where it is no row."""
    if sheet.form == "text":
        return next(csv.reader([line], delimiter=sheet.mark), [])
    try:
        row = json.loads(line.rstrip(","), parse_float=str, parse_int=str)
    except ValueError:
        return None
    if sheet.form == "objects":
        row = [row[name] for name in sheet.names] if isinstance(row, dict) and [*row] == [*sheet.names] else None
    return (
        [json.dumps(cell) if isinstance(cell, list) else str(cell) for cell in row] if isinstance(row, list) else None
    )


def bytes_of(sheet: Sheet, dress: Dress) -> bytes:
    if dress.newest_first:
        sheet = turned(sheet)
    if sheet.form == "feather":
        return _feather(sheet)
    return "".join(line + dress.newline for part in lines_of(sheet) for line in part).encode(dress.encoding)


def turned(sheet: Sheet) -> Sheet:
    """The other end first."""
    return replace(sheet, rows=sheet.rows[::-1], expected=sheet.expected[::-1])


def save(folder: Path, sheet: Sheet, dress: Dress, data: bytes | None = None) -> Path:
    """Writes the file below the folder. `data` are its bytes before they are packed, if they are not the sheet's."""
    data = bytes_of(sheet, dress) if data is None else data
    path = folder / sheet.path
    path.parent.mkdir(parents=True, exist_ok=True)
    if dress.packing == ".zip":
        path = folder / "files.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(sheet.path, data)
    elif dress.packing:
        path = path.with_name(path.name + dress.packing)
        path.write_bytes(PACKINGS[dress.packing](data))
    else:
        path.write_bytes(data)
    return path


def _typed(cell: str) -> Any:
    """A number as JSON's own where its text survives that."""
    try:
        number = json.loads(cell)
    except ValueError:
        return cell
    return number if json.dumps(number) == cell or isinstance(number, list) else cell


def _feather(sheet: Sheet) -> bytes:
    out = io.BytesIO()
    columns = [_array(name, cells) for name, cells in zip(sheet.names, zip(*sheet.rows, strict=True), strict=True)]
    feather.write_feather(pa.table(columns, names=list(sheet.names)), out)
    return out.getvalue()


def _array(name: str, cells: Sequence[str]) -> pa.Array:
    """A column as pandas would have it."""
    for kind in (pa.int64(), pa.float64()):
        try:
            column = pa.array(cells).cast(kind)
        except pa.ArrowInvalid:
            continue
        return column.cast(pa.timestamp("ms", "UTC")) if name == "date" else column
    return pa.array(cells)
