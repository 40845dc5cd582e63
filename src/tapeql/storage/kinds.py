"""How a store is named: a URL of a database, else the folder of a lake."""

from __future__ import annotations

from typing import Final

SCHEMES: Final = ("postgresql", "postgres")
"""What a URL of a database begins with."""

EXAMPLE: Final = "postgresql://…"


def is_database(location: str) -> bool:
    return location.startswith(tuple(f"{scheme}://" for scheme in SCHEMES))
