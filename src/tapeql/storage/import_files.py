"""Files into a store: every row is added, was there already, or is accounted for; all or nothing."""

from __future__ import annotations

import csv
import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from tapeql.errors import DataError
from tapeql.limits import IMPORT_REFUSED_ROWS
from tapeql.storage.coverage import Span, end_of, records, said_span
from tapeql.storage.importers.faults import Refusal, Refusals
from tapeql.storage.importers.fields import KINDS, Kind, Reading
from tapeql.storage.importers.instants import InstantReader
from tapeql.storage.importers.shown import listed, shown
from tapeql.storage.importers.source import Source, open_sources
from tapeql.storage.layout import canonical_interval
from tapeql.storage.rows import instants
from tapeql.storage.schema import COVERAGE
from tapeql.storage.store import Commit, Store, Transaction

Progress = Callable[[str, float, int], None]
"""Called now and then with the file being read, how much of all files has been read (0 to 1), and the rows so far."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did.

    read        rows in the files, unusable ones included
    added       rows that were not in the store; replaced: candles whose values changed
    present     rows that were there already
    differing   of these, trades with a known trade_id and another instant, price or quantity (the stored ones stay)
    refused     rows set aside in the quarantine, with `refusals` by kind
    first_us, last_us   the first and the last instant read; None when nothing was
    notes       what was decided rather than told
    """

    snapshot: str
    read: int
    added: int
    present: int
    replaced: int
    differing: int
    refused: int
    refusals: Mapping[str, int]
    first_us: int | None
    last_us: int | None
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Tally:
    read: int = 0
    first_us: int | None = None
    last_us: int | None = None
    refusals: Refusals = field(default_factory=Refusals)
    notes: list[str] = field(default_factory=list)
    stretches: list[Span | None] = field(default_factory=list)

    def begin(self) -> None:
        """The next file."""
        self.stretches.append(None)

    def covered(self, table: str, interval: str, whole: Span | None) -> list[Span]:
        """What the files hold whole. Raises DataError for rows outside of what was said."""
        found = [(first, end_of(table, interval, last)) for first, last in filter(None, self.stretches)]
        if whole is None:
            return found
        outside = next(
            (first if first < whole[0] else last for first, last in found if first < whole[0] or last > whole[1]), None
        )
        if outside is not None:
            raise DataError(
                f"a row at {np.datetime64(outside, 'us')}Z lies outside of what --covers says; nothing was imported"
            )
        return [whole]

    def see(self, rows: pa.Table) -> None:
        if rows.num_rows:
            ts = instants(rows)
            first, last = int(ts.min()), int(ts.max())
            before = self.stretches[-1] or (first, last)
            self.stretches[-1] = min(first, before[0]), max(last, before[1])
            self.first_us = first if self.first_us is None else min(self.first_us, first)
            self.last_us = last if self.last_us is None else max(self.last_us, last)


def import_files(
    store: Store,
    kind: str,
    files: Sequence[str | os.PathLike[str]],
    symbol: str,
    columns: Mapping[str, str] | None = None,
    time_unit: str | None = None,
    tz: str = "UTC",
    interval: str = "",
    stamp: str = "open",
    quarantine: str | os.PathLike[str] | None = None,
    covers: str | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Imports files of one symbol in one commit.

    kind        trades, quotes or candles
    symbol      VENUE:CODE
    columns     field → the file's column name, or `#3` for its third column
    time_unit   of numeric times: s, ms, us, ns (None: told by magnitude, with a note)
    tz          where naive times are local
    interval    the length of the candles
    stamp       whether candles are stamped by their open or their close
    covers      the dates (in tz) in which the files have every row, such as `2025-03-10` or `2025-03-01 .. 2025-04`;
                each file from its first row to its last unless told
    quarantine  a CSV file unusable rows are appended to (file, line, reason, row); without one they stop the import

    Raises DataError for what is wrong with the files or the request, StoreError for trouble with the store; nothing is
    written then.
    """
    known = KINDS.get(kind)
    if known is None:
        raise DataError(f"{kind!r} cannot be imported; there are {', '.join(KINDS)}")
    venue, code = _symbol(symbol)
    interval = _interval(known, interval, stamp)
    if not files:
        raise DataError("no file to import")
    shift = interval if known.name == "candles" and stamp == "close" else ""
    mapping = {name.lower(): column for name, column in (columns or {}).items()}
    whole = said_span(covers, tz) if covers is not None else None
    tally = _Tally()
    paths = [Path(file) for file in files]
    with store.begin() as transaction:
        for number, path in enumerate(paths):

            def advance(done: float, at: str = str(path), before: int = number) -> None:
                if progress is not None:
                    progress(at, (before + done) / len(paths), tally.read)

            sources = open_sources(path)
            for member, source in enumerate(sources):
                reading = Reading(known, InstantReader(time_unit, tz), shift)
                target = (known.table.name, venue, code, interval, f"{number}.{member}")
                tally.begin()
                try:
                    _import(source, reading, mapping, transaction, target, quarantine, tally, advance)
                except (OSError, EOFError, pa.ArrowException) as error:
                    raise DataError(f"{source.label} cannot be read: {shown(error)}") from error
        if tally.refusals.count and quarantine is None:
            raise DataError(_refused(tally))
        spans = tally.covered(known.table.name, interval, whole)
        transaction.add(
            COVERAGE.name, venue, code, records(known.table.name, interval, spans, "import"), "", "coverage"
        )
        commit = transaction.commit() if tally.read > tally.refusals.count else None
    if progress is not None:
        progress(str(paths[-1]), 1.0, tally.read)
    return _report(tally, commit)


def _import(
    source: Source,
    reading: Reading,
    mapping: Mapping[str, str],
    transaction: Transaction,
    target: tuple[str, str, str, str, str],
    quarantine: str | os.PathLike[str] | None,
    tally: _Tally,
    advance: Callable[[float], None],
) -> None:
    table, venue, code, interval, name = target
    places = _places(source, reading.kind, mapping)
    wrong: dict[int, tuple[str, str]] = {}
    raw: dict[int, str] = {}
    for batch in source.batches(list(places.values())):
        count = len(batch.lines)
        tally.read += count + len(batch.malformed)
        for bad in batch.malformed:
            wrong[bad.line], raw[bad.line] = (bad.kind, bad.kind), bad.raw
        if count:
            rows, faults = reading.rows(dict(zip(places, batch.columns, strict=True)), count)
            for row, fault in faults.items():
                wrong[int(batch.lines[row])] = (fault.kind, fault.reason)
            tally.see(rows)
            transaction.add(table, venue, code, rows, interval, name)
        advance(source.position())
        if quarantine is None and len(wrong) > IMPORT_REFUSED_ROWS:
            break
    tally.notes += [f"{source.label}: {note}" for note in reading.instants.notes]
    if wrong:
        raw |= source.raw([line for line in wrong if line not in raw])
        _refuse(source, wrong, raw, quarantine, tally)


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


# ── the request ───────────────────────────────────────────────────────────────────────────────────────────────────────


_SYMBOL: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):((?:[A-Za-z0-9_.^=!/]|-(?!-))+)")
"""What FROM reads as one symbol: what is stored under another name could not be asked for."""


def _symbol(symbol: str) -> tuple[str, str]:
    match = _SYMBOL.fullmatch(symbol)
    if match is None:
        raise DataError(
            f"{symbol!r} is not a symbol that FROM can read; write VENUE:CODE, such as binance:BTCUSDT. "
            "A code holds letters, digits and . - _ ^ = ! / but no --; a venue is a word such as binance"
        )
    return match[1], match[2]


def _interval(kind: Kind, interval: str, stamp: str) -> str:
    if stamp not in ("open", "close"):
        raise DataError(f"candles are stamped by their open or their close, not {stamp!r}")
    if kind.name != "candles":
        if interval:
            raise DataError(f"{kind.name} have no interval")
        if stamp == "close":
            raise DataError(f"{kind.name} have no close to be stamped by")
        return ""
    if not interval:
        raise DataError("candles need their interval: --interval 1m")
    return canonical_interval(interval)


def _places(source: Source, kind: Kind, mapping: Mapping[str, str]) -> dict[str, int]:
    """Field → place of its column in the file, in the order of the table."""
    for name in mapping:
        if name not in kind.fields:
            close = difflib.get_close_matches(name, kind.fields, 1)
            hint = f"; did you mean {close[0]!r}?" if close else "."
            raise DataError(f"{kind.name} have no field {name!r}{hint} They have: {', '.join(kind.fields)}")
    lowered = [name.lower() for name in source.names]
    places: dict[str, int] = {}
    for name in kind.fields:
        wanted = mapping.get(name)
        if wanted is not None:
            places[name] = _place(source, name, wanted)
        elif lowered.count(name) == 1:
            places[name] = lowered.index(name)
        elif lowered.count(name) > 1:
            raise DataError(
                f"{source.label} has {lowered.count(name)} columns {name!r}; say which by --column {name}=#N"
            )
    missing = [name for name in kind.table.required if name not in places]
    if missing:
        raise DataError(_what_is_missing(source, kind, missing))
    return places


def _place(source: Source, name: str, wanted: str) -> int:
    if wanted.startswith("#") and wanted[1:].isdigit() and wanted not in source.names:
        place = int(wanted[1:]) - 1
        if not 0 <= place < source.width:
            raise DataError(f"{source.label} has {source.width} columns; there is no {wanted} for {name!r}")
        return place
    if wanted in source.names:
        return list(source.names).index(wanted)
    lowered = [column.lower() for column in source.names]
    if lowered.count(wanted.lower()) == 1:
        return lowered.index(wanted.lower())
    if not source.names:
        raise DataError(f"{_headerless(source)} {wanted!r} names none of them: write --column {name}=#1 and so on")
    close = difflib.get_close_matches(wanted, source.names, 1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise DataError(f"{source.label} has no column {wanted!r} for {name!r}.{hint} It has: {listed(source.names)}")


_LIKELY: Final = {
    "ts": ("time", "timestamp", "date", "datetime", "time_seconds", "open_time", "dt", "ts_event"),
    "price": ("px", "last", "rate"),
    "quantity": ("size", "qty", "amount", "volume", "base_qty"),
    "bid": ("bid_price", "bidprice", "best_bid", "bid_px"),
    "ask": ("ask_price", "askprice", "best_ask", "ofr", "offer", "ask_px"),
    "volume": ("vol", "v", "quantity"),
    "open": ("o",),
    "high": ("h",),
    "low": ("l",),
    "close": ("c", "last"),
}
"""Only for a hint: nothing is mapped by it."""


def _what_is_missing(source: Source, kind: Kind, missing: Sequence[str]) -> str:
    if not source.names:
        flags = " ".join(f"--column {name}=#{i}" for i, name in enumerate(kind.table.required, 1))
        return f"{_headerless(source)} Say where the fields are, for example: {flags}"
    by_lower = {name.lower(): name for name in source.names}
    guesses = []
    for name in missing:
        likely = next((by_lower[word] for word in _LIKELY.get(name, ()) if word in by_lower), "…")
        guesses.append(f"--column {name}={likely}")
    return (
        f"{source.label} has no column {', '.join(repr(name) for name in missing)}, which {kind.name} need. It has: {listed(source.names)}. "
        f"Say which it is: {' '.join(guesses)}"
    )


def _headerless(source: Source) -> str:
    first = listed(source.first_row())
    return f"{source.label} has no header line; its first line has {source.width} columns: {first}."


def _refused(tally: _Tally) -> str:
    count = tally.refusals.count
    more = "more than " if count > IMPORT_REFUSED_ROWS else ""
    rows = f"{'row' if tally.read == 1 else 'rows'} {'is' if count == 1 else 'are'}"
    return (
        f"{more}{count:,} of {tally.read:,} {rows} unusable, so nothing was imported. "
        f"Mend them, or set them aside with --quarantine FILE.\n{tally.refusals.summary()}"
    )


def _report(tally: _Tally, commit: Commit | None) -> ImportReport:
    commit = commit or Commit("")
    notes = list(dict.fromkeys(tally.notes))
    if commit.differing:
        notes.append(
            f"{commit.differing:,} trades have the trade_id of a stored one and another instant, price or quantity; "
            "the stored ones were kept"
        )
    return ImportReport(
        snapshot=commit.id,
        read=tally.read,
        added=commit.added,
        present=commit.present,
        replaced=commit.replaced,
        differing=commit.differing,
        refused=tally.refusals.count,
        refusals=dict(tally.refusals.kinds),
        first_us=tally.first_us,
        last_us=tally.last_us,
        notes=tuple(notes),
    )
