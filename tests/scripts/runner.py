"""Reads and runs scripts.

now 2025-06-01T00:00Z
load trades nyse:XXX ts price quantity conditions     what follows, indented, is a row each; `-` is NULL
  2025-03-10T13:30Z 10 1 -
load candles binance:BTCUSDT 1m                       columns left out are ts open high low close volume
eval CANDLES 1h FROM nyse:XXX SELECT ts, close        may go on in indented lines
expect
  2025-03-10T13:30Z 10
eval CANDLES 1h FROM nyse:YYY
expect E103
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from math import isclose
from typing import Any

from tapeql.query.nodes import Type
from tests.oracle.tape import Recorded, Row, Tape
from tests.properties.stores import Answer, Refused, Shelf
from tests.tapes import us

KINDS = {
    "trades": ("price", "quantity", "side", "trade_id", "buyer_maker", "conditions", "market"),
    "quotes": ("bid", "bid_size", "ask", "ask_size", "market"),
    "candles": ("open", "high", "low", "close", "volume", "trades", "vwap"),
}
USUAL = {
    "trades": ("ts", "price", "quantity"),
    "quotes": ("ts", "bid", "ask"),
    "candles": ("ts", "open", "high", "low", "close", "volume"),
}
WORDS = ("side", "trade_id", "conditions", "market")


@dataclass(slots=True)
class Check:
    """A query and the rows, as written, or the error codes it must have."""

    query: str
    rows: list[list[str]] = field(default_factory=list)
    errors: tuple[str, ...] = ()


@dataclass(slots=True)
class Script:
    tape: Tape
    checks: list[Check]


def read(text: str) -> Script:
    script = Script(Tape({}, us("2026-01-01T00:00Z")), [])
    for words, body in blocks(text):
        match words:
            case ["now", when]:
                script.tape.now_us = us(when)
            case ["load", kind, symbol, *rest]:
                load(script.tape, kind, symbol, rest, body)
            case ["eval", *query]:
                script.checks.append(Check(" ".join([*query, *body])))
            case ["expect", *errors]:
                script.checks[-1].errors = tuple(sorted(errors))
                script.checks[-1].rows = [line.split() for line in body]
            case _:
                raise ValueError(f"neither now, load, eval nor expect: {words}")
    return script


def blocks(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Lines that begin at the margin, each with the indented ones after it."""
    found: list[tuple[list[str], list[str]]] = []
    for line in text.splitlines():
        written = line.split("--")[0].rstrip()
        if written.startswith(" "):
            found[-1][1].append(written.strip())
        elif written:
            found.append((written.split(), []))
    yield from found


def load(tape: Tape, kind: str, symbol: str, rest: list[str], lines: list[str]) -> None:
    venue, code = symbol.split(":")
    recorded = tape.symbols.setdefault((venue, code), Recorded())
    interval = rest.pop(0) if kind == "candles" else ""
    names = rest or USUAL[kind]
    rows: list[Row] = []
    for line in lines:
        given = dict(zip(names, line.split(), strict=True))
        row: Row = {"ts": us(given["ts"]), "seq": 0} | dict.fromkeys(KINDS[kind])
        for name, word in given.items():
            if name != "ts" and word != "-":
                row[name] = word if name in WORDS else word == "true" if name == "buyer_maker" else float(word)
        rows.append(row)
    if kind == "candles":
        for row in rows:
            row["trades"] = None if row["trades"] is None else int(row["trades"])
        recorded.candles[interval] = rows
    else:
        setattr(recorded, kind, rows)


def failure(check: Check, shelf: Shelf, found: Answer) -> str | None:
    """What is not as expected, None if all is."""
    if isinstance(found, Refused) or check.errors:
        return None if found == Refused(check.errors) else f"expected {check.errors or 'rows'}, found {found}"
    columns = shelf.query(check.query).columns
    expected = [
        tuple(value(word, column.expr.type) for word, column in zip(row, columns, strict=True)) for row in check.rows
    ]
    if len(expected) == len(found) and all(
        same(a, b) for x, y in zip(expected, found, strict=True) for a, b in zip(x, y, strict=True)
    ):
        return None
    return "expected\n" + "\n".join(map(str, expected)) + "\nfound\n" + "\n".join(map(str, found))


def value(word: str, kind: Type) -> Any:
    if word == "-":
        return None
    match kind:
        case Type.INSTANT:
            return us(datetime.fromisoformat(word).isoformat())
        case Type.DATE:
            return (date.fromisoformat(word) - date(1970, 1, 1)).days
        case Type.BOOL:
            return {"true": True, "false": False}[word]
        case Type.STRING:
            return word
    return float(word)


def same(expected: Any, found: Any) -> bool:
    if isinstance(expected, float) and found is not None:
        return isclose(expected, found, rel_tol=1e-12, abs_tol=1e-12)
    return bool(expected == found)
