"""Massive's symbols: its tickers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tapeql.connectors.events import Instrument
from tapeql.connectors.massive.decode import VENUE

FUNDS: Final = frozenset({"ETF", "ETV", "ETN", "ETS"})


def instruments(tickers: Iterable[Mapping[str, Any]], now_us: int, kind: str | None) -> list[Instrument]:
    """By code: "etf" for what trades as a fund, "stock" for everything else."""
    found = [
        Instrument(
            VENUE,
            str(row["ticker"]),
            now_us,
            "etf" if row.get("type") in FUNDS else "stock",
            base=str(row["ticker"]),
            quote=str(row.get("currency_name") or "usd").upper(),
            status="trading" if row.get("active", True) else "halted",
        )
        for row in tickers
        if isinstance(row.get("ticker"), str)
    ]
    return sorted((each for each in found if kind in (None, each.kind)), key=lambda instrument: instrument.symbol)
