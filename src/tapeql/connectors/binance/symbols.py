"""Binance's symbols."""

from __future__ import annotations

from typing import Any

from tapeql.connectors.binance.markets import Market
from tapeql.connectors.events import Instrument
from tapeql.connectors.markets import instruments
from tapeql.connectors.venue import Settings


async def symbols(market: Market, settings: Settings, now_us: int, kind: str | None) -> list[Instrument]:
    """All instruments, or those of a kind ("spot", "perpetual", "future")."""

    def point(urls: dict[str, Any], rest_url: str) -> None:
        urls["public"] = urls["v1"] = f"{rest_url}/api/v3"
        urls["fapiPublic"] = f"{rest_url}/fapi/v1"

    types = {"fetchMarkets": {"types": ["spot" if market.path == "/api/v3" else "linear"]}}
    found = await instruments(market.ccxt, settings, now_us, point=point, options=types)
    return [each for each in found if kind in (None, each.kind)]
