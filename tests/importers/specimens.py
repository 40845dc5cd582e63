"""Well-formed files to mutate: what the writers make of random tapes, and the shared cases."""

from __future__ import annotations

import csv
import gzip
import random
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tapeql.storage.import_files import import_files
from tapeql.storage.importers.dialect import dialect_of
from tapeql.storage.importers.opening import open_sources
from tapeql.storage.importers.recognise import Wishes, recognise
from tapeql.storage.lake import Lake
from tests.importers.sheet import Dress, Sheet, random_dress, save
from tests.importers.stored import stored
from tests.importers.test_cases import CASES
from tests.importers.test_generic import FILES
from tests.importers.test_layouts import REFUSALS
from tests.importers.writers import WRITERS

OF_PAIRS = ("ccapi-quotes",)
"""Layouts with two fields in a cell: what a cell says is judged by its column."""

WISHES = {"kind", "symbol", "venue", "interval", "tz", "columns", "dates"}


@dataclass(frozen=True, slots=True)
class Specimen:
    """A file that is right. `fields` are the fields that each of its columns feeds."""

    sheet: Sheet
    dress: Dress
    fields: Mapping[int, frozenset[str]]


def specimen(dice: random.Random, cases: Sequence[Sheet] = ()) -> Specimen:
    """Any file of the writers and of the cases."""
    if cases and dice.random() < 0.2:
        sheet = dice.choice(cases)
        return Specimen(sheet, Dress(), _fields(sheet))
    writer = dice.choice([writer for writer in (*WRITERS, *FILES) if writer.layout not in (*REFUSALS, *OF_PAIRS)])
    sheet = writer.sheet(writer.tape(dice))
    return Specimen(sheet, random_dress(dice, sheet), _fields(sheet))


def case_sheets(folder: Path) -> Iterator[Sheet]:
    """The text files among the cases as cells; what each row must give is what the file gives with that row alone."""
    for case in CASES:
        if Path(case.file).suffix in (".csv", ".txt", ".gz", ".zip"):
            yield from _case_sheet(folder / case.file, case.file, case.flags, (case.kind, case.symbol, case.interval))


def _case_sheet(path: Path, name: str, flags: Mapping[str, Any], series: tuple[str, str, str]) -> Iterator[Sheet]:
    data, name = _unpacked(path, name)
    dialect = dialect_of(data, name, True)
    lines = data.decode(dialect.encoding).splitlines()
    cells = [next(csv.reader([line], delimiter=dialect.mark)) for line in lines]
    above = len(dialect.above)
    header = above if dialect.header is None else dialect.header
    sheet = Sheet(
        path=name,
        names=[] if dialect.header is None else cells[header],
        rows=cells[above:],
        mark=dialect.mark,
        above=cells[:header],
        below=cells[header + 1 : above],
        series=series,
        expected=[],
        flags={**flags, **({"interval": series[2]} if series[2] else {})},
    )
    expected = [_alone(replace(sheet, rows=[row])) for row in sheet.rows]
    yield replace(sheet, expected=expected, flags=flags)


def _alone(sheet: Sheet) -> Mapping[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake")
        import_files(lake, [save(Path(folder), sheet, Dress())], **sheet.flags)
        return next((rows[0] for rows in stored(lake).values()), {})


def _unpacked(path: Path, name: str) -> tuple[bytes, str]:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            (member,) = archive.namelist()
            return archive.read(member), f"{name.rpartition('/')[0]}/{member}".lstrip("/")
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes()), name.removesuffix(".gz")
    return path.read_bytes(), name


def _fields(sheet: Sheet) -> Mapping[int, frozenset[str]]:
    """Asked of the importer, which the other tests hold to be right about files that are."""
    with tempfile.TemporaryDirectory() as folder:
        (source,) = open_sources(save(Path(folder), sheet, Dress()))
        wishes = Wishes(**{key: value for key, value in sheet.flags.items() if key in WISHES})
        places = recognise(source, wishes).places
    found: dict[int, frozenset[str]] = {}
    for name, where in places.items():
        for place in where:
            found[place] = found.get(place, frozenset()) | {name}
    return found
