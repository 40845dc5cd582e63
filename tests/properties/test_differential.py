"""Kernels, DuckDB SQL, Postgres and the oracle answer random queries alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.properties import differential
from tests.properties.stores import Shelf, shelf
from tests.servers import PostgresServer

QUERIES = 300
SEED = 20250310


def test_engines_agree_with_the_oracle(shelves_of_tapes: list[Shelf]) -> None:
    """Random queries have the same rows in the same order on every engine, and most of them have rows."""
    tally = differential.Tally()
    differential.run(shelves_of_tapes, QUERIES, SEED, tally)
    assert not tally.failures, "\n".join([f"seed {SEED}", *tally.failures])
    assert tally.queries > QUERIES / 2
    assert tally.share_with_rows >= 0.6, tally
    assert all(count == tally.queries for count in tally.compared.values()), tally
    assert tally.refused.total() + tally.knife_edges <= 0.05 * tally.queries, tally


@pytest.mark.parametrize("path", differential.kept_failures(), ids=lambda path: path.stem)
def test_what_once_disagreed_agrees(path: Path, tmp_path: Path, postgres_server: PostgresServer) -> None:
    """A failure is a file that is asked again forever."""
    tape, text = differential.load(path)
    with shelf(tape, tmp_path / "lake", postgres_server.create_database()) as kept:
        assert differential.check(kept, text, differential.Tally()) == []
