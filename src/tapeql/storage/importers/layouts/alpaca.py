"""Alpaca: answers of its market data API, saved as JSON or by its Python client."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://docs.alpaca.markets/docs/about-market-data-api"

LAYOUTS = (
    Layout(
        name="alpaca-bars",
        title="Alpaca bars",
        where=_WHERE,
        kind="candles",
        fields={
            "ts": "t",
            "open": "o",
            "high": "h",
            "low": "l",
            "close": "c",
            "volume": "v",
            "trades": "n",
            "vwap": "vw",
        },
        header=("t", "o", "h", "l", "c", "v", "n", "vw"),
        venue="alpaca",
    ),
    Layout(
        name="alpaca-trades",
        title="Alpaca trades",
        where=_WHERE,
        kind="trades",
        fields={"ts": "t", "price": "p", "quantity": "s", "trade_id": "i", "conditions": "c", "market": "x"},
        header=("t", "x", "p", "s", "c", "i", "z"),
        venue="alpaca",
    ),
    Layout(
        name="alpaca-quotes",
        title="Alpaca quotes",
        where=_WHERE,
        kind="quotes",
        fields={"ts": "t", "bid": "bp", "bid_size": "bs", "ask": "ap", "ask_size": "as"},
        header=("t", "ax", "ap", "as", "bx", "bp", "bs"),
        venue="alpaca",
    ),
)
