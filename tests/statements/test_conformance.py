"""What holds of every statement: each is found in its files, shown by the tour of the grammar, and answers at the front door."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import tapeql
from tapeql.errors import Diagnostic, QueryError
from tapeql.language import grammar, syntax, vocabulary
from tapeql.language import statements as as_written
from tapeql.language.parse import parse
from tapeql.language.statements.query import Query
from tapeql.serve import statements as as_answered
from tapeql.serve.clock import clock
from tapeql.serve.flight import FlightServer
from tapeql.serve.service import Service
from tapeql.serve.statements import show, statements
from tapeql.storage.lake import Lake
from tests.language.trees import said
from tests.tour import NOW, columns, store
from tests.tour import statements as shown

BTC = "CANDLES 1h FROM binance:BTCUSDT"
SHOWN = shown()
OTHERS = [(text, node) for text, node in SHOWN if node.write().split()[0] in vocabulary.statements()]
OPENINGS = {text.split()[0].upper(): text for text, _ in OTHERS}
"""A statement of the tour by the word it begins with, besides queries."""


def files(room: object) -> set[str]:
    return {found.name for found in pkgutil.iter_modules(room.__path__)}  # type: ignore[attr-defined]


def read(text: str) -> syntax.Statement:
    (statement,) = parse(text).statements
    return statement


def told(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(QueryError) as wrong:
        parse(text)
    return wrong.value.diagnostics


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return store(tmp_path_factory.mktemp("statements") / "lake")


@pytest.fixture(scope="module")
def db(lake: Lake) -> Iterator[tapeql.Database]:
    with tapeql.connect(lake.path, now=NOW) as opened:
        yield opened


@pytest.fixture(scope="module")
def far(lake: Lake) -> Iterator[tapeql.Database]:
    server = FlightServer(Service(lake, clock(NOW)), port=0)
    with tapeql.connect(server.address) as opened:
        yield opened
    server.stop()


@pytest.fixture(autouse=True)
def usual(db: tapeql.Database) -> None:
    db.settings = {}


def test_every_statement_has_two_files() -> None:
    """Those of the grammar are files of how they are written and of what they answer; no node is of two."""
    rules = {rule.replace("pipeline", "query") for rule in grammar.rules()["statement"].replace("|", " ").split()}
    assert files(as_written) == files(as_answered) == rules
    nodes = [node for entry in set(statements().values()) for node in entry.nodes]
    assert len(nodes) == len(set(nodes)) == len(statements())
    assert files(show) == set(vocabulary.choices("show"))


@pytest.mark.parametrize("node", statements(), ids=lambda node: node.__name__)
def test_a_statement_is_documented(node: type[syntax.Statement]) -> None:
    """The tour shows it, its file says how it begins, and the columns of its answer are told."""
    assert node in {type(statement) for _, statement in SHOWN}, "grammar/README.md does not show it"
    if node in {type(statement) for _, statement in OTHERS}:
        assert importlib.import_module(node.__module__).__doc__.startswith(vocabulary.opening_of(node))
        assert node in {type(read(text)) for text, _ in columns()}, "grammar/README.md does not tell its columns"


@pytest.mark.parametrize(("text", "statement"), SHOWN, ids=[text for text, _ in SHOWN])
def test_a_statement_is_written_as_it_is_read(text: str, statement: syntax.Statement) -> None:
    """Its canonical text, one line, is read as the same statement and is its own, alone and among others."""
    written = statement.write()
    assert "\n" not in written
    assert said(read(written)) == said(statement)
    assert read(written).write() == written
    assert parse(f"{text}; {text}").write() == f"{written};\n{written}"


@pytest.mark.parametrize("text", [text for text, _ in OTHERS])
def test_a_statement_answers(db: tapeql.Database, text: str) -> None:
    """A table of the schema that was told before, with settings for what follows."""
    schema = db.schema(text)
    result = db.run(text)
    assert result.schema == schema
    assert result.table().schema == schema
    assert "settings" in result.info


@pytest.mark.parametrize("text", [text for text, _ in OTHERS])
def test_a_server_answers_the_same(db: tapeql.Database, far: tapeql.Database, text: str) -> None:
    """The same schema, rows and settings."""
    far.settings = {}
    assert far.schema(text) == db.schema(text)
    here, there = db.run(text), far.run(text)
    assert there.table() == here.table()
    assert there.info == here.info


@pytest.mark.parametrize(("text", "names"), columns())
def test_the_columns_are_those_told(db: tapeql.Database, text: str, names: list[str]) -> None:
    """As the tour says."""
    assert db.query(text).schema.names == names


def test_every_list_is_told() -> None:
    """Each kind of SHOW has its columns in the tour."""
    assert {f"SHOW {what}" for what in vocabulary.choices("show")} <= {text for text, _ in columns()}


@pytest.mark.parametrize("opening", vocabulary.statements())
def test_a_wrong_one_teaches_the_right_one(opening: str) -> None:
    """Misspelt, the fix makes it whole; broken off, what is missing is told; what it does not take is refused with what it does."""
    text = OPENINGS[opening]
    wrong = f"{opening}{opening[-1]}{text[len(opening) :]}"
    (diagnostic,) = told(wrong)
    assert diagnostic.fix is not None
    fix = diagnostic.fix
    assert said(read(wrong[: fix.span.start] + fix.text + wrong[fix.span.end :])) == said(read(text))
    for more in ("", " ]"):
        (diagnostic,) = told(opening + more)
        assert diagnostic.hints


@pytest.mark.parametrize(("text", "statement"), OTHERS, ids=[text for text, _ in OTHERS])
def test_what_surrounds_it(db: tapeql.Database, text: str, statement: syntax.Statement) -> None:
    """Only a query can be explained; before another statement it sets something or is refused; a surplus parameter is too."""
    assert told(f"EXPLAIN {text}")[0].code in ("E002", "E004")
    if statements()[type(statement)].sets is None:
        with pytest.raises(QueryError) as wrong:
            db.query(f"{text}; {BTC}")
        assert [d.code for d in wrong.value.diagnostics] == ["E016"]
    else:
        assert db.query(f"{text}; {BTC}").num_rows
    with pytest.raises(QueryError) as wrong:
        db.query(text, surplus=1)
    assert [d.code for d in wrong.value.diagnostics] == ["E108"]


@pytest.mark.parametrize(
    ("text", "statement"),
    [(text, statement) for text, statement in OTHERS if any(syntax.within(statement, Query))],
)
def test_a_query_inside_is_a_query(db: tapeql.Database, text: str, statement: syntax.Statement) -> None:
    """Its clauses twice, its parameters and its mistakes are told as they are of the query alone."""
    (query,) = syntax.within(statement, Query)
    head = text[: query.span.start - statement.span.start]
    assert [d.code for d in told(f"{head}{BTC} LIMIT 1 LIMIT 2")] == ["E010"]
    bound = f"{head}{BTC} LIMIT $n"
    assert db.query(bound, n=1).schema == db.schema(bound, n=1)
    with pytest.raises(QueryError) as wrong:
        db.query(f"{bound} WHERE nothing > 1")
    assert {d.code for d in wrong.value.diagnostics} == {"E108", "E101"}
