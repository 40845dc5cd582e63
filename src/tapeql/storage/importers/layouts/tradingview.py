"""TradingView: chart data, with a column for each indicator on the chart."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="tradingview",
        title="TradingView chart data",
        where="https://www.tradingview.com (export chart data)",
        kind="candles",
        fields={"ts": "time", "volume": "volume"},
        header=("time", "open", "high", "low", "close"),
        path=r"(?:^|/)(?P<venue>[A-Z]+)_(?P<symbol>[A-Z0-9.!]+), (?P<interval>\w+?)(?:_[0-9a-f]+)?\.csv",
        by_path=True,
        spelled={"1": "1m", "3": "3m", "5": "5m", "15": "15m", "30": "30m", "45": "45m", "60": "1h", "120": "2h"}
        | {"180": "3h", "240": "4h", "1D": "1d", "1W": "1w", "1M": "1mo", "D": "1d", "W": "1w", "M": "1mo"},
    ),
)
