"""Databento: trades, bars and top of book, as CSV or DBN; prices may be whole numbers of 1e-9."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://databento.com (batch download, CSV or DBN)"
_NANO = 1e9
_TRADED = ("publisherid", {"1": "cme"})
"""Publisher 1 is CME Globex, whose futures trade by the exchange's own days and not by those of stocks."""

_SIDES = {"a": "sell", "b": "buy", "n": None}

LAYOUTS = (
    Layout(
        name="databento-trades",
        title="Databento trades",
        where=_WHERE,
        kind="trades",
        fields={"ts": "tsevent", "symbol": "symbol|instrumentid", "quantity": "size", "market": "publisherid"},
        header=("tsevent", "rtype", "publisherid", "instrumentid", "action", "side", "price", "size", "sequence"),
        venue="databento",
        traded=_TRADED,
        divisors={"price": _NANO},
        where_whole=True,
        sides=_SIDES,
        only=("action", "T"),
    ),
    Layout(
        name="databento-bars",
        title="Databento bars",
        where=_WHERE,
        kind="candles",
        fields={"ts": "tsevent", "symbol": "symbol|instrumentid", "interval": "rtype"},
        header=("tsevent", "rtype", "publisherid", "instrumentid", "open", "high", "low", "close", "volume"),
        venue="databento",
        traded=_TRADED,
        divisors=dict.fromkeys(("open", "high", "low", "close"), _NANO),
        where_whole=True,
        spelled={"32": "1s", "33": "1m", "34": "1h", "35": "1d"},
    ),
    Layout(
        name="databento-quotes",
        title="Databento top of book",
        where=_WHERE,
        kind="quotes",
        fields={
            "ts": "tsevent",
            "symbol": "symbol|instrumentid",
            "bid": "bidpx00",
            "bid_size": "bidsz00",
            "ask": "askpx00",
            "ask_size": "asksz00",
            "market": "publisherid",
        },
        # Rows of the top of book hold the event behind it too, and so all that rows of trades hold.
        header=(
            *("tsevent", "rtype", "publisherid", "instrumentid", "side", "price", "size", "flags"),
            *("bidpx00", "askpx00", "bidsz00", "asksz00"),
        ),
        venue="databento",
        traded=_TRADED,
        divisors={"bid": _NANO, "ask": _NANO},
        where_whole=True,
    ),
)
