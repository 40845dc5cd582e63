"""Bitcoincharts: trades of many exchanges, one file each, named like bitstampUSD.csv."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="bitcoincharts",
        title="Bitcoincharts trades (Bitstamp and others)",
        where="https://api.bitcoincharts.com/v1/csv",
        kind="trades",
        fields={"ts": 0, "price": 1, "quantity": 2},
        cells=("seconds", "number", "number"),
        path=r"(?:^|/)\.?(?P<venue>[a-z]+)(?P<symbol>[A-Z]{3})\.csv",
        by_path=True,
    ),
)
