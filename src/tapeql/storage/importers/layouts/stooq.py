"""Stooq: archives with a ticker column, and downloads named like aapl_us_d.csv."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://stooq.com/db/h"
_SPELLED = {"D": "1d", "d": "1d", "W": "1w", "w": "1w", "M": "1mo", "m": "1mo", "5": "5m", "60": "1h"}

LAYOUTS = (
    Layout(
        name="stooq",
        title="Stooq",
        where=_WHERE,
        kind="candles",
        fields={"symbol": "ticker", "interval": "per", "ts": ("date", "time"), "volume": "vol"},
        header=("ticker", "per", "date", "time", "open", "high", "low", "close", "vol", "openint"),
        spelled=_SPELLED,
        venue="stooq",
    ),
    Layout(
        name="stooq-download",
        title="Stooq download",
        where=_WHERE,
        kind="candles",
        fields={"ts": "date"},
        header=("date", "open", "high", "low", "close"),
        path=r"(?:^|/)(?P<symbol>[a-z0-9^.]+?(?:_[a-z]{2})?)_(?P<interval>[dwm])\.csv",
        by_path=True,
        spelled=_SPELLED,
        venue="stooq",
    ),
)
