"""LEAN: a zip a day or a symbol, times in milliseconds of the day, prices of US equities times 10,000."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://www.quantconnect.com/docs (LEAN data folder)"
_EQUITIES = r"(?:^|/)equity/(?P<venue>[a-z]+)/"
_OTHERS = r"(?:^|/|_)(?P<venue>coinbase|gdax|binance|binanceus|bitfinex|kraken|bybit|ftx|oanda|fxcm)[/_]"
_DAY = r"(?:minute|second).*?(?P<day>\d{8})_(?P<symbol>[a-z0-9.]+)_(?P<interval>minute|second)_trade"
_SYMBOL = r"(?P<interval>daily|hour)[/_](?P<symbol>[a-z0-9.]+?)(?:_trade)?\.(?:zip|csv)"
_ZONES = {"usa": "America/New_York", "india": "Asia/Kolkata"}
_SPELLED = {"minute": "1m", "second": "1s", "hour": "1h", "daily": "1d"}
_BAR = {"ts": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5}
_TENTHS = dict.fromkeys(("open", "high", "low", "close"), 10_000.0)
_OF_DAY = ("of_day", *["number"] * 5)
_MOMENT = ("moment", *["number"] * 5)
_QUOTES = (
    "its rows hold the open, high, low and close of bids and asks, which are no quotes: "
    "bring the trade file beside it, or tick quotes"
)

LAYOUTS = (
    Layout(
        name="lean-equity",
        title="LEAN equity bars of a day",
        where=_WHERE,
        kind="candles",
        fields=_BAR,
        cells=_OF_DAY,
        path=_EQUITIES + ".*" + _DAY,
        by_path=True,
        millis_of_day=True,
        markets=_ZONES,
        divisors=_TENTHS,
        spelled=_SPELLED,
    ),
    Layout(
        name="lean-equity-days",
        title="LEAN equity bars of days and hours",
        where=_WHERE,
        kind="candles",
        fields=_BAR,
        cells=_MOMENT,
        path=_EQUITIES + _SYMBOL,
        by_path=True,
        markets=_ZONES,
        divisors=_TENTHS,
        spelled=_SPELLED,
    ),
    Layout(
        name="lean-crypto",
        title="LEAN crypto and forex bars of a day",
        where=_WHERE,
        kind="candles",
        fields=_BAR,
        cells=_OF_DAY,
        path=_OTHERS + ".*" + _DAY,
        by_path=True,
        millis_of_day=True,
        zone="UTC",
        spelled=_SPELLED,
    ),
    Layout(
        name="lean-crypto-days",
        title="LEAN crypto and forex bars of days and hours",
        where=_WHERE,
        kind="candles",
        fields=_BAR,
        cells=_MOMENT,
        path=_OTHERS + _SYMBOL,
        by_path=True,
        zone="UTC",
        spelled=_SPELLED,
    ),
    Layout(
        name="lean-quotes",
        title="LEAN quote bars",
        where=_WHERE,
        kind="quotes",
        cells=("moment", *["number"] * 10),
        path=r"_quote\.(?:zip|csv)",
        by_path=True,
        refusal=_QUOTES,
    ),
)
