"""Yahoo Finance: its own download, and what the yfinance package saves."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="yahoo",
        title="Yahoo Finance download",
        where="https://finance.yahoo.com (historical data)",
        kind="candles",
        fields={"ts": "date", "close": "close"},
        header=("date", "open", "high", "low", "close", "adjclose", "volume"),
        path=r"(?:^|/)(?P<symbol>\^?[A-Z0-9.=-]+)\.csv",
        venue="yahoo",
    ),
    Layout(
        name="yfinance",
        title="yfinance",
        where="pip install yfinance",
        kind="candles",
        fields={"ts": 0, "close": "close"},
        header=("price", "close", "high", "low", "open", "volume"),
        venue="yahoo",
    ),
    Layout(
        name="yfinance-flat",
        title="yfinance, one ticker",
        where="pip install yfinance",
        kind="candles",
        fields={"close": "close"},
        header=("open", "high", "low", "close", "volume", "dividends", "stocksplits"),
        path=r"(?:^|/)(?P<symbol>\^?[A-Z0-9.=-]+)\.csv",
        venue="yahoo",
    ),
)
