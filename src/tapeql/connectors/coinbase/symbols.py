"""Coinbase's products."""

from __future__ import annotations

from typing import Any

from tapeql.connectors.events import Instrument
from tapeql.connectors.markets import instruments
from tapeql.connectors.venue import Settings


async def symbols(settings: Settings, now_us: int, kind: str | None) -> list[Instrument]:
    """All products, or those of a kind ("spot", "perpetual", "future"); both venues are called so by ccxt too."""

    def point(urls: dict[str, Any], rest_url: str) -> None:
        urls["rest"] = urls["public"] = rest_url

    found = await instruments(settings.venue.name, settings, now_us, point=point)
    return [each for each in found if kind in (None, each.kind)]
