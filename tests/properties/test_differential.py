"""Kernels, DuckDB SQL, Postgres and the oracle answer random queries alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.properties import differential
from tests.properties.conftest import ShelfOf
from tests.properties.stores import shelf
from tests.servers import PostgresServer

QUERIES = 50
SEEDS = (1, 2, 3, 4)
POSTGRES_EVERY = 5


@pytest.mark.parametrize("seed", SEEDS)
def test_engines_agree_with_the_oracle(shelf_of: ShelfOf, seed: int) -> None:
    """Random queries have the same rows in the same order on every engine, and most of them have rows."""
    tally = differential.Tally()
    on = [shelf_of(2 * seed - 2), shelf_of(2 * seed - 1)]
    differential.run(on, QUERIES, seed, tally, postgres_every=POSTGRES_EVERY)
    assert not tally.failures, "\n".join([f"seed {seed}", *tally.failures])
    assert tally.share_with_rows >= 0.5, tally  # two in three do; so few of them waver by seven points
    assert tally.compared == {"kernels": QUERIES, "sql": QUERIES, "postgres": QUERIES // POSTGRES_EVERY}, tally
    assert tally.refused.total() + len(tally.knife_edges) <= 0.05 * QUERIES, tally


@pytest.mark.parametrize("path", differential.kept_failures(), ids=lambda path: path.stem)
def test_what_once_disagreed_agrees(path: Path, tmp_path: Path, postgres_server: PostgresServer) -> None:
    """A failure is a file that is asked again forever."""
    tape, text = differential.load(path)
    with shelf(tape, tmp_path / "lake", postgres_server.create_database()) as kept:
        assert differential.check(kept, text, differential.Tally()) == []
