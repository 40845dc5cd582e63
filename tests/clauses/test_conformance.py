"""What holds of every clause: each is found in its files, and shown by the tour of the grammar, whose sentences answer."""

from __future__ import annotations

import importlib
import importlib.util
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import tapeql
from tapeql.language import syntax, vocabulary
from tapeql.language.parse import parse
from tapeql.language.statements.query import Levels, Query, Verb
from tapeql.language.statements.query import written as written_as
from tapeql.query.durations import interval
from tapeql.words.clause import Clause
from tapeql.words.clauses import clauses
from tapeql.words.verbs import verbs
from tests import tapes
from tests.language.trees import said
from tests.query.asking import refused
from tests.tour import EXAMPLES, NOW, store
from tests.tour import clauses as written_in_tour

NODES = {vocabulary.opening_of(node): node for node in clauses()}
VERBS = (
    "CANDLES 1h",
    "CANDLES 1000 ticks",
    "CANDLES 1w",
    "DAYS",
    "RANGES 5m",
    "TICKS",
    "QUOTES",
    "STATS OF TICKS",
    "STATS 1h",
    "PROFILE STEP 1",
    "VWAP 1h",
    "TWAP 1h",
)


def samples(opening: str) -> list[str]:
    """The clause as the tour writes it."""
    return [f"{opening} {rest}".rstrip() for rest in written_in_tour().get(opening, [])]


def read(text: str) -> syntax.Clause:
    return next(syntax.within(parse(f"DAYS {text}").statements, syntax.Clause))


def test_every_clause_has_one_meaning() -> None:
    """Those of the grammar are the entries, each node in one of them, and no two have the same place."""
    assert NODES.keys() == set(vocabulary.clauses())
    entries = set(clauses().values())
    assert sum(len(entry.nodes) for entry in entries) == len(clauses())
    places = [entry.place for entry in entries if entry.place is not None]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("opening", NODES)
def test_a_clause_is_documented(opening: str) -> None:
    """The tour shows it, its files begin with it, and it says what it is meant for."""
    node = NODES[opening]
    assert samples(opening), "grammar/README.md does not show it"
    for module in (importlib.import_module(node.__module__), entry_module(clauses()[node])):
        assert opening in (module.__doc__ or "")
    assert opening in clauses()[node].meant_for


def entry_module(entry: Clause) -> object:
    names = [node.__module__.rpartition(".")[2] for node in entry.nodes]
    modules = [importlib.import_module(f"tapeql.words.clauses.{name}") for name in names if exists(name)]
    return next(module for module in modules if module.CLAUSE is entry)


def exists(name: str) -> bool:
    return importlib.util.find_spec(f"tapeql.words.clauses.{name}") is not None


@pytest.mark.parametrize("opening", NODES)
def test_a_clause_is_written_as_it_is_read(opening: str) -> None:
    """Its canonical text is read as the same clause, and is its own."""
    for text in samples(opening):
        clause = read(text)
        written = written_as(clause)
        assert f"{written} ".startswith(f"{opening} ")
        assert said(read(written)) == said(clause)
        assert written_as(read(written)) == written


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("opening", NODES)
def test_a_clause_in_the_wrong_place(opening: str, verb: str) -> None:
    """Where a verb has no use for it, E207 at the clause says what it is meant for; elsewhere nothing does."""
    node = NODES[opening]
    entry = clauses()[node]
    text = samples(opening)[0]
    sentence = f"{verb} {text}" if opening == "FROM" else f"{verb} FROM nasdaq:AAPL {text}"
    written = next(syntax.within(parse(sentence).statements, Verb))
    own = verbs()[written.name]
    timed = written.interval is not None and not isinstance(written.interval, Levels)
    length = interval(written.interval) if timed else own.interval
    told = [
        d.reason
        for d in refused(sentence)
        if d.code == "E207" and sentence[d.span.start : d.span.end] == text and d.reason.startswith(entry.meant_for)
    ]
    assert bool(told) is not entry.fits(own, length)


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tapeql.Database]:
    """Three days of all symbols of the tour."""
    lake = store(tmp_path_factory.mktemp("clauses") / "lake")
    with tapeql.connect(lake.path, now=NOW) as opened:
        yield opened


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of the tour, where it is asked from."""
    monkeypatch.chdir(tmp_path)
    trades, quotes = (
        tapes.random_ticks("2025-03-10T08:30", 8 * 3600, 300),
        tapes.random_quotes("2025-03-10T08:30", 9, 9),
    )
    Path("trades").mkdir()
    for code in "AB":
        whose = pa.array([code] * trades.num_rows)
        pq.write_table(trades.append_column("symbol", whose), f"trades/{code}.parquet")
    pa.csv.write_csv(trades, "spy.csv")
    pa.csv.write_csv(quotes, "quotes.csv")
    with zipfile.ZipFile("quotes.zip", "w") as archive:
        archive.write("quotes.csv")


@pytest.mark.parametrize("text", [e for e in EXAMPLES if any(syntax.within(parse(e).statements[-1], Query))])
def test_the_tour_answers(db: tapeql.Database, files: None, text: str) -> None:
    """Every query that the tour shows has an answer."""
    bars = tapes.random_ticks("2025-03-10T08:30", 8 * 3600, 300).select(["ts", "price", "quantity"])
    given = {"start": "2025-03-10", "end": "2025-03-11", "n": 3, "bars": bars}
    params = {name: value for name, value in given.items() if re.search(rf"\${name}\b", text)}
    assert db.query(text, **params).num_columns
