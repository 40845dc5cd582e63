"""The examples of grammar/README.md are read."""

import pytest

from tapeql.language.parse import parse
from tests.tour import EXAMPLES


def test_there_are_examples() -> None:
    """The tour shows every clause of the language's first part."""
    assert len(EXAMPLES) > 40


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_parses(example: str) -> None:
    """Every example of the tour parses, and so does its canonical form."""
    canonical = parse(example).write()
    assert parse(canonical).write() == canonical
