"""Alpha Vantage: files named like intraday_5min_IBM.csv, and its JSON; intraday by New York's clock."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="alphavantage",
        title="Alpha Vantage",
        where="https://www.alphavantage.co/documentation",
        kind="candles",
        fields={"ts": "timestamp"},
        header=("timestamp", "open", "high", "low", "close", "volume"),
        path=r"(?:^|/)(?:intraday_)?(?P<interval>daily|weekly|monthly|\d+min)_(?:adjusted_)?(?P<symbol>[A-Z0-9.]+)\.csv",
        by_path=True,
        zone="America/New_York",
        venue="alphavantage",
    ),
)
