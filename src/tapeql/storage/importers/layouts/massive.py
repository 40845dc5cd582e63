"""Massive (formerly Polygon): flat files of all tickers."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://massive.com/flat-files"

LAYOUTS = (
    Layout(
        name="massive-aggregates",
        title="Massive aggregates",
        where=_WHERE,
        kind="candles",
        fields={"symbol": "ticker", "ts": "windowstart", "trades": "transactions"},
        header=("ticker", "volume", "open", "close", "high", "low", "windowstart", "transactions"),
        path=r"(?:^|[/_])(?P<interval>minute|day)(?:_aggs)?(?:_|[^/]*$)",
        spelled={"minute": "1m", "day": "1d"},
        venue="massive",
    ),
    Layout(
        name="massive-trades",
        title="Massive trades",
        where=_WHERE,
        kind="trades",
        fields={"symbol": "ticker", "ts": "siptimestamp", "trade_id": "id", "quantity": "size", "market": "exchange"},
        header=("ticker", "conditions", "exchange", "id", "price", "sequencenumber", "siptimestamp", "size"),
        venue="massive",
    ),
    Layout(
        name="massive-crypto-trades",
        title="Massive crypto trades",
        where=_WHERE,
        kind="trades",
        fields={"symbol": "ticker", "ts": "participanttimestamp", "trade_id": "id", "quantity": "size"},
        header=("ticker", "conditions", "exchange", "id", "participanttimestamp", "price", "size"),
        venue="massive",
    ),
    Layout(
        name="massive-quotes",
        title="Massive quotes",
        where=_WHERE,
        kind="quotes",
        fields={
            "symbol": "ticker",
            "ts": "siptimestamp",
            "bid": "bidprice",
            "bid_size": "bidsize",
            "ask": "askprice",
            "ask_size": "asksize",
        },
        header=("ticker", "askexchange", "askprice", "asksize", "bidexchange", "bidprice", "bidsize", "siptimestamp"),
        venue="massive",
    ),
)
