"""SET."""

from __future__ import annotations

import pytest

from tapeql.errors import QueryError
from tapeql.language.parse import parse
from tapeql.language.statements.set import Set
from tapeql.query.settings import Settings, apply


def changed(text: str) -> Settings:
    (statement,) = parse(text).statements
    assert isinstance(statement, Set)
    return apply(Settings(), statement.name, statement.value, statement.span)


def test_each_setting() -> None:
    """SET changes one setting and leaves the others."""
    assert changed("SET tz = 'America/New_York'") == Settings(tz="America/New_York")
    assert changed("SET tz = UTC") == Settings(tz="UTC")
    assert changed("SET calendar = xlon") == Settings(calendar="XLON")
    assert changed("SET strict = ON") == Settings(strict=True)
    assert changed("SET strict = off") == Settings()
    assert changed("SET venue = binance") == Settings(venue="binance")
    assert changed("SET engine = sql") == Settings(engine="sql")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("SET tzz = UTC", "`tz`"),
        ("SET now_us = 5", "`engine`"),
        ("SET tz = Europe/Londn", "`Europe/London`"),
        ("SET calendar = XNYX", "`XNYS`"),
        ("SET strict = maybe", "`on`"),
        ("SET engine = sqll", "`sql`"),
    ],
)
def test_what_cannot_be_set(text: str, hint: str) -> None:
    """An unknown setting or value is E107 with what would do."""
    with pytest.raises(QueryError) as caught:
        changed(text)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "E107"
    assert any(hint in text for text in diagnostic.hints)


def test_the_reference_calendar_has_sessions() -> None:
    """Session words mean the reference calendar's sessions, so it must have some."""
    with pytest.raises(QueryError, match="no sessions"):
        changed("SET calendar = 24x7")
