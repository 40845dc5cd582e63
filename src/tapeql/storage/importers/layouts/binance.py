"""Binance Vision: daily and monthly archives of spot and futures markets (https://github.com/binance/binance-public-data)."""

from dataclasses import replace

from tapeql.storage.importers.layout import Layout

_WHERE = "https://data.binance.vision"
_COIN_PATH = r"(?P<symbol>[A-Z0-9]+USD_(?:PERP|\d{6}))-%s-\d{4}-\d\d(-\d\d)?\."
_PATH = r"(?P<symbol>[A-Z0-9_]+)-%s-\d{4}-\d\d(-\d\d)?\."

_INTERVAL = r"(?P<interval>\d+[a-z]+|1M)"

_FUTURES_KLINES = Layout(
    name="binance-futures-klines",
    title="Binance Vision futures klines",
    where=_WHERE,
    kind="candles",
    fields={
        "ts": "opentime",
        "volume": "volume",
        "quote_volume": "quotevolume",
        "trades": "count",
    },
    header=(
        "opentime",
        "open",
        "high",
        "low",
        "close",
        "volume",
        "closetime",
        "quotevolume",
        "count",
        "takerbuyvolume",
    ),
    path=_PATH % _INTERVAL,
    spelled={"1M": "1mo"},
    venue="binanceusdm",
)

LAYOUTS = (
    Layout(
        name="binance-klines",
        title="Binance Vision klines",
        where=_WHERE,
        kind="candles",
        fields={"ts": 0, "open": 1, "high": 2, "low": 3, "close": 4, "volume": 5, "quote_volume": 7, "trades": 8},
        cells=("epoch", *["number"] * 5, "epoch", "number", "int", "number", "number", "any"),
        path=_PATH % _INTERVAL,
        spelled={"1M": "1mo"},
        venue="binance",
    ),
    _FUTURES_KLINES,
    # Volumes count contracts, and in place of the quote volume stands the base asset's.
    replace(
        _FUTURES_KLINES,
        name="binance-coin-futures-klines",
        title="Binance Vision coin-margined futures klines",
        fields={"ts": "opentime", "volume": "volume", "trades": "count"},
        path=_COIN_PATH % _INTERVAL,
        venue="binancecoinm",
        by_path=True,
    ),
    Layout(
        name="binance-trades",
        title="Binance Vision trades",
        where=_WHERE,
        kind="trades",
        fields={"trade_id": 0, "price": 1, "quantity": 2, "ts": 4, "buyer_maker": 5},
        cells=("int", "number", "number", "number", "epoch", "flag", "flag"),
        path=_PATH % "trades",
        venue="binance",
    ),
    Layout(
        name="binance-futures-trades",
        title="Binance Vision futures trades",
        where=_WHERE,
        kind="trades",
        fields={"trade_id": "id", "quantity": "qty", "ts": "time", "buyer_maker": "isbuyermaker"},
        header=("id", "price", "qty", "quoteqty", "time", "isbuyermaker"),
        path=_PATH % "trades",
        venue="binanceusdm",
    ),
    Layout(
        name="binance-aggtrades",
        title="Binance Vision aggregated trades",
        where=_WHERE,
        kind="trades",
        fields={"trade_id": 0, "price": 1, "quantity": 2, "ts": 5, "buyer_maker": 6},
        cells=("int", "number", "number", "int", "int", "epoch", "flag", "flag"),
        path=_PATH % "aggTrades",
        venue="binance",
    ),
    Layout(
        name="binance-futures-aggtrades",
        title="Binance Vision futures aggregated trades",
        where=_WHERE,
        kind="trades",
        fields={"trade_id": "aggtradeid", "ts": "transacttime", "buyer_maker": "isbuyermaker"},
        header=("aggtradeid", "price", "quantity", "firsttradeid", "lasttradeid", "transacttime", "isbuyermaker"),
        path=_PATH % "aggTrades",
        venue="binanceusdm",
    ),
    Layout(
        name="binance-bookticker",
        title="Binance Vision book tickers",
        where=_WHERE,
        kind="quotes",
        fields={
            "ts": "transactiontime",
            "bid": "bestbidprice",
            "bid_size": "bestbidqty",
            "ask": "bestaskprice",
            "ask_size": "bestaskqty",
        },
        header=("updateid", "bestbidprice", "bestbidqty", "bestaskprice", "bestaskqty", "transactiontime"),
        path=_PATH % "bookTicker",
        venue="binanceusdm",
    ),
)
