"""Shelves: tapes in real stores, written once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.properties.differential import shelves
from tests.properties.stores import Shelf
from tests.servers import PostgresServer

TAPES = 8


@pytest.fixture(scope="session")
def shelves_of_tapes(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Shelf]]:
    """A tape around each of the hard dates, asked through every engine."""
    with shelves(range(TAPES), tmp_path_factory.mktemp("lakes"), postgres_server) as found:
        yield found
