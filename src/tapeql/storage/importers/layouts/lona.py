"""Lona: candles for the backtester."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="lona",
        title="Lona",
        where="the Lona backtester",
        kind="candles",
        fields={"ts": "timestamp"},
        header=("timestamp", "open", "high", "low", "close", "volume"),
        path=r"(?:^|/)lona|\.json",
        by_path=True,
    ),
)
