"""Engines against the oracle on random queries: `python -m tests.properties.differential --queries 2000 --seed N`.

A disagreement is kept as a file in `failures/`, tape and text, and asked again by the default tests forever.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tapeql.errors import QueryError
from tests.oracle.generator import VERBS, queries
from tests.oracle.recordings import recording
from tests.oracle.tape import Tape
from tests.properties.comparison import difference
from tests.properties.knife_edges import is_knife_edge
from tests.properties.stores import Refused, Shelf, shelf
from tests.servers import PostgresServer, postgres_binaries

FAILURES = Path(__file__).parent / "failures"


@dataclass(slots=True)
class Tally:
    """What a run has seen."""

    queries: int = 0
    with_rows: int = 0
    rows: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    knife_edges: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    again: int = 0

    @property
    def share_with_rows(self) -> float:
        return self.with_rows / max(self.queries, 1)

    def __str__(self) -> str:
        return (
            f"{self.queries} queries, {self.share_with_rows:.0%} with rows ({self.rows} rows); "
            f"compared with the oracle: {dict(self.compared)}; refused: {dict(self.refused)}; "
            f"knife-edges left out: {len(self.knife_edges)}; failures: {len(self.failures)}, and {self.again} much like them"
        )


def check(shelf: Shelf, text: str, tally: Tally, without: Collection[str] = ()) -> list[str]:
    """Asks every engine but some, and the oracle; what does not agree, a sentence each."""
    expected = shelf.oracle(text)
    tally.queries += 1
    if isinstance(expected, Refused):
        tally.refused.update(expected.codes)
    elif expected:
        tally.with_rows += 1
        tally.rows += len(expected)
    found = {name: ask(text) for name, ask in shelf.engines.items() if name not in without}
    tally.compared.update(found.keys())
    try:
        query = shelf.query(text)
    except QueryError:
        return [f"{name}: expected {expected}, found {answer}" for name, answer in found.items() if answer != expected]
    wrong = []
    for name, answer in found.items():
        apart = difference(query, shelf.tape, expected, answer)
        if apart is None:
            continue
        if is_knife_edge(shelf, text, shelf.engines[name]):
            tally.knife_edges.append(f"{text}\n    {name}: {apart}")
        else:
            wrong.append(f"{name}: {apart}")
    return wrong


def keep(tape: Tape, text: str) -> Path:
    """Writes a failure down; the same one has the same name."""
    kept = json.dumps({"query": text, "tape": json.loads(tape.to_json())})
    path = FAILURES / f"{hashlib.sha256(kept.encode()).hexdigest()[:12]}.json"
    FAILURES.mkdir(exist_ok=True)
    path.write_text(kept + "\n")
    return path


def kept_failures() -> list[Path]:
    return sorted(FAILURES.glob("*.json"))


def load(path: Path) -> tuple[Tape, str]:
    kept = json.loads(path.read_text())
    return Tape.from_json(json.dumps(kept["tape"])), kept["query"]


@contextmanager
def shelves(seeds: range, folder: Path, server: PostgresServer | None) -> Iterator[list[Shelf]]:
    """A shelf for each recording: putting a tape into stores costs more than asking it a hundred queries."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(shelf(recording(seed), folder / f"lake-{seed}", server and server.create_database()))
            for seed in seeds
        ]


def run(
    on: list[Shelf],
    count: int,
    seed: int,
    tally: Tally,
    stop_at: int = 1,
    postgres_every: int = 1,
    verbs: tuple[str, ...] = VERBS,
) -> None:
    """Asks `count` different random queries, the same for the same seed; `stop_at` failures, which are kept, end the run.

    Postgres, the slowest, is asked every so many.
    """
    asked: set[str] = set()
    shapes: set[str] = set()

    def ask(data: st.DataObject) -> None:
        shelf = on[data.draw(st.integers(0, len(on) - 1))]
        text = data.draw(queries(shelf.tape, verbs))
        if text in asked or tally.queries >= count or len(tally.failures) >= stop_at:
            return
        asked.add(text)
        without = ("postgres",) if tally.queries % postgres_every else ()
        for wrong in check(shelf, text, tally, without)[:1]:
            shape = re.sub(r"[\d.]+|'.*?'", "_", wrong)[:60]
            if shape not in shapes:  # Hypothesis likes to vary what failed
                shapes.add(shape)
                tally.failures.append(f"{text}\n    {wrong}\n    kept as {keep(shelf.tape, text)}")
            else:
                tally.again += 1

    while tally.queries < count and len(tally.failures) < stop_at:
        # Hypothesis repeats itself now and then, so a round asks fewer than it is told to
        quiet = settings(
            max_examples=200,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        seeded(seed)(quiet(given(st.data())(ask)))()
        seed += 1


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--queries", type=int, default=2000)
    options.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    options.add_argument("--tapes", type=int, default=24)
    options.add_argument("--engines", nargs="+", default=["kernels", "sql", "postgres"])
    options.add_argument("--failures", type=int, default=20, help="stop after so many")
    options.add_argument("--verbs", nargs="+", default=VERBS, help="of the generator")
    asked = options.parse_args()
    print(f"seed {asked.seed}", flush=True)
    tally = Tally()
    binaries = postgres_binaries() if "postgres" in asked.engines else None
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = None if binaries is None else stack.enter_context(PostgresServer(binaries, folder))
        first = asked.seed % 1000 * asked.tapes
        on = stack.enter_context(shelves(range(first, first + asked.tapes), folder, server))
        on = [replace(s, engines={name: ask for name, ask in s.engines.items() if name in asked.engines}) for s in on]
        run(on, asked.queries, asked.seed, tally, asked.failures, verbs=tuple(asked.verbs))
    for told in ("knife-edges, left out:", *tally.knife_edges, "failures:", *tally.failures):
        print(told)
    print(tally)
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
