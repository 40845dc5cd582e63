"""What is refused before it can hurt."""

import pytest

from tapeql import limits
from tapeql.errors import Diagnostic, QueryError
from tapeql.language.parse import parse

BTC = "CANDLES 1h FROM binance:BTCUSDT "
DEEP, WIDE, LONG = limits.QUERY_NESTING_LEVELS, limits.QUERY_OPERATORS, limits.QUERY_TEXT_BYTES


def refused(text: str) -> Diagnostic:
    with pytest.raises(QueryError) as wrong:
        parse(text)
    (diagnostic,) = wrong.value.diagnostics
    return diagnostic


@pytest.mark.parametrize(
    ("before", "inside", "after", "allowed"),
    [
        ("(", "close", ")", DEEP),
        ("sma(", "close", ", 5)", DEEP),
        ("NOT ", "close", "", DEEP),
        ("- ", "close", "", DEEP),
        ("NOT (", "close", ")", DEEP // 2),
        ("", "close", "[1]", DEEP),
        ("CASE WHEN x THEN ", "close", " END", DEEP),
        ("(1 + ", "close", ")", DEEP),
    ],
)
def test_nesting(before: str, inside: str, after: str, allowed: int) -> None:
    """Exactly as many levels as the limit says are read; one more is E502, where it was passed."""
    script = parse(f"{BTC}WHERE {before * allowed}{inside}{after * allowed}")
    assert parse(script.write()).statements
    text = f"{BTC}WHERE {before * (allowed + 1)}{inside}{after * (allowed + 1)}"
    diagnostic = refused(text)
    assert diagnostic.code == "E502"
    assert len(f"{BTC}WHERE ") < diagnostic.span.start < diagnostic.span.end <= len(text)


@pytest.mark.parametrize("operator", [" AND ", " OR ", " + ", " * ", "-"])
def test_operators(operator: str) -> None:
    """As many operators as the limit says are read; the next one is E503, and it is marked."""
    assert parse(f"{BTC}WHERE {operator.join(['x'] * (WIDE + 1))}").statements
    text = f"{BTC}WHERE {operator.join(['x'] * (WIDE + 2))}"
    diagnostic = refused(text)
    assert diagnostic.code == "E503"
    assert text[diagnostic.span.start : diagnostic.span.end] == operator.strip()
    assert diagnostic.span.end == len(text.rstrip("x").rstrip())


def test_size() -> None:
    """A text of the largest size is read; a byte more is E501, and what is beyond is marked."""
    text = BTC + " " * (LONG - len(BTC))
    assert parse(text).statements
    assert refused(text + "é").code == "E501"
    assert refused(text + "--x").span.start == LONG


def test_size_counts_bytes() -> None:
    """The limit is in bytes of UTF-8, the span in characters."""
    diagnostic = refused("é" * LONG)
    assert (diagnostic.code, diagnostic.span.start, diagnostic.span.end) == ("E501", LONG // 2, LONG)


@pytest.mark.parametrize("opening", ["(", "[", "{", "NOT ", "-", "f(", "a:{", "((((1+", "' ", "x.", "CASE WHEN "])
def test_hostile_texts_are_refused(opening: str) -> None:
    """As much of anything as fits is a diagnostic, never a crash."""
    with pytest.raises(QueryError):
        parse((f"{BTC}WHERE " + opening * LONG)[:LONG])


def test_strings_and_symbols_hold_no_operators() -> None:
    """Dashes, slashes and brackets in symbols, dates, strings and comments do not count."""
    symbols = ", ".join(f"kraken:BTC-{n}/USD" for n in range(400))
    text = f"CANDLES 1h FROM {symbols} DURING 2025-01-01 .. 2025-02-01 WHERE x = '{'(' * 100}' --{'(' * 100}"
    assert parse(text).statements
