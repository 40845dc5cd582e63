"""Each wrong query beside its rendered diagnostics; `poor/` keeps the messages that should become better.

`TAPEQL_BLESS=1 pytest tests/errors` writes what is said now; read the difference before keeping it.
"""

import os
from pathlib import Path

import pytest

from tapeql.errors import QueryError
from tapeql.language.parse import parse
from tapeql.rendering import render

HERE = Path(__file__).parent
WRONG = sorted(HERE.rglob("*.tapeql"))


@pytest.mark.parametrize("path", WRONG, ids=lambda path: str(path.relative_to(HERE).with_suffix("")))
def test_message(path: Path) -> None:
    """A wrong query is told exactly as it is written down."""
    text = path.read_text(encoding="utf-8").removesuffix("\n")
    with pytest.raises(QueryError) as wrong:
        parse(text)
    told = render(wrong.value.diagnostics, text) + "\n"
    expected = path.with_suffix(".expected")
    if os.environ.get("TAPEQL_BLESS"):
        expected.write_text(told, encoding="utf-8")
    assert told == expected.read_text(encoding="utf-8")


def test_there_are_enough() -> None:
    """The folder covers every code of syntax."""
    told = "".join(path.with_suffix(".expected").read_text(encoding="utf-8") for path in WRONG)
    assert len(WRONG) >= 30
    for code in (
        "E001",
        "E002",
        "E003",
        "E004",
        "E005",
        "E006",
        "E007",
        "E008",
        "E009",
        "E010",
        "E011",
        "E012",
        "E013",
        "E015",
        "E510",
    ):
        assert f"{code} " in told
