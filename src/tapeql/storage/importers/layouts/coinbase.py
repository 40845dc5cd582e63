"""Coinbase: answers of its API, saved."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://docs.cdp.coinbase.com/exchange"

LAYOUTS = (
    Layout(
        name="coinbase-candles",
        title="Coinbase Exchange candles (JSON)",
        where=_WHERE,
        kind="candles",
        fields={"ts": 0, "low": 1, "high": 2, "open": 3, "close": 4, "volume": 5},
        cells=("seconds", "number", "number", "number", "number", "number"),
        path=r"\.json",
        by_path=True,
        venue="coinbase",
    ),
    Layout(
        name="coinbase-advanced-candles",
        title="Coinbase Advanced Trade candles (JSON)",
        where=_WHERE,
        kind="candles",
        fields={"ts": "start"},
        header=("start", "low", "high", "open", "close", "volume"),
        path=r"\.json",
        by_path=True,
        venue="coinbase",
    ),
    Layout(
        name="coinbase-trades",
        title="Coinbase trades (JSON)",
        where=_WHERE,
        kind="trades",
        fields={"ts": "time", "trade_id": "tradeid", "quantity": "size", "symbol": "productid?"},
        header=("tradeid", "price", "size", "time", "side"),
        path=r"\.json",
        by_path=True,
        venue="coinbase",
        # Coinbase says whose order lay in the book; ours is the taker's.
        sides={"buy": "sell", "sell": "buy"},
    ),
)
