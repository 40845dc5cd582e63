"""Files into a store: every row is added, was there already, or is accounted for; all or nothing."""

from __future__ import annotations

import csv
import itertools
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.errors import DataError
from tapeql.limits import IMPORT_REFUSED_ROWS
from tapeql.storage.coverage import Span, end_of, records, said_span
from tapeql.storage.importers.faults import Refusal, Refusals
from tapeql.storage.importers.opening import files_of, open_sources
from tapeql.storage.importers.recognise import Taken, Wishes, recognise
from tapeql.storage.importers.shown import listed, shown
from tapeql.storage.importers.source import Source
from tapeql.storage.layout import canonical_interval
from tapeql.storage.rows import instants
from tapeql.storage.schema import COVERAGE
from tapeql.storage.store import Commit, Store, Transaction

Progress = Callable[[str, float, int], None]
"""Called now and then with the file being read, how much of all files has been read (0 to 1), and the rows so far."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What one file was taken for, and what it held.

    source      whose layout it has; "" where it was told by its columns
    symbols     VENUE:CODE → rows
    interval    of candles
    zone        where its naive times were local; "" where it has none
    aside       columns left out
    first_us, last_us   the first and the last instant, as stored; None where it has no rows
    """

    file: str
    source: str
    kind: str
    symbols: Mapping[str, int]
    interval: str
    zone: str
    aside: tuple[str, ...]
    first_us: int | None
    last_us: int | None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do.

    read        rows in the files, unusable ones included
    added       rows that were not in the store; replaced: candles whose values changed
    present     rows that were there already
    differing   of these, trades with a known trade_id and another instant, price or quantity (the stored ones stay)
    skipped     rows that say nothing: candles without a price, rows of another kind, symbols that were not asked for
    refused     rows set aside in the quarantine, with `refusals` by kind and `examples` with file and line
    first_us, last_us   the first and the last instant read; None when nothing was
    symbols     VENUE:CODE → rows
    files       what each file was taken for
    notes       what was decided rather than told
    """

    snapshot: str
    read: int
    added: int
    present: int
    replaced: int
    differing: int
    skipped: int
    refused: int
    refusals: Mapping[str, int]
    examples: tuple[str, ...]
    first_us: int | None
    last_us: int | None
    symbols: Mapping[str, int]
    files: tuple[FileReport, ...]
    notes: tuple[str, ...]


Target = tuple[str, str, str, str]
"""(table, venue, code, interval): whose rows they are."""


@dataclass(slots=True)
class _File:
    """What was seen of one file."""

    taken: Taken
    label: str
    rows: dict[Target, int] = field(default_factory=dict)
    spans: dict[Target, Span] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    """Symbols that were not asked for."""

    def see(self, target: Target, rows: pa.Table) -> None:
        ts = instants(rows)
        first, last = int(ts.min()), int(ts.max())
        low, high = self.spans.get(target, (first, last))
        self.spans[target] = min(low, first), max(high, last)
        self.rows[target] = self.rows.get(target, 0) + rows.num_rows

    def report(self) -> FileReport:
        taken = self.taken
        return FileReport(
            self.label,
            taken.title,
            taken.kind.name,
            {f"{venue}:{code}": rows for (_, venue, code, _), rows in sorted(self.rows.items())},
            taken.interval,
            taken.reading.instants.zone if taken.reading.instants.local else "",
            taken.aside,
            min((first for first, _ in self.spans.values()), default=None),
            max((last for _, last in self.spans.values()), default=None),
        )


@dataclass(slots=True)
class _Tally:
    read: int = 0
    skipped: int = 0
    odd: int = 0
    refusals: Refusals = field(default_factory=Refusals)
    notes: list[str] = field(default_factory=list)
    files: list[_File] = field(default_factory=list)

    def covered(self, whole: Span | None) -> Iterator[tuple[Target, list[Span]]]:
        """What the files hold whole, of each series. Raises DataError for rows outside of what was said."""
        found: dict[Target, list[Span]] = {}
        for file in self.files:
            for target, (first, last) in file.spans.items():
                if whole is not None and not (whole[0] <= first and last <= whole[1]):
                    outside = first if first < whole[0] else last
                    raise DataError(
                        f"a row at {np.datetime64(outside, 'us')}Z lies outside of what --covers says; nothing was imported"
                    )
                found.setdefault(target, []).append(whole or (first, end_of(target[0], target[3], last)))
        yield from found.items()


def import_files(
    store: Store,
    files: Sequence[str | os.PathLike[str]],
    symbol: str = "",
    kind: str = "",
    venue: str = "",
    columns: Mapping[str, str] | None = None,
    time_unit: str | None = None,
    tz: str = "",
    interval: str = "",
    stamp: str = "",
    dates: str | None = None,
    format: str = "",
    quarantine: str | os.PathLike[str] | None = None,
    covers: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Imports files in one commit. What is not told here is told by each file, its name and its path.

    files       files, folders, patterns such as `trades/*.csv.gz`
    symbol      VENUE:CODE; of a file with a column of symbols the one to take
    kind        trades, quotes or candles
    venue       of symbols without one
    columns     field → the file's column name, `#3` for its third column, `Date+Time` for two joined
    time_unit   of numeric times: s, ms, us, ns
    tz          where naive times are local
    interval    the length of the candles
    stamp       whether candles are stamped by their open or their close
    dates       day-first or month-first, for dates such as 02/03/2024
    format      the layout of a source, by name
    covers      the dates (in tz) in which the files have every row, such as `2025-03-10` or `2025-03-01 .. 2025-04`;
                each file from its first row to its last unless told
    quarantine  a CSV file unusable rows are appended to (file, line, reason, row); without one they stop the import
    dry_run     reads all, stores nothing

    Raises DataError for what is wrong with the files or the request, StoreError for trouble with the store; nothing is
    written then.
    """
    if symbol and ":" in symbol:
        checked_symbol(*symbol.split(":", 1))
    if stamp not in ("", "open", "close"):
        raise DataError(f"candles are stamped by their open or their close, not {stamp!r}")
    if interval:
        canonical_interval(interval)
    mapping = {name.lower(): column for name, column in (columns or {}).items()}
    wishes = Wishes(kind, symbol, venue, interval, tz, mapping, time_unit, dates, format, stamp)
    whole = said_span(covers, tz or "UTC") if covers is not None else None
    if not files:
        raise DataError("no file to import")
    paths = files_of(files)
    tally = _Tally()
    with store.begin() as transaction:
        for number, path in enumerate(paths):

            def advance(done: float, at: str = str(path), before: int = number) -> None:
                if progress is not None:
                    progress(at, (before + done) / len(paths), tally.read)

            for member, source in enumerate(open_sources(path)):
                try:
                    aside = None if dry_run else quarantine
                    _import(source, wishes, transaction, f"{number}.{member}", aside, tally, advance)
                except (OSError, EOFError, pa.ArrowException) as error:
                    raise DataError(f"{source.label} cannot be read: {shown(error)}") from error
        if tally.refusals.count and quarantine is None and not dry_run:
            raise DataError(_refused(tally))
        for (table, at, code, length), spans in tally.covered(whole):
            transaction.add(COVERAGE.name, at, code, records(table, length, spans, "import"), "", "coverage")
        written = not dry_run and any(file.rows for file in tally.files)
        commit = transaction.commit() if written else Commit("")
    if progress is not None:
        progress(str(paths[-1]), 1.0, tally.read)
    return _report(tally, commit)


def _import(
    source: Source,
    wishes: Wishes,
    transaction: Transaction,
    name: str,
    quarantine: str | os.PathLike[str] | None,
    tally: _Tally,
    advance: Callable[[float], None],
) -> None:
    taken = recognise(source, wishes)
    file = _File(taken, source.label)
    tally.files.append(file)
    places = list(dict.fromkeys(itertools.chain(*taken.places.values())))
    wrong: dict[int, tuple[str, str]] = {}
    raw: dict[int, str] = {}
    for batch in source.batches(places, taken.types):
        count = len(batch.lines)
        tally.read += count + len(batch.malformed)
        for bad in batch.malformed:
            wrong[bad.line], raw[bad.line] = (bad.kind, bad.kind), bad.raw
        if count:
            columns = dict(zip(places, batch.columns, strict=True))
            read = taken.reading.rows({name: _joined(columns, where) for name, where in taken.places.items()}, count)
            tally.skipped += read.skipped
            tally.odd += read.odd
            for row, fault in read.faults.items():
                wrong[int(batch.lines[row])] = (fault.kind, fault.reason)
            for target, rows in _by_series(taken, read.rows, file, tally):
                file.see(target, rows)
                transaction.add(*target[:3], rows, target[3], name)
        advance(source.position())
        if quarantine is None and len(wrong) > IMPORT_REFUSED_ROWS:
            break
    if taken.pick and file.others and not file.rows:
        raise DataError(f"{source.label} has no rows of {taken.pick!r}; it holds {listed(sorted(file.others))}")
    tally.notes += [f"{source.label}: {note}" for note in (*taken.notes, *taken.reading.instants.notes)]
    if wrong:
        raw |= source.raw([line for line in wrong if line not in raw])
        _refuse(source, wrong, raw, quarantine, tally)


def _joined(columns: Mapping[int, pa.Array], where: tuple[int, ...]) -> pa.Array:
    if len(where) == 1:
        return columns[where[0]]
    parts = [pc.utf8_trim_whitespace(columns[place].cast(pa.string())) for place in where]
    joined = pc.binary_join_element_wise(*parts, " ", null_handling="replace", null_replacement="")
    return pc.utf8_trim_whitespace(joined)


def _by_series(taken: Taken, rows: pa.Table, file: _File, tally: _Tally) -> Iterator[tuple[Target, pa.Table]]:
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
        # A symbol has no spaces, nor the colon that some feeds put before a class of instruments.
        target = checked_symbol(venue.lower(), re.sub(r"[\s:]+", ".", code))
        yield (table, *target, taken.interval), rows.slice(start, end - start)


def _refuse(
    source: Source,
    wrong: Mapping[int, tuple[str, str]],
    raw: Mapping[int, str],
    quarantine: str | os.PathLike[str] | None,
    tally: _Tally,
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


_VENUE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_CODE: Final = re.compile(r"(?:[A-Za-z0-9_.^=!/]|-(?!-))+")
"""What FROM reads as one symbol: what is stored under another name could not be asked for."""


def checked_symbol(venue: str, code: str) -> tuple[str, str]:
    """Raises DataError for what no query could name."""
    if not (_VENUE.fullmatch(venue) and _CODE.fullmatch(code)):
        raise DataError(
            f"{f'{venue}:{code}'!r} is not a symbol that FROM can read; write VENUE:CODE, such as binance:BTCUSDT. "
            "A code holds letters, digits and . - _ ^ = ! / but no --; a venue is a word such as binance"
        )
    return venue, code


def _refused(tally: _Tally) -> str:
    count = tally.refusals.count
    more = "more than " if count > IMPORT_REFUSED_ROWS else ""
    rows = f"{'row' if tally.read == 1 else 'rows'} {'is' if count == 1 else 'are'}"
    return (
        f"{more}{count:,} of {tally.read:,} {rows} unusable, so nothing was imported. "
        f"Mend them, or set them aside with --quarantine FILE.\n{tally.refusals.summary()}"
    )


def _report(tally: _Tally, commit: Commit) -> ImportReport:
    files = tuple(file.report() for file in tally.files)
    notes = list(dict.fromkeys(tally.notes))
    if tally.odd:
        notes.append(f"{tally.odd:,} candles open or close outside of their low and high; they were taken as they are")
    if commit.differing:
        notes.append(
            f"{commit.differing:,} trades have the trade_id of a stored one and another instant, price or quantity; "
            "the stored ones were kept"
        )
    symbols: dict[str, int] = {}
    for file in files:
        for symbol, rows in file.symbols.items():
            symbols[symbol] = symbols.get(symbol, 0) + rows
    return ImportReport(
        snapshot=commit.id,
        read=tally.read,
        added=commit.added,
        present=commit.present,
        replaced=commit.replaced,
        differing=commit.differing,
        skipped=tally.skipped,
        refused=tally.refusals.count,
        refusals=dict(tally.refusals.kinds),
        examples=tuple(map(str, tally.refusals.examples)),
        first_us=min((file.first_us for file in files if file.first_us is not None), default=None),
        last_us=max((file.last_us for file in files if file.last_us is not None), default=None),
        symbols=symbols,
        files=files,
        notes=tuple(notes),
    )
