"""Nasdaq's own download: newest first, prices with a dollar sign, US dates."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="nasdaq",
        title="Nasdaq historical data",
        where="https://www.nasdaq.com (historical quotes)",
        kind="candles",
        fields={"ts": "date", "close": "closelast"},
        header=("date", "closelast", "volume", "open", "high", "low"),
        order="month-first",
        venue="nasdaq",
    ),
)
