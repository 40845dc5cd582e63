"""`tapeql demo`: a synthetic tape, the example sentences, their answers, the SQL they became, and a picture."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from tapeql.serve.connect import Database, connect
from tapeql.shell import table
from tapeql.shell.candles import candles, draw
from tapeql.shell.command import DONE, usage
from tapeql.shell.demo_tape import NOW, tapes
from tapeql.shell.telling import told
from tapeql.storage.stores import open_store

SENTENCES: Final = (
    (
        "Hours of the pre-market with a tight spread, above their average:",
        "CANDLES 1h FROM binance:BTCUSDT WHERE premarket AND spread_pct<0.05 AND close > sma(20)",
    ),
    (
        "All days of the past year with a tight pre-market and more volume than usual:",
        "DAYS FROM nasdaq:AAPL DURING last 1y WHERE premarket.spread_pct < 0.05% AND rvol(20) > 1",
    ),
    (
        "The same days as hourly candles, ready for a backtester:",
        "DAYS FROM nasdaq:AAPL DURING last 1y WHERE premarket.spread_pct < 0.05% AND rvol(20) > 1 |> CANDLES 1h",
    ),
    (
        "Daily candles with indicators, warmed up on the days before:",
        "CANDLES 1d FROM nasdaq:AAPL DURING 2025-03 ADD sma(20), rsi(14), macd(12, 26, 9).hist AS hist",
    ),
)

PICTURE: Final = "CANDLES 2h FROM binance:BTCUSDT DURING last 6d"

LABEL: Final = """\
SYNTHETIC. Everything in this folder was made up by `tapeql demo` from a fixed seed.
The names are real, the prices are not: this is no market data.
"""

SQL_HEAD_LINES: Final = 12
SQL_TAIL_LINES: Final = 12

_MARK: Final = "SYNTHETIC.txt"


def demo(folder: str | None) -> int:
    """Makes the tape in `folder` (None: a new temporary one) and prints what it can answer. Exit status."""
    place = _place(folder)
    make(place)
    width, colour = _width(), sys.stdout.isatty()
    _say(f"A small SYNTHETIC tape, made up from a fixed seed (not market data), is now in {place}\n")
    with connect(place, now=NOW) as database:
        for title, sentence in SENTENCES:
            _say(f"\n{title}\n\n    {sentence}\n\n")
            _answer(database, sentence, width)
            _say(f"\nthe SQL it became:\n\n{_shortened(database.explain(sentence, 'sql'), width)}\n")
        _say(f"\nAnd a picture:\n\n    {PICTURE}\n\n")
        _say(draw(candles(database.query(PICTURE)), min(width, 100), 18, colour))
    _say(f"\nAsk your own:  tapeql --lake {place} query 'SHOW symbols'     or  tapeql --lake {place} repl\n")
    return DONE


def _place(folder: str | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="tapeql-demo-"))
    place = Path(folder).absolute()
    if place.resolve() == Path.cwd().resolve():
        raise usage("the demo makes its tape in a folder of its own, not in the current one")
    if place.exists() and not place.is_dir():
        raise usage(f"{place} is a file")
    if place.exists() and any(place.iterdir()) and not (place / _MARK).exists():
        raise usage(f"{place} holds something else; name a new folder")
    return place


def make(place: Path) -> None:
    """Writes the tape; where it is already, nothing changes."""
    place.mkdir(parents=True, exist_ok=True)
    (place / _MARK).write_text(LABEL)
    with open_store(os.fspath(place)).begin() as transaction:
        for tape in tapes():
            venue, _, code = tape.symbol.partition(":")
            transaction.add("ticks", venue, code, tape.trades)
            transaction.add("quotes", venue, code, tape.quotes)
        transaction.commit()


def _answer(database: Database, sentence: str, width: int) -> None:
    result = database.run(sentence)
    _say(table.render(result.schema, result.batches, width, head_rows=8, tail_rows=3))
    notes = [*result.info.get("notes", ()), *result.info.get("warnings", ())]
    if notes:
        _say(told(notes, sentence))


def _shortened(sql: str, width: int) -> str:
    """The beginning and the end of a statement, indented, its lines cut to the width."""
    lines = [line if len(line) <= width - 4 else f"{line[: width - 5]}…" for line in sql.splitlines()]
    between = len(lines) - SQL_HEAD_LINES - SQL_TAIL_LINES
    if between > 1:
        more = f"… {between:,} more lines; EXPLAIN sql before a sentence prints them …"
        lines[SQL_HEAD_LINES:-SQL_TAIL_LINES] = [more]
    return "".join(f"    {line}\n" for line in lines)


def _width() -> int:
    return max(80, shutil.get_terminal_size((120, 24)).columns)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
