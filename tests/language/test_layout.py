"""Files are laid out so that nothing is lost, and twice is once."""

from __future__ import annotations

import random
import re

import pytest

from tapeql.language.layout import LINE, formatted
from tapeql.language.parse import parse
from tests.tour import EXAMPLES

WORDS = re.compile(r"'(?:[^'\n]|'')*'|--[^\n]*|[A-Za-z_0-9:.@$/*{}<>=!%+-]+|\S")


def canonical(text: str) -> list[str]:
    return [statement.write() for statement in parse(text).statements]


def comments(text: str) -> list[str]:
    return sorted(match for match in WORDS.findall(text) if match.startswith("--"))


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_is_laid_out_says_the_same_and_stays_as_it_is(example: str) -> None:
    laid = formatted(example)
    assert canonical(laid) == canonical(example)
    assert comments(laid) == comments(example)
    assert formatted(laid) == laid


@pytest.mark.parametrize("seed", range(40))
def test_comments_wherever_they_stand_are_kept(seed: int) -> None:
    """Some statements, their words on lines of their own, with comments and empty lines between any two of them."""
    chance = random.Random(seed)
    chosen = [re.sub(r"\s*--[^\n']*$", "", chance.choice(EXAMPLES)) for _ in range(chance.randint(1, 4))]
    text = ";\n".join(chosen) + chance.choice(["", ";", ";\n"])
    pieces = []
    for word in re.split(r"('(?:[^'\n]|'')*'|\s+|;)", text):
        pieces.append(word)
        if (word.isspace() or word == ";") and chance.random() < 0.3:
            pieces.append(f" -- {chance.randint(0, 99)} it's; so\n" + "\n" * chance.randint(0, 2))
    messy = "".join(pieces)
    laid = formatted(messy)
    assert canonical(laid) == canonical(text)
    assert comments(laid) == comments(messy)
    assert formatted(laid) == laid


def test_a_long_statement_has_a_clause_a_line() -> None:
    text = "candles 1h from nasdaq:AAPL where close > sma(20) and volume > avg(volume, 20)[1] add rsi(14) as r, ema(50) as e50 limit 10"
    assert formatted(f"-- why\n{text}; -- so\n\n\nshow symbols\n") == (
        "-- why\n"
        "CANDLES 1h FROM nasdaq:AAPL\n"
        "    WHERE close > sma(20) AND volume > avg(volume, 20)[1]\n"
        "    ADD rsi(14) AS r, ema(50) AS e50\n"
        "    LIMIT 10; -- so\n"
        "\n"
        "SHOW symbols\n"
    )
    assert all(len(line) <= LINE for line in formatted(text).splitlines())
