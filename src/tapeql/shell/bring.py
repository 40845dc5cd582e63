"""`tapeql import`: files into the lake, with a progress bar, and an account of every row."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tapeql.serve.clock import iso
from tapeql.serve.connect import store_at
from tapeql.shell import visible
from tapeql.shell.command import DONE, target, usage
from tapeql.storage.import_files import ImportReport, import_files

BAR_CHARACTERS: Final = 30
REDRAWN_EVERY_S: Final = 0.1


def bring(options: argparse.Namespace) -> int:
    """Imports the files of the command line. Raises DataError, StoreError, Usage."""
    store = store_at(target(options))
    bar = Bar(sys.stderr.isatty())
    try:
        report = import_files(
            store,
            options.table,
            options.files,
            options.symbol,
            columns=columns(options.column),
            time_unit=options.time_unit,
            tz=options.tz or "UTC",
            interval=options.interval or "",
            stamp=options.stamp or "open",
            quarantine=options.quarantine,
            covers=options.covers,
            progress=bar.show,
        )
    finally:
        bar.end()
    sys.stdout.write(visible.lines(account(report, options.table, options.symbol)))
    if report.refused:
        sys.stderr.write(visible.lines(f"{report.refused:,} unusable rows were set aside in {options.quarantine}\n"))
    sys.stderr.write("".join(f"{visible.lines(note)}\n" for note in report.notes))
    return DONE


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


def account(report: ImportReport, table: str, symbol: str) -> str:
    """What became of the rows, in one line."""
    parts = [f"{report.added:,} added"]
    parts += [f"{report.replaced:,} replaced"] if report.replaced else []
    parts += [f"{report.present:,} already there"] if report.present else []
    parts += [f"{report.refused:,} set aside"] if report.refused else []
    when = ""
    if report.first_us is not None and report.last_us is not None:
        when = f", {iso(report.first_us)} .. {iso(report.last_us)}"
    return f"{symbol} {table}: {report.read:,} rows read, {', '.join(parts)}{when}\n"


class Bar:
    """A line on standard error that fills up; nothing where that is not a terminal."""

    def __init__(self, visible: bool) -> None:
        self._visible = visible
        self._drawn_s = 0.0

    def show(self, path: str, done: float, rows: int) -> None:
        """`done` is the share of all files that has been read, 0 to 1."""
        if not self._visible or (done < 1 and time.monotonic() - self._drawn_s < REDRAWN_EVERY_S):
            return
        self._drawn_s = time.monotonic()
        full = round(BAR_CHARACTERS * done)
        bar = "█" * full + "░" * (BAR_CHARACTERS - full)
        sys.stderr.write(f"\r\x1b[K{bar} {100 * done:3.0f}%  {rows:>12,} rows  {visible.cell(Path(path).name)}")
        sys.stderr.flush()

    def end(self) -> None:
        if self._visible and self._drawn_s:
            sys.stderr.write("\n")
