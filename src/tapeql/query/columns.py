"""The fixed columns of each verb's rows: names, types, and where they come from.

`ROW` tables are the *internal* row streams expressions are computed over; resolve maps written names onto them.
"""

from __future__ import annotations

from tapeql.query.nodes import Type, Verb

BAR: dict[str, Type] = {
    "symbol": Type.STRING,
    "exchange": Type.STRING,
    "interval": Type.STRING,
    "ts": Type.INSTANT,
    "ts_close": Type.INSTANT,
    "open": Type.FLOAT,
    "high": Type.FLOAT,
    "low": Type.FLOAT,
    "close": Type.FLOAT,
    "volume": Type.FLOAT,
    "trades": Type.INT,
    "vwap": Type.FLOAT,
    "session": Type.STRING,
    "session_date": Type.DATE,
    "complete": Type.BOOL,
    "filled": Type.BOOL,
}

TICK: dict[str, Type] = {
    "symbol": Type.STRING,
    "exchange": Type.STRING,
    "ts": Type.INSTANT,
    "seq": Type.INT,
    "price": Type.FLOAT,
    "quantity": Type.FLOAT,
    "side": Type.STRING,
    "trade_id": Type.STRING,
    "conditions": Type.STRING,
    "session": Type.STRING,
    "session_date": Type.DATE,
}

QUOTE: dict[str, Type] = {
    "symbol": Type.STRING,
    "exchange": Type.STRING,
    "ts": Type.INSTANT,
    "seq": Type.INT,
    "bid": Type.FLOAT,
    "bid_size": Type.FLOAT,
    "ask": Type.FLOAT,
    "ask_size": Type.FLOAT,
    "spread": Type.FLOAT,
    "mid": Type.FLOAT,
    "spread_pct": Type.FLOAT,
    "session": Type.STRING,
    "session_date": Type.DATE,
}

ROW: dict[Verb, dict[str, Type]] = {Verb.CANDLES: BAR, Verb.DAYS: BAR, Verb.TICKS: TICK, Verb.QUOTES: QUOTE}

DAY_RESULT = ("symbol", "exchange", "session_date", "start", "end")
"""What DAYS shows; `start` and `end` are the day bar's `ts` and `ts_close`."""

QUOTE_MEASURES = ("spread", "spread_pct", "mid", "bid", "ask")
"""Time-weighted over a bar or a session."""

SESSION_MEASURES = ("open", "high", "low", "close", "volume", "trades", "vwap", *QUOTE_MEASURES)
"""What may follow `premarket.`"""

PERCENT_COLUMNS = ("spread_pct", "gap_pct", "atr_pct")
"""Names ending so are in percent; a literal with a unit compared with them is converted to percent."""
