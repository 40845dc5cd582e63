"""Kraken: time and sales, and candles, as zip archives of all pairs (no header, seconds)."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://support.kraken.com (downloadable historical market data)"

LAYOUTS = (
    Layout(
        name="kraken-trades",
        title="Kraken time and sales",
        where=_WHERE,
        kind="trades",
        fields={"ts": 0, "price": 1, "quantity": 2},
        cells=("seconds", "number", "number"),
        path=r"(?:^|/)(?P<symbol>[A-Z0-9.]+)\.csv",
        by_path=True,
        venue="kraken",
    ),
    Layout(
        name="kraken-candles",
        title="Kraken OHLCVT",
        where=_WHERE,
        kind="candles",
        fields={"ts": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5, "trades": 6},
        cells=("seconds", "number", "number", "number", "number", "number", "int"),
        path=r"(?:^|/)(?P<symbol>[A-Z0-9.]+)_(?P<minutes>\d+)\.csv",
        by_path=True,
        venue="kraken",
    ),
)
