"""One source into a transaction: the loop that imports and files read in place share."""

from __future__ import annotations

import csv
import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.calendars.venues import calendar_of
from tapeql.errors import DataError
from tapeql.limits import IMPORT_REFUSED_ROWS
from tapeql.storage.coverage import Span, end_of, records_of
from tapeql.storage.importers.best import BestQuotes
from tapeql.storage.importers.faults import Refusal, Refusals
from tapeql.storage.importers.packed import BROKEN
from tapeql.storage.importers.recognise import Taken, recognise
from tapeql.storage.importers.shown import listed, shown
from tapeql.storage.importers.source import RawBatch, Source
from tapeql.storage.importers.spacing import too_close
from tapeql.storage.importers.wishes import Wishes, checked_symbol
from tapeql.storage.rows import instants
from tapeql.storage.schema import COVERAGE
from tapeql.storage.store import Transaction

Advance = Callable[[float], None]
"""Hears how much of a source has been read, 0 to 1."""

Target = tuple[str, str, str, str]
"""(table, venue, code, interval): whose rows they are."""


@dataclass(slots=True)
class File:
    """What was seen of one file."""

    taken: Taken
    label: str
    rows: dict[Target, int] = field(default_factory=dict)
    spans: dict[Target, Span] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    """Symbols that were not asked for."""

    @property
    def notes(self) -> list[str]:
        return [f"{self.label}: {note}" for note in (*self.taken.notes, *self.taken.reading.instants.notes)]

    def see(self, target: Target, rows: pa.Table) -> None:
        ts = instants(rows)
        first, last = int(ts.min()), int(ts.max())
        low, high = self.spans.get(target, (first, last))
        self.spans[target] = min(low, first), max(high, last)
        self.rows[target] = self.rows.get(target, 0) + rows.num_rows


@dataclass(slots=True)
class Tally:
    """What was seen of all files."""

    read: int = 0
    skipped: int = 0
    blank: int = 0
    """Of these: rows that say nothing, whosever they are."""
    odd: int = 0
    refusals: Refusals = field(default_factory=Refusals)
    notes: list[str] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    best: dict[Target, BestQuotes] = field(default_factory=dict)
    """Where the quotes of several markets become one book's."""
    settled: int = 0
    """Of the rows read: those of files that were committed."""
    _committed: int = 0

    @property
    def fresh(self) -> Sequence[File]:
        """The files that were not committed yet."""
        return self.files[self._committed :]

    def settle(self) -> None:
        """All files so far are committed."""
        self.settled, self._committed = self.read, len(self.files)

    def covered(self, whole: Span | None) -> Iterator[tuple[Target, list[Span]]]:
        """What the fresh files hold whole, of each series. Raises DataError for rows outside of what was said."""
        found: dict[Target, list[Span]] = {}
        for file in self.fresh:
            for target, (first, last) in file.spans.items():
                if whole is not None and not (whole[0] <= first and last <= whole[1]):
                    outside = first if first < whole[0] else last
                    raise DataError(
                        f"a row at {np.datetime64(outside, 'us')}Z lies outside of what --covers says; nothing was imported"
                    )
                found.setdefault(target, []).append(whole or (first, end_of(target[0], target[3], last)))
        yield from found.items()


def take(
    source: Source,
    wishes: Wishes,
    transaction: Transaction,
    name: str,
    quarantine: str | os.PathLike[str] | None,
    tally: Tally,
    advance: Advance,
) -> File:
    """Recognises a source and adds its rows, under `name`; unusable ones are counted, and set aside where told.

    `advance` hears now and then how much of it has been read, 0 to 1. Raises DataError for what cannot be taken.
    """
    with readable(source):
        taken = recognise(source, wishes)
        file = File(taken, source.label)
        tally.files.append(file)
        batches = source.batches(taken.columns, taken.types)
        add_rows(source, batches, file, wishes, transaction, name, quarantine, tally, advance)
        if taken.pick and file.others and not file.rows:
            raise DataError(f"{source.label} has no rows of {taken.pick!r}; it holds {listed(sorted(file.others))}")
        tally.notes += file.notes
        return file


def add_rows(
    source: Source,
    batches: Iterable[RawBatch],
    file: File,
    wishes: Wishes,
    transaction: Transaction,
    name: str,
    quarantine: str | os.PathLike[str] | None,
    tally: Tally,
    advance: Advance,
) -> None:
    """Adds batches of what a source was taken for. Raises DataError."""
    taken = file.taken
    wrong: dict[int, tuple[str, str]] = {}
    raw: dict[int, str] = {}
    for batch in batches:
        count = len(batch.lines)
        tally.read += count + len(batch.malformed)
        for bad in batch.malformed:
            wrong[bad.line], raw[bad.line] = (bad.kind, bad.kind), bad.raw
        if count:
            read = taken.reading.rows(taken.cells(dict(zip(taken.columns, batch.columns, strict=True))), count)
            tally.skipped += read.skipped
            tally.blank += read.skipped
            tally.odd += read.odd
            for row, fault in read.faults.items():
                wrong[int(batch.lines[row])] = (fault.kind, fault.reason)
            for target, rows in _by_series(taken, read.rows, file, tally):
                if taken.interval and not wishes.interval:
                    _keeps_distance(source, taken.interval, rows)
                file.see(target, rows)
                if wishes.consolidate:
                    rows = _best(target, rows, source, tally)
                transaction.add(*target[:3], rows, target[3], name)
        advance(source.position())
        if quarantine is None and len(wrong) > IMPORT_REFUSED_ROWS:
            break
    if wrong:
        raw |= source.raw([line for line in wrong if line not in raw])
        _refuse(source, wrong, raw, quarantine, tally)


@contextmanager
def readable(source: Source) -> Iterator[None]:
    """DataError in the file's name for what its bytes do not hold."""
    try:
        yield
    except (OSError, *BROKEN) as error:
        raise DataError(f"{source.label} cannot be read: {shown(error)}") from error


def _best(target: Target, rows: pa.Table, source: Source, tally: Tally) -> pa.Table:
    """The quotes of several markets as one book's; those that change nothing are skipped."""
    _, venue, code, _ = target
    if target not in tally.best:
        tally.best[target] = BestQuotes(f"{venue}:{code}", calendar_of(venue))
    best = tally.best[target].best(rows, source.label)
    tally.skipped += rows.num_rows - best.num_rows
    return best


def cover(tally: Tally, transaction: Transaction, whole: Span | None = None) -> None:
    """Says what the files hold whole: each from its first row to its last, unless told."""
    said, pieces = [], []
    for (table, venue, code, interval), spans in tally.covered(whole):
        told = [(table, interval, span) for span in spans if span[0] < span[1]]
        said += told
        pieces.append((venue, code, "coverage", len(told)))
    if said:
        transaction.add_pieces(COVERAGE.name, records_of(said, "import"), pieces)


def _keeps_distance(source: Source, interval: str, rows: pa.Table) -> None:
    """Raises DataError for candles that overlap, where nobody said how long they are."""
    pair = too_close(instants(rows), interval)
    if pair is not None:
        one, other = (f"{np.datetime64(ts, 'us')}Z" for ts in pair)
        raise DataError(
            f"{source.label} is taken for candles of {interval}, of which two begin at {one} and {other}. Are these two files in "
            f"one, or a time gone wrong? --interval {interval} takes them as they are"
        )


def _by_series(taken: Taken, rows: pa.Table, file: File, tally: Tally) -> Iterator[tuple[Target, pa.Table]]:
    """The rows of each symbol, in source order."""
    table, names = taken.kind.table.name, rows.column_names
    if not rows.num_rows:
        return
    if "symbol" not in names and "venue" not in names:
        yield (table, *checked_symbol(taken.venue, taken.symbol), taken.interval), rows
        return
    venues = rows["venue"] if "venue" in names else pa.scalar(taken.venue)
    codes = rows["symbol"] if "symbol" in names else pa.scalar(taken.symbol)
    whose = pc.binary_join_element_wise(venues, codes, ":")
    coded = (whose.combine_chunks() if isinstance(whose, pa.ChunkedArray) else whose).dictionary_encode()
    order = pc.array_sort_indices(coded.indices)  # stable
    places = coded.indices.take(order).to_numpy()
    rows = rows.select([name for name in names if name not in ("symbol", "venue")]).take(order)
    edges = [0, *(np.flatnonzero(np.diff(places)) + 1).tolist(), len(places)]
    for start, end in itertools.pairwise(edges):
        venue, _, code = coded.dictionary[int(places[start])].as_py().partition(":")
        if taken.pick and code != taken.pick:
            tally.skipped += end - start
            file.others.add(code)
            continue
        try:
            target = named(venue, code)
        except DataError as error:
            raise DataError(f"{file.label}: {error}") from None
        yield (table, *target, taken.interval), rows.slice(start, end - start)


def named(venue: str, code: str) -> tuple[str, str]:
    """The symbol of a row whose code stands in a column. Raises DataError for what no query could name."""
    # A symbol has no spaces, nor the colon that some feeds put before a class of instruments.
    return checked_symbol(venue.lower(), re.sub(r"[\s:]+", ".", code))


def _refuse(
    source: Source,
    wrong: Mapping[int, tuple[str, str]],
    raw: Mapping[int, str],
    quarantine: str | os.PathLike[str] | None,
    tally: Tally,
) -> None:
    refusals = []
    for line in sorted(wrong):
        kind, reason = wrong[line]
        text = raw.get(line, "")
        if not text.strip():
            # An empty line is no row.
            tally.read -= 1
            continue
        refusal = Refusal(source.label, line, reason, text)
        tally.refusals.add(refusal, kind)
        refusals.append(refusal)
    if quarantine is not None and refusals:
        _set_aside(Path(quarantine), refusals)


def _set_aside(path: Path, refusals: Sequence[Refusal]) -> None:
    """Appends to the quarantine, on disk when this returns: before the other rows are committed."""
    try:
        with open(path, "a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            if file.tell() == 0:
                writer.writerow(["file", "line", "reason", "row"])
            writer.writerows([r.file, r.line, r.reason, r.raw] for r in refusals)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise DataError(f"the quarantine {path} cannot be written: {error.strerror}") from error
