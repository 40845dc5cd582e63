"""What is measured: TapeQL, what a good user writes by hand in other tools, and the floor. Each gives rows of
(symbol, ts, open, high, low, close, volume, trades)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.tape import VENUE

SECONDS = {"1s": 1, "1m": 60, "1h": 3600}
Contender = Callable[[Path, str], int]
CONTENDERS: dict[str, Contender] = {}


def contender(run: Contender) -> Contender:
    CONTENDERS[run.__name__] = run
    return run


def files(lake: Path, table: str = "ticks") -> dict[str, list[str]]:
    return {
        folder.name: sorted(str(f) for f in folder.glob("*.parquet"))
        for folder in sorted((lake / table / VENUE).iterdir())
    }


def _tapeql(lake: Path, sentence: str) -> int:
    import tapeql

    rows = 0
    with tapeql.connect(str(lake)) as db, db.stream(sentence) as reader:
        for batch in reader:
            rows += batch.num_rows
    return rows


@contender
def tapeql(lake: Path, interval: str) -> int:
    return _tapeql(lake, f"CANDLES {interval} FROM {VENUE}:*")


@contender
def tapeql_sql(lake: Path, interval: str) -> int:
    return _tapeql(lake, f"SET engine = sql; CANDLES {interval} FROM {VENUE}:*")


@contender
def floor(lake: Path, interval: str) -> int:
    """pyarrow decodes three columns, then one pass over the sorted arrays."""
    import numpy as np
    import pyarrow.parquet as pq

    width = SECONDS[interval] * 1_000_000
    rows = 0
    for paths in files(lake).values():
        for path in paths:
            table = pq.ParquetFile(path).read(["ts", "price", "quantity"], use_threads=False)
            ts = table["ts"].cast(pa.int64()).combine_chunks().to_numpy()
            price, quantity = (table[n].combine_chunks().to_numpy() for n in ("price", "quantity"))
            edges = np.arange(ts[0] // width * width, ts[-1] + width, width)
            cuts = np.searchsorted(ts, edges)
            start = cuts[:-1][np.diff(cuts) > 0]
            np.maximum.reduceat(price, start)
            np.minimum.reduceat(price, start)
            np.add.reduceat(quantity, start)
            np.add.reduceat(price * quantity, start)
            rows += len(start)
    return rows


@contender
def reading(lake: Path, interval: str) -> int:
    """pyarrow decodes the columns that bars need, and no more."""
    import pyarrow.parquet as pq

    columns = ["ts", "price", "quantity"]
    return sum(
        pq.ParquetFile(path).read(columns, use_threads=False).num_rows
        for paths in files(lake).values()
        for path in paths
    )


@contender
def duckdb_sql(lake: Path, interval: str) -> int:
    """As a good user writes it by hand."""
    import duckdb

    rows = 0
    sql = f"""
        SELECT parse_path(filename)[-2] AS symbol, time_bucket(INTERVAL '{SECONDS[interval]} seconds', ts) AS bar,
               arg_min(price, ts) AS open, max(price) AS high, min(price) AS low, arg_max(price, ts) AS close,
               sum(quantity) AS volume, count(*) AS trades, sum(price * quantity) / sum(quantity) AS vwap
        FROM read_parquet('{lake}/ticks/{VENUE}/*/*.parquet', filename = true)
        GROUP BY ALL ORDER BY symbol, bar"""
    for batch in duckdb.connect().sql(sql).to_arrow_reader(65536):
        rows += batch.num_rows
    return rows


def _polars(lake: Path, interval: str, streaming: bool) -> int:
    import polars as pl

    bars = []
    for symbol, paths in files(lake).items():
        ticks = pl.scan_parquet(paths).select("ts", "price", "quantity")
        bars.append(
            ticks.with_columns(pl.col("ts").set_sorted())
            .group_by_dynamic("ts", every=interval)
            .agg(
                open=pl.col("price").first(),
                high=pl.col("price").max(),
                low=pl.col("price").min(),
                close=pl.col("price").last(),
                volume=pl.col("quantity").sum(),
                trades=pl.len(),
                notional=(pl.col("price") * pl.col("quantity")).sum(),
            )
            .with_columns(symbol=pl.lit(symbol), vwap=pl.col("notional") / pl.col("volume"))
        )
    return sum(bar.collect(engine="streaming" if streaming else "in-memory").height for bar in bars)


@contender
def polars(lake: Path, interval: str) -> int:
    """group_by_dynamic symbol by symbol, its fastest form."""
    return _polars(lake, interval, streaming=False)


@contender
def polars_streaming(lake: Path, interval: str) -> int:
    return _polars(lake, interval, streaming=True)


@contender
def pandas(lake: Path, interval: str) -> int:
    import pandas as pd

    rows = 0
    for paths in files(lake).values():
        ticks = pd.concat([pd.read_parquet(p, columns=["ts", "price", "quantity"]) for p in paths])
        ticks = ticks.set_index("ts")
        ticks["notional"] = ticks["price"] * ticks["quantity"]
        grouped = ticks.resample({"1m": "1min", "1h": "1h"}[interval])
        bars: Any = grouped["price"].ohlc()
        bars["volume"] = grouped["quantity"].sum()
        bars["trades"] = grouped["price"].count()
        bars["vwap"] = grouped["notional"].sum() / bars["volume"]
        rows += len(bars.dropna(subset=["open"]))
    return rows


@contender
def chdb(lake: Path, interval: str) -> int:
    import chdb as clickhouse

    sql = f"""
        SELECT _path, toStartOfInterval(ts, INTERVAL {SECONDS[interval]} SECOND) AS bar,
               argMin(price, ts), max(price), min(price), argMax(price, ts), sum(quantity), count(),
               sum(price * quantity) / sum(quantity)
        FROM file('{lake}/ticks/{VENUE}/*/*.parquet', Parquet)
        GROUP BY _path, bar ORDER BY _path, bar"""
    return int(pa.ipc.open_file(pa.BufferReader(clickhouse.query(sql, "Arrow").bytes())).read_all().num_rows)


@contender
def quotes_decode(lake: Path, interval: str) -> int:
    """pyarrow decodes ts, bid and ask: the floor of time-weighted spreads."""
    import pyarrow.parquet as pq

    return sum(
        pq.ParquetFile(path).read(["ts", "bid", "ask"], use_threads=False).num_rows
        for paths in files(lake, "quotes").values()
        for path in paths
    )


@contender
def spread_kernel(lake: Path, interval: str) -> int:
    """The kernel behind `spread_pct`, over every minute of the range."""
    import numpy as np

    from tapeql.calendars.grid import ALWAYS
    from tapeql.cancel import Cancel
    from tapeql.kernels.context import Context
    from tapeql.kernels.quotes import Slots, time_weighted
    from tapeql.query.nodes import Symbol
    from tapeql.rows.nodes import Feed
    from tapeql.storage.lake import Lake

    snapshot = Lake(lake).snapshot()
    rows = 0
    for venue, code in snapshot.symbols():
        parts = snapshot.parts("quotes", venue, code)
        width = SECONDS[interval] * 1_000_000
        edges = np.arange(parts[0].min_us // width * width, parts[-1].max_us + width, width)
        start, end = edges[:-1], edges[1:]
        slots = Slots(start, end, np.full(len(start), ALWAYS), np.arange(len(start)))
        feed = Feed(Symbol(venue, code), "24x7", int(start[0]), int(end[-1]))
        time_weighted(["spread_pct"], slots, len(start), feed, Context(snapshot, 0, Cancel()))
        rows += len(start)
    return rows


@contender
def spread_duckdb(lake: Path, interval: str) -> int:
    """By hand in SQL: each quote until the next, cut at the minute it ends in (right but for lives over two minutes)."""
    import duckdb

    width = SECONDS[interval] * 1_000_000
    sql = f"""
        WITH lives AS (
            SELECT epoch_us(ts) AS t, 100 * (ask - bid) / ((ask + bid) / 2) AS pct,
                   lead(epoch_us(ts)) OVER (ORDER BY ts) AS until
            FROM read_parquet('{lake}/quotes/{VENUE}/*/*.parquet')),
        pieces AS (
            SELECT t // {width} AS minute, pct, least(until, (t // {width} + 1) * {width}) - t AS us FROM lives
            UNION ALL
            SELECT until // {width}, pct, until - until // {width} * {width} FROM lives WHERE until // {width} > t // {width})
        SELECT minute, sum(pct * us) / sum(us) AS spread_pct FROM pieces GROUP BY minute ORDER BY minute"""
    return sum(batch.num_rows for batch in duckdb.connect().sql(sql).to_arrow_reader(65536))
