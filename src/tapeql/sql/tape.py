"""Stored rows of the symbols a plan reads, as one relation a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tapeql.sql.dialects.dialect import Read
from tapeql.sql.statement import Statement


def stored(
    statement: Statement, name: str, table: str, interval: str, reads: Sequence[Read], columns: Sequence[str]
) -> str:
    """A relation (*numbers, ts_us, seq, *columns) of the rows with start_us <= ts < end_us of each read; none from now on."""
    now_us = statement.now_us
    reads = [replace(read, end_us=min(read.end_us, now_us)) for read in reads]
    rows = statement.dialect.tape(
        table, interval, reads, columns, statement.numbers, statement.snapshot, statement.constants
    )
    return statement.add(name, rows)
