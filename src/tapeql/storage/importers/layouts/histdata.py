"""HistData: forex minutes and quotes, in Eastern time without daylight saving, volumes always 0."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://www.histdata.com"
_EAST = "Etc/GMT+5"

LAYOUTS = (
    Layout(
        name="histdata-m1",
        title="HistData minutes",
        where=_WHERE,
        kind="candles",
        fields={"ts": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5},
        cells=("moment", "number", "number", "number", "number", "number"),
        path=r"DAT_ASCII_(?P<symbol>[A-Z0-9]+)_(?P<interval>M1)",
        by_path=True,
        venue="histdata",
        zone=_EAST,
        unknown=("volume",),
    ),
    Layout(
        name="histdata-m1-mt",
        title="HistData minutes for MetaTrader",
        where=_WHERE,
        kind="candles",
        fields={"ts": (0, 1), "open": 2, "high": 3, "low": 4, "close": 5, "volume": 6},
        cells=("moment", "moment", "number", "number", "number", "number", "number"),
        path=r"DAT_(?:MT|XLSX)_(?P<symbol>[A-Z0-9]+)_(?P<interval>M1)",
        by_path=True,
        venue="histdata",
        zone=_EAST,
        unknown=("volume",),
    ),
    Layout(
        name="histdata-ticks",
        title="HistData quotes",
        where=_WHERE,
        kind="quotes",
        fields={"ts": 0, "bid": 1, "ask": 2},
        cells=("moment", "number", "number", "number"),
        path=r"DAT_ASCII_(?P<symbol>[A-Z0-9]+)_T_",
        by_path=True,
        venue="histdata",
        zone=_EAST,
    ),
)
