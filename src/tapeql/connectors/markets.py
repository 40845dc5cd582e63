"""Symbols and their metadata through ccxt, which knows each exchange's market list and keeps up with it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Mapping
from typing import Any

from tapeql.connectors.events import Instrument
from tapeql.connectors.frames import printable
from tapeql.connectors.venue import Settings
from tapeql.errors import ConnectionFailed, VenueError

_KINDS = {"spot": "spot", "swap": "perpetual", "future": "future", "option": "option"}


async def instruments(
    exchange: str,
    settings: Settings,
    now_us: int,
    *,
    point: Callable[[dict[str, Any], str], None],
    options: Mapping[str, Any] | None = None,
    code: Callable[[Mapping[str, Any]], str] = lambda market: str(market["id"]),
) -> list[Instrument]:
    """The markets of ccxt's `exchange`, by code.

    `point(urls, rest_url)` turns ccxt's table of addresses to the venue's; `code` picks ours of a ccxt market.
    Raises VenueError, ConnectionFailed.
    """
    # It takes a second to load, and a feed may be waiting for this thread.
    library = await asyncio.to_thread(importlib.import_module, "ccxt.async_support")
    import ccxt

    client = getattr(library, exchange)(
        {"enableRateLimit": True, "aiohttp_trust_env": True, "options": dict(options or {})}
    )
    # Currencies need a key at some venues, and nobody asks for them.
    client.has["fetchCurrencies"] = False
    point(client.urls["api"], settings.rest_url)
    try:
        markets = await client.fetch_markets()
    except ccxt.NetworkError as error:
        raise ConnectionFailed(f"{settings.venue.title} cannot be reached: {type(error).__name__}") from None
    except ccxt.BaseError as error:
        raise VenueError(f"{settings.venue.title} refused its list of symbols: {printable(str(error))}") from None
    except (ValueError, TypeError, LookupError, AttributeError):
        # The library trusts replies to have their usual form.
        raise VenueError(f"{settings.venue.title} sent a list of symbols that cannot be read") from None
    finally:
        await client.close()
        # aiohttp closes its transports a turn later.
        await asyncio.sleep(0)
    if not markets:
        # The library takes nonsense for an empty list.
        raise VenueError(f"{settings.venue.title} sent no symbols")
    found = [_instrument(settings.venue.name, code(market), market, now_us) for market in markets]
    return sorted(found, key=lambda instrument: instrument.symbol)


def _instrument(venue: str, code: str, market: Mapping[str, Any], now_us: int) -> Instrument:
    precision = market.get("precision") or {}
    native = str(market["id"])
    return Instrument(
        venue,
        code,
        now_us,
        _KINDS.get(str(market.get("type")), str(market.get("type"))),
        market.get("base"),
        market.get("quote"),
        _number(precision.get("price")),
        _number(precision.get("amount")),
        "trading" if market.get("active") in (True, None) else "halted",
        native if native != code else None,
    )


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
