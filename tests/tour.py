"""The examples of grammar/README.md, which are part of the language, and a lake that answers them."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from tapeql.language import syntax, vocabulary
from tapeql.language.parse import parse
from tapeql.storage.lake import Lake
from tests import tapes

TOUR = (Path(__file__).parents[1] / "grammar" / "README.md").read_text(encoding="utf-8")
EXAMPLES = [line for block in re.findall(r"```tapeql\n(.*?)```", TOUR, re.S) for line in block.splitlines()]
SYMBOLS = (
    *("binance:BTCUSDT", "binance:ETHUSDT", "binance:BTCUSDC", "nasdaq:AAPL", "lse:VOD"),
    *("nasdaq:MSFT", "coinbase:BTC-USD", "kraken:BTC/USD", "cme:ES.c.0", "yahoo:^GSPC"),
)
NOW = "2025-03-12T16:10Z"


def statements() -> list[tuple[str, syntax.Statement]]:
    """Each statement of the examples as it is written there, and read."""
    return [
        (text[statement.span.start : statement.span.end], statement)
        for text in EXAMPLES
        for statement in parse(text).statements
    ]


@functools.cache
def clauses() -> dict[str, list[str]]:
    """How the examples write each clause, without the words it opens with, by those."""
    found: dict[str, list[str]] = {}
    for text in EXAMPLES:
        for clause in syntax.within(parse(text).statements, syntax.Clause):
            opening = vocabulary.opening_of(type(clause))
            found.setdefault(opening, []).append(text[clause.span.start + len(opening) : clause.span.end].strip())
    return found


def columns() -> list[tuple[str, list[str]]]:
    """What the tour says of answers that are no rows of a tape: a statement, and the columns it answers."""
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", TOUR, re.M)
    return [(text, names.split(", ")) for text, names in rows]


def store(folder: Path) -> Lake:
    """Three days of all symbols of the tour, up to NOW."""
    lake = Lake(folder)
    for seed, symbol in enumerate(SYMBOLS):
        venue, _, code = symbol.partition(":")
        for day in ("2025-03-10", "2025-03-11", "2025-03-12"):
            lake.write("ticks", venue, code, tapes.random_ticks(f"{day}T08:30", 8 * 3600, 300, seed=seed))
            lake.write("quotes", venue, code, tapes.random_quotes(f"{day}T08:30", 8 * 3600, 300, seed=seed))
    return lake
