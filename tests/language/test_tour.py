"""The examples of grammar/README.md are part of the language."""

import re
from pathlib import Path

import pytest

from tapeql.language.format import format_script
from tapeql.language.parse import parse

TOUR = Path(__file__).parents[2] / "grammar" / "README.md"
EXAMPLES = [
    line
    for block in re.findall(r"```tapeql\n(.*?)```", TOUR.read_text(encoding="utf-8"), re.S)
    for line in block.splitlines()
]


def test_there_are_examples() -> None:
    """The tour shows every clause of the language's first part."""
    assert len(EXAMPLES) > 40


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_parses(example: str) -> None:
    """Every example of the tour parses, and so does its canonical form."""
    canonical = format_script(parse(example))
    assert format_script(parse(canonical)) == canonical
