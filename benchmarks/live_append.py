"""How long a feed's append takes, and how soon after it began a reader has its rows.

    python -m benchmarks.live_append [--appends 100] [--rows 1000] [--symbols 10] [--per-second 3] [--days 0]

Each append holds `--rows` rows of each symbol in each of trades, quotes and book updates of ten levels. `--per-second 0`
appends one after another. `--days` first fills the lake with so many days' files for each symbol, so that its manifest is
long. The database is one that the tests start, with its fsync off.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from tests.servers import PostgresServer, postgres_binaries

from tapeql.storage.lake import Lake
from tapeql.storage.postgres import PostgresStore
from tapeql.storage.rows import conform
from tapeql.storage.schema import BOOK, QUOTES, TICKS, TS, Table
from tapeql.storage.store import Fed, Store

START_US = 1_741_564_800_000_000
DAY_US = 86_400_000_000
LEVELS = 10


def made(table: Table, ids: np.ndarray, step_us: int) -> pa.Table:
    n = len(ids)
    price = 100 + ids % 41 / 4
    level = pa.ListArray.from_arrays(pa.array(np.arange(0, n * LEVELS + 1, LEVELS, np.int32)), np.repeat(price, LEVELS))
    columns = {
        "ticks": {"price": price, "quantity": ids % 5 + 1.0, "side": pa.array(["buy", "sell"]).take(pa.array(ids % 2)),
                  "trade_id": pa.array(ids).cast(pa.string())},
        "quotes": {"bid": price, "bid_size": ids % 3 + 1.0, "ask": price + 0.25, "ask_size": ids % 2 + 1.0, "update_id": ids},
        "book": {"kind": pa.array(["delta"]).take(pa.array(ids * 0)), "update_id": ids,
                 **dict.fromkeys(("bid_prices", "bid_sizes", "ask_prices", "ask_sizes"), level)},
    }[table.name]  # fmt: skip
    ts = pa.array(START_US + ids * step_us).cast(TS)
    return conform(table, pa.table({"ts": ts, "seq": ids, "recv_ts": ts, **columns})).cast(table.schema)


def appends(rows: int, symbols: int, count: int) -> list[Fed]:
    step_us = DAY_US // (rows * count)
    batches = []
    for start in range(0, rows * count, rows):
        ids = np.arange(start, start + rows)
        tables = {table.name: made(table, ids, step_us) for table in (TICKS, QUOTES, BOOK)}
        batches.append({(name, "x", f"S{n:03}"): each for n in range(symbols) for name, each in tables.items()})
    return batches


def run(store: Store, batches: list[Fed], per_second: float) -> None:
    took, seen = [], []
    rows = sum(each.num_rows for each in batches[0].values())
    symbol = next(iter(batches[0]))[2]
    begun = time.perf_counter()
    with store.live() as writer:
        for number, batch in enumerate(batches):
            if per_second:
                time.sleep(max(0.0, begun + number / per_second - time.perf_counter()))
            start = time.perf_counter()
            assert writer.append(batch).added == rows
            took.append(1000 * (time.perf_counter() - start))
            last = store.last("ticks", "x", symbol)
            assert last is not None
            assert last["seq"] == batch["ticks", "x", symbol]["seq"][-1].as_py()
            seen.append(1000 * (time.perf_counter() - start))
    kind = "lake" if isinstance(store, Lake) else "postgres"
    p50, p99 = np.percentile(took, [50, 99])
    seen50, seen99 = np.percentile(seen, [50, 99])
    print(f"{kind:8} {rows:,} rows an append: p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {max(took):.0f} ms; "
          f"read back p50 {seen50:.0f} ms, p99 {seen99:.0f} ms; {1000 * rows / p50:,.0f} rows/s")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--appends", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1000, help="of a symbol and table in an append")
    parser.add_argument("--symbols", type=int, default=10)
    parser.add_argument("--per-second", type=float, default=3.0)
    parser.add_argument("--days", type=int, default=0, help="stored before, in the lake")
    parser.add_argument("--store", choices=["lake", "postgres", "both"], default="both")
    asked = parser.parse_args()
    batches = appends(asked.rows, asked.symbols, asked.appends)
    with tempfile.TemporaryDirectory() as folder:
        if asked.store != "postgres":
            lake = Lake(Path(folder) / "lake")
            if asked.days:
                few = made(TICKS, np.arange(1, asked.days + 1), -DAY_US)
                with lake.begin() as transaction:
                    for n in range(asked.symbols):
                        transaction.add("ticks", "x", f"S{n:03}", few)
                    transaction.commit()
            run(lake, batches, asked.per_second)
        binaries = postgres_binaries()
        if asked.store != "lake" and binaries is not None:
            with PostgresServer(binaries, Path(folder)) as server:
                run(PostgresStore(server.create_database()), batches, asked.per_second)


if __name__ == "__main__":
    main()
