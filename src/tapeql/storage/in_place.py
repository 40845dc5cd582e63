"""Files and tables asked where they lie: told as at import, read into memory, files remembered as long as they stay the same.

Of Parquet files only the row groups a question needs are read, where their statistics tell which (`deferred`).
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from tapeql.errors import DataError
from tapeql.limits import IMPORT_REFUSED_ROWS, IN_PLACE_BYTES
from tapeql.storage.importers.handed import TableSource, index_of_times
from tapeql.storage.importers.opening import files_of, open_sources
from tapeql.storage.importers.shown import shown
from tapeql.storage.importers.source import Source
from tapeql.storage.importers.wishes import Wishes
from tapeql.storage.tables import Gathering, Tables
from tapeql.storage.taking import Tally, cover
from tapeql.storage.taking_many import Taking

Check = Callable[[], None]
"""Called between two pieces of work; what it raises ends the reading."""


class NoFile(DataError):
    """A path that names no file."""


class Unusable(DataError):
    """Rows that cannot be used; `examples` says which of them."""

    def __init__(self, tally: Tally) -> None:
        self.examples = tuple(map(str, tally.refusals.examples))
        super().__init__(f"{tally.refusals.count:,} of {tally.read:,} rows cannot be used")


@dataclass(frozen=True, slots=True)
class Held:
    """Rows in memory, what was decided rather than told, and whether the rows came in order of time."""

    tables: Tables
    notes: tuple[str, ...]
    in_order: bool


def of_table(table: pa.Table, parameter: str, symbol: str, zone: str, check: Check) -> Held:
    """What a table holds, handed in as a parameter; `symbol` names it, `zone` is of times without one.

    Raises DataError for what cannot be taken.
    """
    index = index_of_times(table.schema)
    wishes = Wishes(symbol=symbol, local=zone, columns={"ts": index} if index else {})
    held = _held([TableSource(table, parameter)], wishes, check)
    notes = list(held.notes)
    if not symbol and ("table", parameter) in held.tables.symbols():
        notes.append(f"${parameter}: nothing says whose rows they are: the symbol is table:{parameter}")
    if not held.in_order:
        notes.append(f"${parameter}: its rows did not stand in order of time: they were sorted")
    return replace(held, notes=tuple(notes))


class Files:
    """What files hold, each read once as long as its path, size and time of change stay; for any number of threads."""

    def __init__(self) -> None:
        self._held: OrderedDict[object, Held] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, path: str, symbol: str, zone: str, check: Check) -> Held:
        """What a file, a folder or a pattern holds. Raises NoFile, and DataError for what cannot be taken."""
        found = _found(os.path.expanduser(path))
        with self._lock:
            key = (tuple(map(_state, found)), symbol, zone)
            held = self._held.pop(key, None)
            if held is None:
                held = _of_files(found, Wishes(symbol=symbol, local=zone, code=_named_after(found)), check)
            self._held[key] = held
            while sum(each.tables.nbytes for each in self._held.values()) > IN_PLACE_BYTES:
                self._held.popitem(last=False)
            return held


def _found(path: str) -> list[Path]:
    try:
        found = files_of([path])
    except DataError as error:
        raise NoFile(str(error)) from None
    for file in found:
        if not file.exists():
            raise NoFile(f"there is no file {shown(file)}")
    return found


def _named_after(found: list[Path]) -> str:
    """The symbol of a single file that says none: its name up to the first dot; several would be one or many."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", found[0].name.split(".")[0]) if len(found) == 1 else ""


def _state(file: Path) -> tuple[str, int, int]:
    try:
        known = file.stat()
    except OSError as error:
        raise DataError(f"{shown(file)} cannot be read: {error.strerror}") from error
    return str(file.absolute()), known.st_size, known.st_mtime_ns


def _of_files(found: Sequence[Path], wishes: Wishes, check: Check) -> Held:
    if _is_parquet(found[0]):
        from tapeql.storage.deferred import deferred

        later = deferred(found, wishes, check)
        if later is not None:
            tables, tally = later
            return Held(tables, tuple(_notes(tally)), True)
    return _held((source for file in found for source in open_sources(file)), wishes, check)


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False  # told where it is read


def _held(sources: Iterable[Source], wishes: Wishes, check: Check) -> Held:
    tally = Tally()
    with Gathering() as gathering:
        taking = Taking(wishes, gathering, None, tally)
        for number, source in enumerate(taking.over(sources)):
            taking.add(str(number), source, lambda _: check())
            if tally.refusals.count > IMPORT_REFUSED_ROWS:
                break
        taking.finish()
        if tally.refusals.count:
            raise Unusable(tally)
        cover(tally, gathering)
        commit = gathering.commit()
    notes = list(_notes(tally))
    if commit.present:
        notes.append(f"{commit.present:,} rows were there twice; each is taken once")
    if commit.replaced:
        notes.append(f"{commit.replaced:,} candles were there with other values before; the last ones were taken")
    if commit.differing:
        notes.append(
            f"{commit.differing:,} trades have the trade_id of another, and another instant, price or quantity; the first "
            "ones were taken"
        )
    return Held(gathering.tables, tuple(notes), not gathering.backwards)


def _notes(tally: Tally) -> Iterable[str]:
    """Each note once, with the first file it is about and how many more."""
    about: dict[str, list[str]] = {}
    for file in tally.files:
        for note in (*file.taken.notes, *file.taken.reading.instants.notes):
            labels = about.setdefault(note, [])
            if file.label not in labels:
                labels.append(file.label)
    for note, labels in about.items():
        yield f"{labels[0]}{f' and {len(labels) - 1:,} more' if len(labels) > 1 else ''}: {note}"
    if tally.blank:
        yield f"{tally.blank:,} of {tally.read:,} rows were skipped, since they say nothing (candles without a price, rows of another kind)"
    if tally.odd:
        yield f"{tally.odd:,} candles open or close outside of their low and high; they were taken as they are"
