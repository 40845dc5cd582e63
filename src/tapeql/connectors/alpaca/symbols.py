"""Alpaca's symbols: its assets, none of which says whether it is a share or a fund."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tapeql.connectors.alpaca.decode import VENUE
from tapeql.connectors.events import Instrument


def instruments(assets: Iterable[Mapping[str, Any]], now_us: int, kind: str | None) -> list[Instrument]:
    """By code. The only kind there is: "stock"."""
    if kind not in (None, "stock"):
        return []
    found = [
        Instrument(
            VENUE,
            str(asset["symbol"]),
            now_us,
            "stock",
            base=str(asset["symbol"]),
            quote="USD",
            status="trading" if asset.get("tradable") else "halted",
        )
        for asset in assets
        if isinstance(asset.get("symbol"), str)
    ]
    return sorted(found, key=lambda instrument: instrument.symbol)
