"""The kinds of rows, a table of columns each: what is known of a column stands here and nowhere else.

These are the rows expressions are computed over; a sentence's names are resolved onto them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tapeql.query.nodes import Type


@dataclass(frozen=True, slots=True)
class RowColumn:
    """One column of a kind of row.

    at_open    a bar knows it when it opens; others when it closes
    solid      every row that counts as history has a value
    alone      a trade has it before it becomes part of a bar
    """

    name: str
    type: Type
    meaning: str
    at_open: bool = False
    solid: bool = False
    alone: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class RowKind(Mapping[str, Type]):
    """The columns of a kind of row by name, in order; as a mapping, their types.

    series   the columns that the series functions default to are called here: `close` of a trade is its `price`
    is_bar   rows have a length, an open and a close
    """

    name: str
    columns: tuple[RowColumn, ...]
    series: Mapping[str, str] = field(default_factory=dict)
    is_bar: bool = False

    def __getitem__(self, name: str) -> Type:
        found = self.column(name)
        if found is None:
            raise KeyError(name)
        return found.type

    def __iter__(self) -> Iterator[str]:
        return (column.name for column in self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def column(self, name: str) -> RowColumn | None:
        return next((column for column in self.columns if column.name == name), None)


_SYMBOL = RowColumn("symbol", Type.STRING, "the bare code, such as BTCUSDT", at_open=True)
_EXCHANGE = RowColumn("exchange", Type.STRING, "the venue the data is stored under", at_open=True)
_TS = RowColumn("ts", Type.INSTANT, "the opening instant of a bar; the instant of a trade or quote", at_open=True)
_SEQ = RowColumn("seq", Type.INT, "the order of rows with one ts")
_SESSION = RowColumn("session", Type.STRING, "the session a row lies wholly inside, or NULL", alone=False)
_SESSION_DATE = RowColumn(
    "session_date",
    Type.DATE,
    "the trading date a row belongs to; NULL between trading dates",
    at_open=True,
    alone=False,
)
_MARKET = RowColumn("market", Type.STRING, "the market centre of a consolidated tape; NULL elsewhere")

BAR: Final = RowKind(
    "bar",
    (
        _SYMBOL,
        _EXCHANGE,
        RowColumn("interval", Type.STRING, "the length of the bar, in canonical form", at_open=True),
        _TS,
        RowColumn("ts_close", Type.INSTANT, "the instant a bar ends, itself excluded", at_open=True),
        RowColumn("open", Type.FLOAT, "the first price, by (ts, seq)", at_open=True, solid=True),
        RowColumn("high", Type.FLOAT, "the highest price", solid=True),
        RowColumn("low", Type.FLOAT, "the lowest price", solid=True),
        RowColumn("close", Type.FLOAT, "the last price, by (ts, seq)", solid=True),
        RowColumn("volume", Type.FLOAT, "the quantity traded, of trades that count for volume", solid=True),
        RowColumn("trades", Type.INT, "the number of trades that count for volume"),
        RowColumn("vwap", Type.FLOAT, "Σ(price × quantity) / Σ quantity; NULL where nothing counts for volume"),
        _SESSION,
        _SESSION_DATE,
        RowColumn("complete", Type.BOOL, "whether the bar had ended by now"),
        RowColumn("filled", Type.BOOL, "whether FILL made the bar"),
    ),
    is_bar=True,
)

TICK: Final = RowKind(
    "tick",
    (
        _SYMBOL,
        _EXCHANGE,
        _TS,
        _SEQ,
        RowColumn("price", Type.FLOAT, "the price of a trade", solid=True),
        RowColumn("quantity", Type.FLOAT, "the quantity of a trade", solid=True),
        RowColumn("side", Type.STRING, "the side of the trade that took liquidity, where the source says so"),
        RowColumn("trade_id", Type.STRING, "the source's own identifier of a trade"),
        RowColumn("conditions", Type.STRING, "the tape's condition codes of a trade"),
        _MARKET,
        _SESSION,
        _SESSION_DATE,
    ),
    series={"close": "price", "volume": "quantity"},
)

QUOTE: Final = RowKind(
    "quote",
    (
        _SYMBOL,
        _EXCHANGE,
        _TS,
        _SEQ,
        RowColumn("bid", Type.FLOAT, "the best bid; of a bar, its time-weighted mean"),
        RowColumn("bid_size", Type.FLOAT, "the quantity at the best bid"),
        RowColumn("ask", Type.FLOAT, "the best ask; of a bar, its time-weighted mean"),
        RowColumn("ask_size", Type.FLOAT, "the quantity at the best ask"),
        _MARKET,
        RowColumn("spread", Type.FLOAT, "ask - bid of a quote; of a bar, its time-weighted mean"),
        RowColumn("mid", Type.FLOAT, "(bid + ask) / 2 of a quote; of a bar, its time-weighted mean"),
        RowColumn(
            "spread_pct",
            Type.FLOAT,
            "100 * spread / mid of a quote, in percent; of a bar, its time-weighted mean",
        ),
        _SESSION,
        _SESSION_DATE,
    ),
    series={"close": "mid"},
)

PREVAILING: Final = (
    *(c for c in QUOTE.columns if c.name in ("bid", "bid_size", "ask", "ask_size", "spread", "mid", "spread_pct")),
    RowColumn("quote_ts", Type.INSTANT, "the instant of the quote that prevailed at a trade"),
)
"""What ASOF QUOTES tells of the quote that prevailed."""

KINDS: Final = (BAR, TICK, QUOTE)

QUOTE_MEASURES: Final = ("spread", "spread_pct", "mid", "bid", "ask")
"""Time-weighted over a bar or a session."""

SESSION_MEASURES: Final = ("open", "high", "low", "close", "volume", "trades", "vwap", *QUOTE_MEASURES)
"""What may follow `premarket.`"""

PERCENT_COLUMNS: Final = ("spread_pct", "gap_pct", "atr_pct")
"""Names ending so are in percent; a literal with a unit compared with them is converted to percent."""
