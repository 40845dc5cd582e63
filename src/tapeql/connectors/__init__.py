"""The exchanges: one folder each, the same rooms in each, from bytes to events.

    bytes ──decode──▶ events ──▶ collect            decode      pure: one frame → events
    REST  ──history─▶ events ──▶ collect            book        pure: when a book is whole, and when it is not
                                                    subscriptions · symbols · history · connector

Adding a venue is adding a folder whose `VENUES` lists what it serves; others bring theirs as entry points of the group
`tapeql.connectors`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from typing import Final

from tapeql.connectors.venue import Venue
from tapeql.errors import DataError

ENTRY_POINTS: Final = "tapeql.connectors"


@cache
def venues() -> dict[str, Venue]:
    """Every venue by name, in byte order."""
    folders = [importlib.import_module(m.name) for m in pkgutil.iter_modules(__path__, f"{__name__}.") if m.ispkg]
    folders += [point.load() for point in entry_points(group=ENTRY_POINTS)]
    found = {venue.name: venue for folder in folders for venue in folder.VENUES}
    return dict(sorted(found.items()))


def venue_named(name: str) -> Venue:
    """Raises DataError naming the ones there are."""
    try:
        return venues()[name]
    except KeyError:
        raise DataError(f"there is no connector for {name!r}; there are {', '.join(venues())}") from None
