"""Files into a store: every row is added, was there already, or is accounted for; all or nothing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tapeql.errors import DataError, StoreError
from tapeql.limits import IMPORT_COMMIT_ROWS, IMPORT_REFUSED_ROWS
from tapeql.storage.coverage import Span, said_span
from tapeql.storage.importers.handed import TableSource, arrow_table, index_of_times
from tapeql.storage.importers.naming import meant
from tapeql.storage.importers.opening import files_of, open_sources
from tapeql.storage.importers.source import Source
from tapeql.storage.importers.wishes import Wishes
from tapeql.storage.store import Commit, Store, in_all
from tapeql.storage.taking import Advance, File, Tally, cover
from tapeql.storage.taking_many import Taking

Progress = Callable[[str, float, int], None]
"""Called now and then with the file being read, how much of all files has been read (0 to 1), and the rows so far."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What one file was taken for, and what it held.

    source      whose layout it has; "" where it was told by its columns
    symbols     VENUE:CODE → rows
    interval    of candles
    zone        where its naive times were local; "" where it has none
    columns     field → the file's column: its name, its place such as #3, or several such as Date+Time
    aside       columns left out
    first_us, last_us   the first and the last instant, as stored; None where it has no rows
    """

    file: str
    source: str
    kind: str
    symbols: Mapping[str, int]
    interval: str
    zone: str
    columns: Mapping[str, str]
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
    consolidate: str = "",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportReport:
    """Imports files. What is not told here is told by each file, its name and its path.

    They are one commit, or several of whole files where they have more than IMPORT_COMMIT_ROWS: what was committed stays,
    and the same import again goes on from there, as rows that are there are not added twice.

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
    consolidate the column of market centres over whose quotes the best bid and offer is stored; without it each market's
                quotes are, with their market
    dry_run     reads all, stores nothing

    Raises DataError for what is wrong with the files or the request, StoreError for trouble with the store; nothing more
    is written then.
    """
    mapping = {name.lower(): column for name, column in (columns or {}).items()}
    if consolidate:
        mapping["market"] = consolidate
    wishes = Wishes(
        kind, symbol, venue, interval, tz, mapping, time_unit, dates, format, stamp, consolidate=bool(consolidate)
    )
    whole = said_span(covers, tz or "UTC") if covers is not None else None
    if not files:
        raise DataError("no file to import")
    paths = files_of(files)
    tally = Tally()

    def sources() -> Iterator[tuple[str, Source, Advance]]:
        for number, path in enumerate(paths):

            def advance(done: float, at: str = str(path), before: int = number) -> None:
                if progress is not None:
                    progress(at, (before + done) / len(paths), tally.read)

            for member, source in enumerate(open_sources(path)):
                yield f"{number}.{member}", source, advance

    report = _imported(store, sources(), wishes, whole, quarantine, dry_run, tally)
    if progress is not None:
        progress(str(paths[-1]), 1.0, tally.read)
    return report


def import_table(
    store: Store, table: object, kind: str, symbol: str = "", interval: str = "", tz: str = ""
) -> ImportReport:
    """Imports a table of a program, in one commit, by the rules of `import_files`.

    table   a DataFrame of pandas or polars, an Arrow table, a DuckDB relation: whatever exports an Arrow stream

    Raises NoTable for another value, DataError for what cannot be taken, StoreError for trouble with the store.
    """
    rows = arrow_table(table)
    index = index_of_times(rows.schema)
    wishes = Wishes(kind, symbol, interval=interval, tz=tz, columns={"ts": index} if index else {})
    source = TableSource(rows, "table")
    if not symbol:
        source.info = {}
    return _imported(store, [("0", source, lambda _: None)], wishes, None, None, False, Tally())


def _imported(
    store: Store,
    sources: Iterable[tuple[str, Source, Advance]],
    wishes: Wishes,
    whole: Span | None,
    quarantine: str | os.PathLike[str] | None,
    dry_run: bool,
    tally: Tally,
) -> ImportReport:
    commits: list[Commit] = []
    tally.notes += _misspelt(store, wishes)
    transaction = store.begin()
    try:
        taking = Taking(wishes, transaction, None if dry_run else quarantine, tally)
        for name, source, advance in taking.over(sources):
            if tally.read - tally.settled >= IMPORT_COMMIT_ROWS and whole is None and not dry_run:
                # Between two files, so that a rerun goes on from there: what it finds again is not added twice.
                taking.finish()
                _may_commit(tally, quarantine)
                cover(tally, transaction)
                commits.append(transaction.commit())
                transaction = taking.transaction = store.begin()
                tally.settle()
            taking.add(name, source, advance)
        taking.finish()
        if not dry_run:
            _may_commit(tally, quarantine)
        cover(tally, transaction, whole)
        if not dry_run and any(file.rows for file in tally.fresh):
            commits.append(transaction.commit())
    finally:
        transaction.close()
    return _report(tally, in_all(commits))


def _misspelt(store: Store, wishes: Wishes) -> list[str]:
    """A note on a venue that nobody knows but for a letter."""
    venue = wishes.symbol.partition(":")[0] if ":" in wishes.symbol else wishes.venue
    like = meant(venue)
    if not like:
        return []
    with contextlib.suppress(StoreError):  # nothing was stored yet
        if any(stored == venue for stored, _ in store.snapshot().symbols()):
            return []
    return [f"no venue `{venue}` is known: did you mean `{like}`? Under `{venue}` its symbols trade around the clock"]


def _may_commit(tally: Tally, quarantine: str | os.PathLike[str] | None) -> None:
    """Raises DataError where rows were refused that nobody set aside."""
    if tally.refusals.count and quarantine is None:
        raise DataError(_refused(tally))


def _refused(tally: Tally) -> str:
    count = tally.refusals.count
    more = "more than " if count > IMPORT_REFUSED_ROWS else ""
    before = len(tally.files) - len(tally.fresh)
    nothing = f"nothing but the {before:,} files before" if before else "nothing"
    rows = f"{'row' if tally.read == 1 else 'rows'} {'is' if count == 1 else 'are'}"
    return (
        f"{more}{count:,} of {tally.read:,} {rows} unusable, so {nothing} was imported. "
        f"Mend them, or set them aside with --quarantine FILE.\n{tally.refusals.summary()}"
    )


def _file_report(file: File) -> FileReport:
    taken = file.taken
    return FileReport(
        file.label,
        taken.title,
        taken.kind.name,
        {f"{venue}:{code}": rows for (_, venue, code, _), rows in sorted(file.rows.items())},
        taken.interval,
        taken.reading.instants.zone if taken.reading.instants.local else "",
        taken.called,
        taken.aside,
        min((first for first, _ in file.spans.values()), default=None),
        max((last for _, last in file.spans.values()), default=None),
    )


def _report(tally: Tally, commit: Commit) -> ImportReport:
    files = tuple(map(_file_report, tally.files))
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
