"""investing.com: newest first, the close called Price, volumes such as 1.23M."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="investing",
        title="investing.com",
        where="https://www.investing.com (historical data)",
        kind="candles",
        fields={"ts": "date", "close": "price", "volume": "vol"},
        header=("date", "price", "open", "high", "low", "change"),
        order="month-first",
        venue="investing",
    ),
)
