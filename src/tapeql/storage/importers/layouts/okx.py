"""OKX: archives of trades and candles."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://www.okx.com/historical-data"

LAYOUTS = (
    Layout(
        name="okx-trades",
        title="OKX trades",
        where=_WHERE,
        kind="trades",
        fields={"trade_id": "tradeid", "quantity": "size", "ts": "createdtime", "symbol": "instrumentname?"},
        header=("tradeid", "side", "size", "price", "createdtime"),
        path=r"(?:^|/)(?P<symbol>[A-Z0-9]+(?:-[A-Z0-9]+)+?)-(?:aggtrades|trades)-",
        venue="okx",
    ),
    Layout(
        name="okx-candles",
        title="OKX candles",
        where=_WHERE,
        kind="candles",
        fields={"ts": "opentime", "volume": "vol", "quote_volume": "volquote", "symbol": "instrumentname?"},
        header=("open", "high", "low", "close", "vol", "opentime", "confirm"),
        path=r"(?:^|/)(?P<symbol>[A-Z0-9]+(?:-[A-Z0-9]+)+?)-candlesticks-",
        venue="okx",
    ),
)
