"""`tapeql import`: files into the lake, with a progress bar, and an account of every row."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tapeql.serve.clock import iso
from tapeql.serve.connect import store_at
from tapeql.shell import visible
from tapeql.shell.command import DONE, target, usage
from tapeql.storage.import_files import FileReport, ImportReport, import_files
from tapeql.storage.importers.fields import CALLED
from tapeql.storage.importers.layout import layouts

BAR_CHARACTERS: Final = 30
REDRAWN_EVERY_S: Final = 0.1
FILES_TOLD: Final = 20
SYMBOLS_TOLD: Final = 5


def bring(options: argparse.Namespace) -> int:
    """Imports the files of the command line. Raises DataError, StoreError, Usage."""
    if options.formats:
        sys.stdout.write(formats())
        return DONE
    kind, files = kind_and_files(options.files)
    if not files:
        raise usage("name the files to import, or ask for --formats")
    store = store_at(target(options))
    bar = Bar(sys.stderr.isatty())
    try:
        report = import_files(
            store,
            files,
            options.symbol or "",
            kind,
            venue=options.venue or "",
            columns=columns(options.column),
            time_unit=options.time_unit,
            tz=options.tz or "",
            interval=options.interval or "",
            stamp=options.stamp or "",
            dates=options.dates,
            format=options.format or "",
            quarantine=options.quarantine,
            covers=options.covers,
            consolidate=options.consolidate or "",
            dry_run=options.dry_run,
            progress=bar.show,
        )
    finally:
        bar.end()
    sys.stdout.write(visible.lines(foreseen(report) if options.dry_run else account(report)))
    if report.refused and not options.dry_run:
        sys.stderr.write(visible.lines(f"{report.refused:,} unusable rows were set aside in {options.quarantine}\n"))
    sys.stderr.write("".join(f"{visible.lines(note)}\n" for note in report.notes))
    return DONE


def kind_and_files(given: Sequence[str]) -> tuple[str, list[str]]:
    """`trades FILE…`: the kind may be named before the files."""
    if given and given[0] in CALLED and not Path(given[0]).exists():
        return given[0], list(given[1:])
    return "", list(given)


def formats() -> str:
    """The layouts known, a line each."""
    lines = [f"{each.name:<26} {each.kind:<8} {each.title} ({each.where})" for each in layouts() if not each.refusal]
    return "\n".join([*lines, ""])


def columns(given: Sequence[str]) -> dict[str, str]:
    """FIELD=NAME pairs."""
    found: dict[str, str] = {}
    for pair in given:
        field, equals, name = pair.partition("=")
        if not (equals and field and name):
            raise usage(f"--column is FIELD=NAME, not `{pair}`")
        if field in found:
            raise usage(f"--column {field} is given twice")
        found[field] = name
    return found


def account(report: ImportReport) -> str:
    """What became of the rows, in one line."""
    if not report.read:
        which = report.files[0].file if len(report.files) == 1 else f"of {_counted(len(report.files), 'file')} none"
        return f"{which} has no rows: nothing was imported\n"
    parts = [f"{report.added:,} added"]
    parts += [f"{report.replaced:,} replaced"] if report.replaced else []
    parts += [f"{report.present:,} already there"] if report.present else []
    parts += [f"{report.skipped:,} skipped"] if report.skipped else []
    parts += [f"{report.refused:,} set aside"] if report.refused else []
    kinds = "/".join(dict.fromkeys(f"{f.interval} {f.kind}".strip() for f in report.files))
    return f"{_symbols(report.symbols)} {kinds}: {report.read:,} rows read, {', '.join(parts)}{_when(report)}\n"


def foreseen(report: ImportReport) -> str:
    """What an import would do: a paragraph a file."""
    told = "".join(_paragraph(file) for file in report.files[:FILES_TOLD])
    more = f"… and {len(report.files) - FILES_TOLD:,} more files\n" if len(report.files) > FILES_TOLD else ""
    rows = f"{_counted(report.read, 'row')} in {_counted(len(report.files), 'file')}"
    skipped = f", {report.skipped:,} of them skipped" if report.skipped else ""
    refused = f", {report.refused:,} of them unusable:" if report.refused else ""
    whole = f"{rows}{skipped}{refused}\n" + "".join(f"  {each}\n" for each in report.examples)
    return told + more + whole + "nothing was stored\n"


def _paragraph(file: FileReport) -> str:
    said = {
        "source": file.source or "told by its columns",
        "kind": f"{file.interval} {file.kind}".strip(),
        "symbols": "; ".join(f"{symbol} {rows:,} rows" for symbol, rows in list(file.symbols.items())[:SYMBOLS_TOLD]),
        "zone": file.zone or "in the times themselves",
        "first": iso(file.first_us) if file.first_us is not None else "",
        "last": iso(file.last_us) if file.last_us is not None else "",
        "columns": ", ".join(f"{field}={column}" for field, column in file.columns.items()),
        "left aside": ", ".join(file.aside),
    }
    if len(file.symbols) > SYMBOLS_TOLD:
        said["symbols"] += f"; … {len(file.symbols):,} symbols"
    return f"{file.file}\n" + "".join(f"  {name:<11} {text}\n" for name, text in said.items() if text)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _symbols(symbols: Mapping[str, int]) -> str:
    names = list(symbols)
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:2])}, … ({len(names):,} symbols)"


def _when(report: ImportReport) -> str:
    if report.first_us is None or report.last_us is None:
        return ""
    return f", {iso(report.first_us)} .. {iso(report.last_us)}"


class Bar:
    """A line on standard error that fills up; nothing where that is not a terminal."""

    def __init__(self, visible: bool) -> None:
        self._visible = visible
        self._drawn_s = 0.0
        self._begun_s = 0.0

    def show(self, path: str, done: float, rows: int) -> None:
        """`done` is the share of all files that has been read, 0 to 1."""
        if not self._visible or (done < 1 and time.monotonic() - self._drawn_s < REDRAWN_EVERY_S):
            return
        self._drawn_s = time.monotonic()
        full = round(BAR_CHARACTERS * done)
        bar = "█" * full + "░" * (BAR_CHARACTERS - full)
        self._begun_s = self._begun_s or time.monotonic()
        pace = rows / max(time.monotonic() - self._begun_s, 0.001)
        rest = (time.monotonic() - self._begun_s) * (1 - done) / max(done, 0.001)
        name = visible.cell(Path(path).name)
        sys.stderr.write(
            f"\r\x1b[K{bar} {100 * done:3.0f}%  {rows:>12,} rows  {pace:>11,.0f}/s  {rest:4.0f} s left  {name}"
        )
        sys.stderr.flush()

    def end(self) -> None:
        if self._visible and self._drawn_s:
            sys.stderr.write("\n")
