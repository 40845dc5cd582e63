"""A small tape in plain lists: what a store holds, without the store."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass(slots=True)
class Recorded:
    """What is stored of one symbol: trades, quotes and candles by interval, each row a dict with `ts` in microseconds
    and `seq`, sorted by (ts, seq)."""

    trades: list[Row] = field(default_factory=list)
    quotes: list[Row] = field(default_factory=list)
    candles: dict[str, list[Row]] = field(default_factory=dict)

    def before(self, now_us: int) -> Recorded:
        """What was there before an instant."""
        trades, quotes = ([row for row in rows if row["ts"] < now_us] for rows in (self.trades, self.quotes))
        candles = {name: [row for row in rows if row["ts"] < now_us] for name, rows in self.candles.items()}
        return Recorded(trades, quotes, {name: rows for name, rows in candles.items() if rows})


@dataclass(slots=True, repr=False)
class Tape:
    """Recorded symbols by (venue, code), and the clock the queries are asked at."""

    symbols: dict[tuple[str, str], Recorded]
    now_us: int

    def __repr__(self) -> str:
        return f"Tape({', '.join(f'{venue}:{code}' for venue, code in self.symbols)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Hypothesis would print every row."""
        printer.text(repr(self))

    def to_json(self) -> str:
        return json.dumps(
            {
                "now_us": self.now_us,
                "symbols": [
                    {"venue": venue, "code": code, "trades": r.trades, "quotes": r.quotes, "candles": r.candles}
                    for (venue, code), r in sorted(self.symbols.items())
                ],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Tape:
        loaded = json.loads(text)
        return cls(
            {
                (s["venue"], s["code"]): Recorded(_marked(s["trades"]), _marked(s["quotes"]), s["candles"])
                for s in loaded["symbols"]
            },
            loaded["now_us"],
        )


def _marked(rows: list[Row]) -> list[Row]:
    """Older recordings name no markets."""
    return [{"market": None} | row for row in rows]
