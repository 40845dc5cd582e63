"""Quandl WIKI: daily bars of US stocks, raw and adjusted side by side; the raw ones are taken."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="quandl-wiki",
        title="Quandl WIKI",
        where="https://data.nasdaq.com",
        kind="candles",
        fields={"ts": "date", "open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume"},
        header=("date", "open", "high", "low", "close", "volume", "exdividend", "splitratio"),
        path=r"(?:^|/)WIKI[-_](?P<symbol>[A-Z]+(?:[._][A-Z]+)*)",
        venue="quandl",
    ),
)
