"""The vocabulary, the nearest names and the stories of the codes."""

import pkgutil
import re
from pathlib import Path

import pytest

from tapeql.errors import QueryError
from tapeql.language import clauses, vocabulary
from tapeql.language.codes import CODES, explain
from tapeql.language.nearest import nearest
from tapeql.language.parse import parse
from tapeql.words.verbs import verbs

SOURCES = Path(__file__).parents[2] / "src" / "tapeql"


def test_vocabulary_is_read_from_the_grammar() -> None:
    """Verbs, clauses, units and statements are those of the grammar."""
    assert {verb.lower() for verb in vocabulary.verbs()} == {name.partition(" ")[0] for name in verbs()}
    files = (file.name.strip("_").replace("_", " ").upper() for file in pkgutil.iter_modules(clauses.__path__))
    assert set(files) == set(vocabulary.clauses())
    assert vocabulary.units() == ("ns", "us", "ms", "s", "m", "h", "d", "bd", "w", "mo", "q", "y")
    assert {"EXPLAIN", "SHOW"} <= set(vocabulary.statements())
    assert {"symbols", "gaps"} <= set(vocabulary.choices("show"))
    assert {"CANDLES", "FROM", "CROSSES", "PARTIAL"} <= set(vocabulary.keywords())
    assert vocabulary.reserved() <= set(vocabulary.keywords())
    assert vocabulary.spelling()["PARTIAL"] == "partial"


@pytest.mark.parametrize(
    "word", ["last", "max", "step", "label", "open", "close", "session", "min", "all", "per", "by"]
)
def test_good_names_are_free(word: str) -> None:
    """Names that columns and functions like to have are not reserved."""
    assert word.upper() not in vocabulary.reserved()


@pytest.mark.parametrize(
    ("word", "candidates", "expected"),
    [
        ("FORM", ["FROM", "FILL", "FOR"], ["FROM", "FOR"]),
        ("wehre", ["WHERE", "WHEN"], ["WHERE"]),
        ("smaa", ["sma", "ema", "stddev"], ["sma"]),
        ("vol", ["volume", "close"], ["volume"]),
        ("x", ["y", "z"], []),
        ("binance:BTCUSD", ["binance:BTCUSDT", "binance:ETHUSDT"], ["binance:BTCUSDT", "binance:ETHUSDT"]),
        ("Close", ["close"], ["close"]),
        ("", ["a"], []),
    ],
)
def test_nearest(word: str, candidates: list[str], expected: list[str]) -> None:
    """The closest names come first, and what is far away does not come at all."""
    assert nearest(word, candidates) == expected


@pytest.mark.parametrize("code", CODES)
def test_stories(code: str) -> None:
    """A story's wrong sentence earns its code, if it is one of syntax or limits, and its right one parses."""
    story = CODES[code]
    told = explain(code.lower())
    assert told is not None
    assert story.title in told
    assert story.text in told
    if story.right:
        parse(story.right)
    if story.wrong and code[:2] in ("E0", "E5"):
        with pytest.raises(QueryError) as wrong:
            parse(story.wrong)
        assert {d.code for d in wrong.value.diagnostics} == {code}
    elif story.wrong:
        parse(story.wrong)


def test_every_code_in_use_has_a_story() -> None:
    """No message carries a code that cannot be explained."""
    used = {
        code
        for path in SOURCES.rglob("*.py")
        if path.name != "codes.py"
        for code in re.findall(r'"([EWN]\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert used <= set(CODES)
    assert explain("E999") is None
