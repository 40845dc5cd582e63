"""EODHD: end of day and intraday bars."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="eodhd-intraday",
        title="EODHD intraday bars",
        where="https://eodhd.com",
        kind="candles",
        fields={"ts": "timestamp"},
        header=("timestamp", "gmtoffset", "datetime", "open", "high", "low", "close", "volume"),
        venue="eodhd",
    ),
    Layout(
        name="eodhd-days",
        title="EODHD daily bars",
        where="https://eodhd.com",
        kind="candles",
        fields={"ts": "date", "close": "close"},
        header=("date", "open", "high", "low", "close", "adjustedclose", "volume"),
        path=r"(?:^|/)(?P<symbol>[A-Z0-9-]+\.[A-Z]+)\.csv",
        venue="eodhd",
    ),
)
