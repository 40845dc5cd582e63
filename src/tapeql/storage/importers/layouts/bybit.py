"""Bybit: a file a day of spot or derivatives trades."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://public.bybit.com"

LAYOUTS = (
    Layout(
        name="bybit-trades",
        title="Bybit derivatives trades",
        where=_WHERE,
        kind="trades",
        fields={"ts": "timestamp", "symbol": "symbol", "quantity": "size", "trade_id": "trdmatchid"},
        header=("timestamp", "symbol", "side", "size", "price", "tickdirection", "trdmatchid"),
        venue="bybit",
    ),
    Layout(
        name="bybit-spot-trades",
        title="Bybit spot trades",
        where=_WHERE,
        kind="trades",
        fields={"trade_id": "id", "ts": "timestamp", "quantity": "volume"},
        header=("id", "timestamp", "price", "volume", "side"),
        path=r"(?:^|/)(?P<symbol>[A-Z0-9]+)_\d{4}-\d\d-\d\d\.csv",
        by_path=True,
        venue="bybit",
    ),
)
