"""What must hold between the answers to two queries, whatever the right answer is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tapeql
from tapeql.functions.registry import functions
from tapeql.operators.chosen import Chosen
from tapeql.operators.operator import Query
from tapeql.storage.lake import Lake
from tests.oracle.generator import Asking, Scope, condition, queries
from tests.oracle.recordings import recording
from tests.oracle.tape import Recorded, Row, Tape
from tests.properties.conftest import ShelfOf
from tests.properties.stores import Refused, Rows, Shelf, rows_of, write

RANDOM = settings(
    max_examples=40, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
ENGINES = ("kernels", "sql", "postgres")
Ask = Callable[[str], Rows]


def asked(shelf: Shelf, engine: str, text: str) -> Rows:
    answer = shelf.engines[engine](text)
    assert not isinstance(answer, Refused), (answer, text)
    return answer


def every_function() -> str:
    """All functions of the registry as one ADD list, with small parameters."""
    calls = []
    for name, entry in functions().items():
        inputs = [] if all(i.default for i in entry.inputs) else ["close"] * len(entry.inputs)
        params = [str(max(3, int(p.minimum)) + n) if p.kind is int else "1.5" for n, p in enumerate(entry.params)]
        for output in entry.outputs:
            suffix = f".{output}" if len(entry.outputs) > 1 else ""
            calls.append(f"{name}({', '.join(inputs + params)}){suffix} AS x{len(calls)}")
    return ", ".join(calls)


def near(one: Any, other: Any) -> bool:
    """Equal, but for what a recursive function may still remember of older rows."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-7 + 1e-9 * abs(one)
    return bool(one == other)


def same_rows(one: Rows, other: Rows) -> bool:
    return len(one) == len(other) and all(
        near(a, b) for x, y in zip(one, other, strict=True) for a, b in zip(x, y, strict=True)
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("interval", ["15m", "1h", "1d"])
def test_a_bar_is_the_same_whatever_the_range_start(shelf_of: ShelfOf, engine: str, interval: str) -> None:
    """Warm-up is inferred: indicators, windows, measures and fills do not know where the range begins."""
    for shelf in map(shelf_of, (6, 7)):
        (venue, code), *_ = [name for name, recorded in shelf.tape.symbols.items() if recorded.trades]
        measures = "spread_pct, premarket.high, avg(close) OVER 3d AS week, close[2] AS before"
        text = f"CANDLES {interval} FROM {venue}:{code} ADD {measures}, {every_function()}"
        if interval == "1h":
            text += " FILL previous MAX 4"
        whole = asked(shelf, engine, text)
        for start in (len(whole) // 3, len(whole) // 2, len(whole) - 2):
            since = iso(whole[start][3])
            assert same_rows(asked(shelf, engine, f"{text} SINCE {since}"), whole[start:]), (since, text)


def iso(ts_us: int) -> str:
    from tapeql.serve.clock import iso as written

    return written(ts_us)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("verb", ["CANDLES 30m", "CANDLES 1d", "TICKS", "DAYS"])
def test_a_range_split_in_two_is_the_range(shelf_of: ShelfOf, engine: str, verb: str) -> None:
    """The rows of a .. m and of m .. b are the rows of a .. b."""
    for shelf in map(shelf_of, range(4)):
        venue, code = min(name for name, recorded in shelf.tape.symbols.items() if recorded.trades)
        stamps = [trade["ts"] for trade in shelf.tape.symbols[venue, code].trades]
        first, middle, last = (iso(stamps[n] // 1_000_000 * 1_000_000) for n in (0, len(stamps) // 2, -1))
        tail = "" if verb == "DAYS" else " ADD sma({}, 3) AS x".format("price" if verb == "TICKS" else "close")
        text = f"{verb} FROM {venue}:{code} DURING {{}} .. {{}}{tail}"
        one, two = (asked(shelf, engine, text.format(*edges)) for edges in ((first, middle), (middle, last)))
        assert one + two == asked(shelf, engine, text.format(first, last)), text


@RANDOM
@given(data=st.data())
def test_a_condition_its_negation_and_its_null_are_everything(shelf_of: ShelfOf, data: st.DataObject) -> None:
    """Each row passes exactly one of p, NOT p and p IS NULL."""
    shelf = shelf_of(data.draw(st.integers(0, 7)))
    engine = data.draw(st.sampled_from(ENGINES))
    names = tuple(sorted(name for name, recorded in shelf.tape.symbols.items() if recorded.trades))
    verb, kind, intraday = data.draw(
        st.sampled_from((("CANDLES 1h", "bar", True), ("CANDLES 1d", "bar", False), ("TICKS", "tick", True)))
    )
    p = condition(Asking(data.draw, Scope(shelf.tape, names, None), kind, intraday), 2)
    text = f"{verb} FROM {', '.join(f'{venue}:{code}' for venue, code in names)}"
    # p may show a measure it uses: the first eleven columns are there whatever is asked
    parts = [asked(shelf, engine, f"{text} WHERE {test}") for test in (p, f"NOT ({p})", f"({p}) IS NULL")]
    rows = sorted((row[:11] for part in parts for row in part), key=repr)
    assert rows == sorted((row[:11] for row in asked(shelf, engine, text)), key=repr), p


@RANDOM
@given(data=st.data())
def test_canonical_text_means_the_same(shelf_of: ShelfOf, data: st.DataObject) -> None:
    """A query and its canonical form are one query, and the canonical form is its own."""
    shelf = shelf_of(data.draw(st.integers(0, 7)))
    query = shelf.query(data.draw(queries(shelf.tape)))
    again = shelf.query(query.canonical)
    assert again.canonical == query.canonical
    assert meaning(again.query) == meaning(query.query), query.canonical


def meaning(query: Query) -> Query:
    """The query without its texts."""
    steps = (replace(s, by=meaning(s.queries()[0])) if isinstance(s, Chosen) else s for s in query.steps)
    return replace(query, asked=replace(query.asked, canonical="", source="", notes=()), steps=tuple(steps))


# ── rolled-up bars ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def two_lakes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ask, Ask, tuple[str, str]]]:
    """One lake with trades, and one with the minute candles the first answers."""
    tape = recording(6)
    name = ("binance", "BTCUSDT") if ("binance", "BTCUSDT") in tape.symbols else ("binance", "ETHUSDT")
    from_ticks, from_candles = (tmp_path_factory.mktemp("rollup") / lake for lake in ("ticks", "candles"))
    only = Tape({name: tape.symbols[name]}, tape.now_us)
    write(only, open_lake(from_ticks))
    with closing(tapeql.connect(from_ticks, now=tape.now_us)) as ticks:
        minutes = rows_of(ticks.query(f"CANDLES 1m FROM {':'.join(name)}"))
        write(
            Tape({name: Recorded(candles={"1m": [as_candle(row) for row in minutes]})}, tape.now_us),
            open_lake(from_candles),
        )
        with closing(tapeql.connect(from_candles, now=tape.now_us)) as candles:
            yield lambda text: rows_of(ticks.query(text)), lambda text: rows_of(candles.query(text)), name


def open_lake(path: Path) -> Any:
    from tapeql.storage.stores import open_store

    return open_store(str(path))


def as_candle(row: tuple[Any, ...]) -> Row:
    names = ("ts", "ts_close", "open", "high", "low", "close", "volume", "trades", "vwap")
    return dict(zip(names, row[3:], strict=False))


@pytest.mark.parametrize("interval", ["1m", "5m", "1h", "4h", "1d", "1w", "1mo"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_bars_of_bars_are_bars_of_trades(two_lakes: tuple[Ask, Ask, tuple[str, str]], interval: str, zone: str) -> None:
    """Prices and counts exactly, sums to the last digits."""
    from_ticks, from_candles, (venue, code) = two_lakes
    text = f"CANDLES {interval} FROM {venue}:{code} TZ {zone}"
    one, other = from_ticks(text), from_candles(text)
    assert len(one) == len(other) > 0
    for a, b in zip(one, other, strict=True):
        exact = [n for n in range(len(a)) if n not in (9, 11)]
        assert [a[n] for n in exact] == [b[n] for n in exact]
        assert all(abs(a[n] - b[n]) <= 1e-12 * abs(a[n]) for n in (9, 11))


SENTENCES = (
    "CANDLES 1h FROM {0} ADD spread_pct, premarket.high, premarket.spread, avg(close) OVER 3d AS a KEEP partial",
    "CANDLES 1d FROM {0} ADD spread, gap_pct, rsi(3) KEEP partial",
    "CANDLES 15m FROM {0} FILL previous KEEP partial ADD mid",
    "TICKS FROM {0} ADD price[1] AS before",
    "QUOTES FROM {0}",
    "DAYS FROM {0} WHERE spread_pct > 0 OR premarket.volume > 0 KEEP partial",
)


@pytest.mark.parametrize("engine", ["kernels", "sql"])
def test_what_comes_from_now_on_is_not_seen(tmp_path: Path, engine: str) -> None:
    """At an earlier now a tape answers as one that ends there, whatever is asked."""
    for seed in (3, 4, 11):
        tape = recording(seed)
        (venue, code), recorded = next((n, r) for n, r in tape.symbols.items() if len(r.trades) > 20 and r.quotes)
        nows = [recorded.trades[len(recorded.trades) * n // 4]["ts"] + n for n in (1, 2, 3)]
        store = Lake(tmp_path / f"{seed}")
        write(Tape({(venue, code): recorded}, tape.now_us), store)
        for now in nows:
            cut = Lake(tmp_path / f"{seed}-{now}")
            write(Tape({(venue, code): recorded.before(now)}, now), cut)
            with (
                closing(tapeql.connect(store.path, now=now)) as all_of_it,
                closing(tapeql.connect(cut.path, now=now)) as part,
            ):
                for sentence in SENTENCES:
                    text = f"SET engine = {engine}; {sentence.format(f'{venue}:{code}')}"
                    if "QUOTES" in text and not recorded.before(now).quotes:
                        continue
                    assert rows_of(all_of_it.query(text)) == rows_of(part.query(text)), (seed, now, text)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_rows_are_the_last_of_all(shelf_of: ShelfOf, engine: str) -> None:
    """LIMIT LAST reads from the end and gives what the whole ends with, of one symbol, several, or each."""
    for shelf in map(shelf_of, (6, 8)):
        names = [f"{v}:{c}" for (v, c), r in shelf.tape.symbols.items() if r.trades]
        for text, key in (
            (f"CANDLES 15m FROM {names[0]} ADD ema(5), close[1] AS before", None),
            (f"CANDLES 1h FROM {names[0]} WHERE close > sma(3) FILL previous MAX 3", None),
            (f"TICKS FROM {', '.join(names)} WHERE quantity > 2", None),
            (f"CANDLES 1d FROM {', '.join(names)} ADD gap_pct", None),
            (f"CANDLES 1h FROM {', '.join(names)} ORDER BY volume", None),
            (f"CANDLES 1h FROM {', '.join(names)}", 2),
        ):
            whole = asked(shelf, engine, text)
            for n in (0, 1, 7, 10_000):
                last = asked(shelf, engine, f"{text} LIMIT LAST {n}{' PER symbol' if key else ''}")
                if key is None:
                    assert same_rows(last, whole[max(len(whole) - n, 0) :]), (text, n)
                else:
                    groups = {row[:key]: [r for r in whole if r[:key] == row[:key]] for row in whole}
                    assert same_rows(last, [r for rows in groups.values() for r in rows[max(len(rows) - n, 0) :]]), n
