"""Opens the store that a location names."""

from __future__ import annotations

from tapeql.storage.kinds import is_database
from tapeql.storage.store import Store


def open_store(location: str) -> Store:
    """`postgresql://…` is a database, anything else the path of a lake. Nothing is created until first written."""
    if is_database(location):
        from tapeql.storage.postgres import PostgresStore

        return PostgresStore(location)
    from tapeql.storage.lake import Lake

    return Lake(location)
