"""`tapeql gaps`: what a tape lacks."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from typing import Any, Final

from tapeql.errors import StoreError
from tapeql.serve.clock import iso
from tapeql.serve.connect import store_at
from tapeql.shell import visible
from tapeql.shell.command import DONE, target, usage

COLUMNS: Final = ("kind", "from", "until", "from_id", "to_id", "missing", "filled_at", "reason")


def gaps(options: argparse.Namespace) -> int:
    """Prints the declared gaps of a symbol, oldest first. Raises StoreError, also for a symbol of which nothing is stored, and Usage."""
    venue, colon, code = options.symbol.partition(":")
    if not (venue and colon and code):
        raise usage(f"`{options.symbol}` is not VENUE:CODE")
    store = store_at(target(options))
    snapshot = store.snapshot()
    rows = [_told(row) for row in stored_gaps(store, venue, code) if options.all or row["filled_at"] is None]
    if not rows and (venue, code) not in snapshot.symbols() and not stored_gaps(store, venue, code):
        raise StoreError(f"nothing is stored of `{options.symbol}`; SHOW symbols lists what there is")
    show(rows, COLUMNS, options.format, f"{options.symbol}: no gaps")
    return DONE


def stored_gaps(store: Any, venue: str, code: str) -> list[dict[str, Any]]:
    """The gaps of a symbol with instants in microseconds."""
    from tapeql.collect.rows import plain

    return plain(store.rows("gaps", venue, code))


def _told(row: dict[str, Any]) -> dict[str, Any]:
    first = row["from_id"]
    if row["filled_to_id"] is not None and row["filled_at"] is None:
        first = row["filled_to_id"] + 1
    missing = None
    if row["kind"] == "trades" and row["filled_at"] is None and first is not None and row["to_id"] is not None:
        missing = row["to_id"] - first + 1
    return {
        "kind": row["kind"],
        "from": iso(row["ts"]),
        "until": None if row["until"] is None else iso(row["until"]),
        "from_id": first if row["kind"] == "trades" else None,
        "to_id": row["to_id"] if row["kind"] == "trades" else None,
        "missing": missing,
        "filled_at": None if row["filled_at"] is None else iso(row["filled_at"]),
        "reason": row["reason"],
    }


def show(rows: Sequence[dict[str, Any]], columns: Sequence[str], how: str, none: str) -> None:
    """Rows as JSON lines, as CSV, or as a table in plain text."""
    if how == "json":
        for row in rows:
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    elif how == "csv":
        writer = csv.DictWriter(sys.stdout, columns)
        writer.writeheader()
        writer.writerows(rows)
    elif not rows:
        sys.stdout.write(visible.lines(f"{none}\n"))
    else:
        cells = [[visible.cell("" if row[name] is None else str(row[name])) for name in columns] for row in rows]
        widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
        for line in (columns, *cells):
            text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            sys.stdout.write(text.rstrip() + "\n")
