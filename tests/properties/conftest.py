"""Shelves: tapes in real stores, each written once a session, when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.oracle.recordings import recording
from tests.properties.stores import Shelf, shelf
from tests.servers import PostgresServer

ShelfOf = Callable[[int], Shelf]


@pytest.fixture(scope="session")
def shelf_of(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShelfOf]:
    """The recording of a seed, asked through every engine; the first eight are around the hard dates."""
    folder = tmp_path_factory.mktemp("shelves")
    with ExitStack() as stack:
        yield cache(
            lambda seed: stack.enter_context(
                shelf(recording(seed), folder / f"lake-{seed}", postgres_server.create_database())
            )
        )
