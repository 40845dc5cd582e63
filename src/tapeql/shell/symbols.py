"""`tapeql symbols`: what a venue trades."""

from __future__ import annotations

import argparse
import asyncio
from typing import Final

from tapeql.shell.command import DONE
from tapeql.shell.gaps import show

COLUMNS: Final = ("symbol", "kind", "base", "quote", "price_step", "quantity_step", "status")


def symbols(options: argparse.Namespace) -> int:
    """Prints a venue's instruments. Raises DataError, VenueError, ConnectionFailed."""
    found = asyncio.run(_symbols(options.venue, options.type))
    rows = [{name: getattr(each, name) for name in COLUMNS} for each in found]
    kind = f" of type {options.type}" if options.type else ""
    show(rows, COLUMNS, options.format, f"{options.venue} lists no symbols{kind}")
    return DONE


async def _symbols(name: str, kind: str | None) -> list[object]:
    from tapeql.collect.clock import steady_clock
    from tapeql.connectors import venue_named
    from tapeql.connectors.settings import settings_of

    venue = venue_named(name)
    connector = venue.connector(settings_of(venue), steady_clock())
    try:
        return list(await connector.symbols(kind))
    finally:
        await connector.disconnect()
