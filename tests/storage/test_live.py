"""What a feed appends: stored once, read at once, and the same as if it had been imported. Both stores alike."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tapeql
from tapeql.errors import DataError
from tapeql.storage.lake import Lake
from tapeql.storage.postgres import PostgresStore
from tapeql.storage.schema import TABLES, TICKS
from tapeql.storage.store import Store
from tests import tapes
from tests.storage import feeds
from tests.storage.feeds import DAY, START, everything, fed

STORES = ["lake", pytest.param("postgres", marks=pytest.mark.postgres)]


def new_store(kind: str, request: pytest.FixtureRequest) -> Store:
    if kind == "lake":
        return Lake(request.getfixturevalue("tmp_path") / f"lake-{uuid.uuid4().hex}")
    return PostgresStore(request.getfixturevalue("postgres_server").create_database())


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Store:
    return new_store(request.param, request)


@pytest.fixture(params=STORES)
def stores(request: pytest.FixtureRequest) -> Iterator[Store]:
    """New stores of one kind, as many as are asked for."""
    return iter(lambda: new_store(request.param, request), None)


@pytest.fixture(scope="module", params=STORES)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """One store for many examples, each under a code of its own."""
    if request.param == "lake":
        return Lake(tmp_path_factory.mktemp("shared"))
    return PostgresStore(request.getfixturevalue("postgres_server").create_database())


def test_appending_is_importing(stores: Iterator[Store]) -> None:
    """Rows appended bit by bit are, in every column, those of one import, and so are their symbols."""
    live, imported = next(stores), next(stores)
    gaps, instrument = feeds.gaps(("g1", None), ("g2", 5)), feeds.instrument(START, "trading")
    with live.live() as writer:
        for start in range(0, 400, 40):
            assert writer.append(fed(range(start, start + 40))).added == 40 * 6
        for row in range(2):
            writer.append({("gaps", "x", "A"): gaps.slice(row, 1)})
        writer.append({("instruments", "x", "B"): instrument})
    with imported.begin() as transaction:
        for (table, venue, code), rows in fed(range(400)).items():
            transaction.add(table, venue, code, rows)
        transaction.add("gaps", "x", "A", gaps)
        transaction.add("instruments", "x", "B", instrument)
        transaction.commit()
    assert everything(live.snapshot()) == everything(imported.snapshot())
    assert live.snapshot().symbols() == imported.snapshot().symbols() == [("x", "A"), ("x", "B")]
    assert imported.write("book", "x", "A", feeds.book(range(100))).present == 100


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_order_and_overlap_gives_the_whole(shared: Store, data: st.DataObject) -> None:
    """Pieces that overlap, appended in any order and again, are the whole: each row once."""
    code = uuid.uuid4().hex
    edges = sorted(data.draw(st.lists(st.integers(0, 120), min_size=2, max_size=6)))
    pieces = [(max(0, a - data.draw(st.integers(0, 30))), b) for a, b in itertools.pairwise([0, *edges, 120])]
    order = data.draw(st.permutations([*pieces, pieces[0]]))
    added = 0
    with shared.live() as writer:
        for start, end in order:
            commit = writer.append(fed(range(start, end), [code]))
            added += commit.added
            assert commit.added + commit.present == 3 * (end - start)
            assert commit.differing == 0
    assert added == 3 * 120
    found = everything(shared.snapshot(), [code])
    for table, made in (("ticks", feeds.trades), ("quotes", feeds.quotes), ("book", feeds.book)):
        assert found[table, code].equals(made(range(120)))


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([1.0, 2.0])), max_size=6), max_size=5))
def test_trades_without_ids_are_known_by_what_they_say(shared: Store, sources: list[list[tuple[int, float]]]) -> None:
    """Of equal trades without an id as many are stored as the append with the most of them has."""
    code = uuid.uuid4().hex
    with shared.live() as writer:
        for source in sources:
            seq = list(range(len(source)))
            made = tapes.ticks(
                [(START + t, p, 1.0, s) for (t, p), s in zip(source, seq, strict=True)],
                ("ts", "price", "quantity", "seq"),
            )
            writer.append({("ticks", "x", code): made})
    found = shared.rows("ticks", "x", code)
    here = list(
        zip((v - START for v in found["ts"].cast(pa.int64()).to_pylist()), found["price"].to_pylist(), strict=True)
    )
    every = {row for source in sources for row in source}
    assert {row: here.count(row) for row in every} == {row: max(s.count(row) for s in sources) for row in every}
    keys = list(zip(found["ts"].to_pylist(), found["seq"].to_pylist(), strict=True))
    assert keys == sorted(set(keys))


def test_a_taken_place_moves_a_row_and_never_loses_it(store: Store) -> None:
    """A row with a new id whose (ts, seq) belongs to another stands behind it."""
    names = ("ts", "seq", "price", "quantity", "trade_id")
    with store.live() as writer:
        writer.append({("ticks", "x", "A"): tapes.ticks([(START, 1, 1.0, 1.0, "1"), (START, 2, 2.0, 1.0, "2")], names)})
        again = tapes.ticks([(START, 1, 1.0, 1.0, "1"), (START, 1, 3.0, 1.0, "x"), (START, 1, 4.0, 1.0, "y")], names)
        commit = writer.append({("ticks", "x", "A"): again})
        assert (commit.added, commit.present) == (2, 1)
    found = store.rows("ticks", "x", "A")
    assert sorted(found["price"].to_pylist()) == [1.0, 2.0, 3.0, 4.0]
    assert found["seq"].to_pylist() == [1, 2, 3, 4]


def test_a_known_id_stays_and_differences_are_counted(store: Store) -> None:
    """A trade that comes again with another price stays as it was first stored."""
    names = ("ts", "seq", "price", "quantity", "trade_id")
    with store.live() as writer:
        writer.append({("ticks", "x", "A"): tapes.ticks([(START, 1, 1.0, 1.0, "1")], names)})
        commit = writer.append({("ticks", "x", "A"): tapes.ticks([(START + 9, 1, 1.5, 1.0, "1")], names)})
    assert (commit.added, commit.present, commit.differing) == (0, 1, 1)
    assert store.rows("ticks", "x", "A")["price"].to_pylist() == [1.0]


def test_a_gap_is_one_row_that_changes(store: Store) -> None:
    """The newest row of a gap_id stands, whether it is appended, appended twice at once or imported."""
    with store.live() as writer:
        assert writer.append({("gaps", "x", c): feeds.gaps(("g1", None), ("g2", None)) for c in "AB"}).added == 4
        commit = writer.append({("gaps", "x", "A"): feeds.gaps(("g2", 5), ("g2", 7), ("g1", None))})
        assert (commit.added, commit.present, commit.replaced) == (0, 2, 1)
        writer.append({("gaps", "x", "A"): feeds.gaps(("g3", 1))})
        writer.append(fed(range(10)))
    assert store.write("gaps", "x", "A", feeds.gaps(("g3", 2))).replaced == 1
    found = store.rows("gaps", "x", "A")
    assert found.select(["seq", "gap_id", "filled_to_id"]).to_pylist() == [
        {"seq": 0, "gap_id": "g1", "filled_to_id": None},
        {"seq": 1, "gap_id": "g2", "filled_to_id": 7},
        {"seq": 2, "gap_id": "g3", "filled_to_id": 2},
    ]
    assert store.rows("gaps", "x", "B").num_rows == 2
    assert found.equals(everything(store.snapshot(), ["A"])["gaps", "A"])


def test_an_instrument_is_stored_when_it_changes(store: Store) -> None:
    """The same description again is no row, a return to an earlier one is."""
    with store.live() as writer:
        for at, (status, added) in enumerate([("up", 1), ("up", 0), ("down", 1), ("down", 0), ("up", 1)]):
            assert writer.append({("instruments", "x", "A"): feeds.instrument(START + at, status)}).added == added
        assert writer.append({("instruments", "x", "A"): feeds.instrument(START + 2, "down")}).added == 0
    assert store.rows("instruments", "x", "A")["status"].to_pylist() == ["up", "down", "up"]
    last = store.last("instruments", "x", "A")
    assert last is not None
    assert (last["ts"], last["status"], last["base"], last["price_step"]) == (START + 4, "up", None, 0.01)


def test_a_correction_is_stored_once(store: Store) -> None:
    """A correction is known by its trade, kind and instant."""
    made = pa.table({"ts": feeds.instants([START, START]), "trade_id": ["1", "1"], "kind": ["cancel", "correct"]})
    with store.live() as writer:
        assert writer.append({("corrections", "x", "A"): made}).added == 2
        assert writer.append({("corrections", "x", "A"): made}).present == 2
    assert store.rows("corrections", "x", "A")["kind"].to_pylist() == ["cancel", "correct"]


def test_the_last_row_and_the_rows_of_nothing(store: Store) -> None:
    """`last` is the row with the largest (ts, seq), whichever append brought it; where nothing is stored it is None."""
    assert store.last("ticks", "x", "A") is None
    assert store.rows("gaps", "x", "A").num_rows == 0
    with store.live() as writer:
        writer.append(fed(range(100, 200), ["A"]))
        writer.append(fed(range(50), ["A"]))
        for table, key, value in (("ticks", "trade_id", "199"), ("quotes", "update_id", 199), ("book", "seq", 199)):
            last = store.last(table, "x", "A")
            assert last is not None
            assert last[key] == value
        writer.append(fed(range(200, 201), ["A"]))
    last = store.last("ticks", "x", "A")
    assert last is not None
    assert (last["ts"], last["seq"], last["recv_ts"]) == (START + 50_000_000, 200, START + 50_001_000)
    assert store.last("ticks", "x", "B") is None
    store.write("ohlcv", "x", "A", tapes.random_candles("2025-03-10", 3600, 5), "1h")
    candle = store.last("ohlcv", "x", "A", "60m")
    assert candle is not None
    assert candle["ts"] == START + 4 * 3_600_000_000


def test_symbols_are_what_queries_can_read(store: Store) -> None:
    """A symbol with gaps or a book alone is none that FROM reads, but its rows are there."""
    with store.live() as writer:
        writer.append({("gaps", "x", "G"): feeds.gaps(("g", 1)), ("book", "x", "K"): feeds.book(range(5))})
        writer.append({("quotes", "x", "Q"): feeds.quotes(range(5))})
    assert store.snapshot().symbols() == [("x", "Q")]
    assert store.rows("book", "x", "K").num_rows == 5


def test_rows_no_table_can_hold_are_refused(store: Store) -> None:
    """Unknown tables, candles, rows without their seq and values that must be there are errors, and nothing is stored."""
    good = feeds.trades(range(3))
    with store.live() as writer:
        for table, rows, why in (
            ("nonsense", good, "no table"),
            ("ohlcv", tapes.random_candles("2025-03-10", 60, 3), "interval"),
            ("ticks", tapes.ticks([(START, 1.0, 1.0)]), "seq"),
            ("ticks", good.set_column(2, "price", pa.array([1.0, None, 2.0])), "price"),
        ):
            with pytest.raises(DataError, match=why):
                writer.append({("ticks", "x", "A"): good, (table, "x", "B"): rows})
        assert writer.append({}).added == 0
        assert writer.append({("ticks", "x", "A"): good.slice(0, 0)}).added == 0
    assert store.rows("ticks", "x", "A").num_rows == 0


def test_days_are_sealed_and_late_rows_folded_later(store: Store) -> None:
    """Rows of a past day stay the same when it is sealed, when more come late, and when it is sealed again."""
    half = DAY // 2
    whole = np.arange(12)
    with store.live() as writer:
        for at in (0, 6, 3, 9):
            part = feeds.trades(whole[at : at + 3], step_us=half)
            writer.append({("ticks", "x", "A"): part, ("ticks", "y", "A"): part})
        day = START // DAY
        before = everything(store.snapshot(), ["A"])
        writer.seal("x", day + 3)
        assert everything(store.snapshot(), ["A"]) == before
        late = feeds.trades([1000], START + 5, 0)
        assert writer.append({("ticks", "x", "A"): late}).added == 1
        after = store.rows("ticks", "x", "A")
        writer.seal("x", day + 3)
        assert store.rows("ticks", "x", "A").equals(after)
        assert writer.seal("x", day + 3) == 0
        assert store.rows("ticks", "y", "A").equals(before["ticks", "A"])
        assert writer.append({("ticks", "x", "A"): feeds.trades(whole, step_us=half)}).present == 12


def test_an_import_goes_into_what_a_feed_appended(stores: Iterator[Store]) -> None:
    """Imports and appends of overlapping rows in turn end as one import of all of them."""
    mixed, plain = next(stores), next(stores)
    with mixed.live() as writer:
        writer.append(fed(range(50, 150)))
        assert mixed.write("ticks", "x", "A", feeds.trades(range(100))).added == 50
        assert writer.append(fed(range(100, 200))).present == 50 * 6
        assert mixed.write("ticks", "x", "A", feeds.trades(range(250))).added == 50
        assert mixed.write("book", "x", "A", feeds.book(range(60))).added == 50
        commit = writer.append(fed(range(240, 260)))
        assert (commit.added, commit.present) == (20 * 6 - 10, 10)
        writer.append(fed(range(200, 240)))
        writer.append(fed(range(50)))
    for (table, venue, code), rows in fed(range(260)).items():
        plain.write(table, venue, code, rows)
    assert everything(mixed.snapshot()) == everything(plain.snapshot())


QUERIES = [
    "CANDLES 1m FROM x:A, x:B ADD sma(3), spread",
    "TICKS FROM x:A TICKS WHERE quantity > 0.5",
    "QUOTES FROM x:B WHERE spread > 0",
    "CANDLES 5m FROM x:B WHERE volume > 1 ADD spread_pct",
]


def answers(location: str, engine: str) -> list[pa.Table]:
    with tapeql.connect(location, now="2025-03-12") as db:
        return [db.query(f"{engine}{text}") for text in QUERIES]


@pytest.mark.parametrize("engine", ["", "SET engine = sql; "])
def test_queries_do_not_tell_how_rows_came(stores: Iterator[Store], engine: str) -> None:
    """Over live rows, over the same rows sealed, and over an import of them a query has the same answer."""
    live, plain = next(stores), next(stores)
    step = 120_000_000
    with live.live() as writer:
        for start in (0, 200, 100, 300, 50, 400, 800, 600):
            ids = range(start, start + 200)
            writer.append(
                {
                    (name, "x", code): made(ids, step_us=step)
                    for code in "AB"
                    for name, made in (("ticks", feeds.trades), ("quotes", feeds.quotes))
                }
            )
        locations = [getattr(each, "_url", None) or each.name for each in (live, plain)]
        over_live = answers(locations[0], engine)
        writer.seal("x", START // DAY + 1)
        over_some_sealed = answers(locations[0], engine)
        writer.seal("x", START // DAY + 9)
        over_sealed = answers(locations[0], engine)
    for code in "AB":
        for name, made in (("ticks", feeds.trades), ("quotes", feeds.quotes)):
            plain.write(name, "x", code, made(range(1000), step_us=step))
    over_import = answers(locations[1], engine)
    assert all(answer.num_rows > 5 for answer in over_import)
    assert over_live == over_some_sealed == over_sealed == over_import


def test_writers_in_turn_see_each_other(store: Store) -> None:
    """Two writers of one store, and an import between, each know what the others stored."""
    with store.live() as one, store.live() as other:
        one.append(fed(range(10)))
        assert other.append(fed(range(5, 20))).present == 5 * 6
        store.write("ticks", "x", "A", feeds.trades(range(20, 30)))
        commit = one.append(fed(range(15, 35)))
        assert (commit.added, commit.present) == (15 * 6 - 10, 5 * 6 + 10)
    assert store.rows("ticks", "x", "A").equals(feeds.trades(range(35)))


def test_a_snapshot_does_not_move_while_a_feed_runs(store: Store) -> None:
    """What was looked at stays as it was, through appends, merges and seals."""
    with store.live() as writer:
        writer.append(fed(range(100)))
        old = store.snapshot()
        before = everything(old)
        for start in range(100, 400, 20):
            writer.append(fed(range(start, start + 20)))
        writer.seal("x", START // DAY + 5)
        assert everything(old) == before
    assert store.rows("ticks", "x", "A").num_rows == 400


def test_all_tables_have_keys() -> None:
    """What identifies a row is told in its table and of its columns."""
    for table in TABLES.values():
        assert {*table.key, *table.content, *table.fed, *table.required} <= set(table.schema.names)
        assert table.key
        assert not table.number or table.number == table.key[0]
    assert TICKS.schema.names[:2] == ["ts", "seq"]
