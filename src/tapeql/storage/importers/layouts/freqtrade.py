"""freqtrade and ccxt: lists of numbers in JSON, and the same as feather."""

from tapeql.storage.importers.layout import Layout

_WHERE = "freqtrade download-data"
_PATH = r"(?:data/(?P<venue>[a-z0-9]+)/(?:futures/)?)?(?P<base>[A-Z0-9]+)_(?P<quote>[A-Z0-9]+)(?:_[A-Z0-9]+)?-%s(?:-\w+)?\.(?:json|csv|feather|parquet)"

LAYOUTS = (
    Layout(
        name="freqtrade-json",
        title="freqtrade candles (JSON)",
        where=_WHERE,
        kind="candles",
        fields={"ts": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5},
        cells=("millis", "number", "number", "number", "number", "number"),
        path=_PATH % r"(?P<interval>\d+[a-zM]+)",
        spelled={"1M": "1mo"},
        venue="freqtrade",
    ),
    Layout(
        name="freqtrade",
        title="freqtrade candles",
        where=_WHERE,
        kind="candles",
        fields={"ts": "date"},
        header=("date", "open", "high", "low", "close", "volume"),
        path=_PATH % r"(?P<interval>\d+[a-zM]+)",
        by_path=True,
        spelled={"1M": "1mo"},
        venue="freqtrade",
    ),
    Layout(
        name="freqtrade-trades-json",
        title="freqtrade trades (JSON)",
        where=_WHERE,
        kind="trades",
        fields={"ts": 0, "trade_id": 1, "side": 3, "price": 4, "quantity": 5},
        cells=("millis", "any", "any", "side", "number", "number", "number"),
        path=_PATH % "trades",
        venue="freqtrade",
    ),
    Layout(
        name="ccxt-trades",
        title="ccxt trades",
        where="pip install ccxt",
        kind="trades",
        fields={"ts": "timestamp", "trade_id": "id", "quantity": "amount"},
        header=("timestamp", "id", "side", "price", "amount", "cost"),
        path=_PATH % "trades",
        venue="freqtrade",
    ),
)
