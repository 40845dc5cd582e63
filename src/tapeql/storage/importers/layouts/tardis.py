"""Tardis: downloadable CSV of many exchanges."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://docs.tardis.dev/downloadable-csv-files"
_WHO = {"venue": "exchange", "symbol": "symbol", "ts": "timestamp"}
_BOOK = "its rows are changes of many price levels, which import does not take: download quotes or trades"

LAYOUTS = (
    Layout(
        name="tardis-trades",
        title="Tardis trades",
        where=_WHERE,
        kind="trades",
        fields={**_WHO, "trade_id": "id", "quantity": "amount"},
        header=("exchange", "symbol", "timestamp", "localtimestamp", "id", "side", "price", "amount"),
    ),
    Layout(
        name="tardis-quotes",
        title="Tardis quotes",
        where=_WHERE,
        kind="quotes",
        fields={**_WHO, "bid": "bidprice", "bid_size": "bidamount", "ask": "askprice", "ask_size": "askamount"},
        header=("exchange", "symbol", "timestamp", "localtimestamp", "askamount", "askprice", "bidprice", "bidamount"),
    ),
    Layout(
        name="tardis-snapshots",
        title="Tardis book snapshots",
        where=_WHERE,
        kind="quotes",
        fields={**_WHO, "bid": "bids0price", "bid_size": "bids0amount", "ask": "asks0price", "ask_size": "asks0amount"},
        header=("exchange", "symbol", "timestamp", "localtimestamp", "asks0price", "asks0amount", "bids0price"),
    ),
    Layout(
        name="tardis-book",
        title="Tardis incremental books",
        where=_WHERE,
        kind="quotes",
        header=("exchange", "symbol", "timestamp", "localtimestamp", "issnapshot", "side", "price", "amount"),
        refusal=_BOOK,
    ),
)
