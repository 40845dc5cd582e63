"""MetaTrader 4 and 5: date and time in two columns, by the broker's clock."""

from tapeql.storage.importers.layout import Layout

_WHERE = "MetaTrader: symbols, bars, export"
_MINUTES = {"Daily": "1d", "Weekly": "1w", "Monthly": "1mo", "MN1": "1mo"}

LAYOUTS = (
    Layout(
        name="metatrader5-bars",
        title="MetaTrader 5 bars",
        where=_WHERE,
        kind="candles",
        fields={"ts": ("date", "time"), "volume": "vol", "trades": "tickvol"},
        header=("date", "time", "open", "high", "low", "close", "tickvol", "vol", "spread"),
        path=r"(?:^|/)(?P<symbol>[A-Za-z0-9.#]+?)_(?P<interval>M\d+|H\d+|D1|W1|MN1|Daily|Weekly|Monthly)(?:_|\.)",
        spelled=_MINUTES,
        venue="metatrader",
        unknown=("volume",),
    ),
    Layout(
        name="metatrader5-days",
        title="MetaTrader 5 daily bars",
        where=_WHERE,
        kind="candles",
        fields={"ts": "date", "volume": "vol", "trades": "tickvol"},
        header=("date", "open", "high", "low", "close", "tickvol", "vol", "spread"),
        path=r"(?:^|/)(?P<symbol>[A-Za-z0-9.#]+?)_(?P<interval>D1|W1|MN1|Daily|Weekly|Monthly)(?:_|\.)",
        spelled=_MINUTES,
        venue="metatrader",
        unknown=("volume",),
    ),
    Layout(
        name="metatrader5-ticks",
        title="MetaTrader 5 ticks",
        where=_WHERE,
        kind="quotes",
        fields={"ts": ("date", "time"), "bid": "bid", "ask": "ask"},
        header=("date", "time", "bid", "ask", "last", "volume"),
        path=r"(?:^|/)(?P<symbol>[A-Za-z0-9.#]+?)_\d{12}",
        venue="metatrader",
        # It writes the side that changed; of a tick that is a trade, neither.
        carries=("bid", "ask"),
    ),
    Layout(
        name="metatrader4-bars",
        title="MetaTrader 4 bars",
        where=_WHERE,
        kind="candles",
        fields={"ts": (0, 1), "open": 2, "high": 3, "low": 4, "close": 5, "trades": 6},
        cells=("moment", "moment", "number", "number", "number", "number", "int"),
        path=r"(?:^|/)(?P<symbol>[A-Z]{6}|[A-Z]+[.#]?[A-Z]*?)(?P<minutes>1|5|15|30|60|240|1440|10080|43200)\.csv",
        by_path=True,
        venue="metatrader",
    ),
)
