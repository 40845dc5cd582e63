"""Dukascopy: candles of one side, and quotes, by GMT."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://www.dukascopy.com/swiss/english/marketwatch/historical"
_PATH = r"(?:^|/)(?P<symbol>[A-Z0-9.]+)_(?:Candlestick|UTC)_(?P<interval>\d+[ _]\w+?)_(?:BID|ASK|Bid|Ask)"
_SPELLED = {
    "1_M": "1m",
    "5_M": "5m",
    "10_M": "10m",
    "15_M": "15m",
    "30_M": "30m",
    "1_m": "1m",
    "1_h": "1h",
    "1_D": "1d",
}

LAYOUTS = (
    Layout(
        name="dukascopy-candles",
        title="Dukascopy candles",
        where=_WHERE,
        kind="candles",
        fields={"ts": "gmttime"},
        header=("gmttime", "open", "high", "low", "close", "volume"),
        path=_PATH,
        spelled=_SPELLED,
        venue="dukascopy",
        zone="UTC",
        order="day-first",
    ),
    Layout(
        name="dukascopy-local-candles",
        title="Dukascopy candles in local time",
        where=_WHERE,
        kind="candles",
        fields={"ts": "localtime"},
        header=("localtime", "open", "high", "low", "close", "volume"),
        path=_PATH,
        spelled=_SPELLED,
        venue="dukascopy",
        order="day-first",
    ),
    Layout(
        name="dukascopy-ticks",
        title="Dukascopy quotes",
        where=_WHERE,
        kind="quotes",
        fields={"ts": "gmttime", "bid_size": "bidvolume", "ask_size": "askvolume"},
        header=("gmttime", "ask", "bid", "askvolume", "bidvolume"),
        path=r"(?:^|/)(?P<symbol>[A-Z0-9.]+)_Ticks",
        venue="dukascopy",
        zone="UTC",
        order="day-first",
    ),
)
