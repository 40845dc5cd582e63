"""Interactive Brokers: bars as ib_async and the Client Portal write them."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="ibkr-bars",
        title="IBKR bars (ib_async)",
        where="pip install ib_async",
        kind="candles",
        fields={"ts": "date", "vwap": "average", "trades": "barcount"},
        header=("date", "open", "high", "low", "close", "volume", "average", "barcount"),
        venue="ibkr",
    ),
)
