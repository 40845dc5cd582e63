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


def text_of(sheet: Sheet, newline: str = "\n") -> str:
    if sheet.form != "text":
        return json.dumps(sheet.wrap([_keyed(sheet, row) for row in sheet.rows]))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=sheet.mark, lineterminator=newline)
    writer.writerows([*sheet.above, *([sheet.names] if sheet.names else []), *sheet.below, *sheet.rows])
    return out.getvalue()


def bytes_of(sheet: Sheet, dress: Dress) -> bytes:
    if dress.newest_first:
        sheet = turned(sheet)
    if sheet.form == "feather":
        return _feather(sheet)
    return text_of(sheet, dress.newline).encode(dress.encoding)


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


def _keyed(sheet: Sheet, row: Sequence[str]) -> Any:
    cells = [_typed(cell) for cell in row]
    return dict(zip(sheet.names, cells, strict=True)) if sheet.form == "objects" else cells


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
