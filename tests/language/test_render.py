"""Diagnostics as people and as programs read them."""

import json

from tapeql.errors import Diagnostic, Fix, Span
from tapeql.rendering import as_record, render

SENTENCE = "CANDLES 1h FROM binance:BTCUSDT WHERE close > smaa(20)"
UNKNOWN = Diagnostic(
    "E102",
    "unknown function `smaa`",
    Span(46, 50),
    ("did you mean `sma` (simple moving average)?",),
    Fix(Span(46, 50), "sma"),
)


def test_layout() -> None:
    """The layout of the specification, to the blank."""
    assert render([UNKNOWN], SENTENCE) == (
        "E102 unknown function `smaa`\n"
        "  1 │ CANDLES 1h FROM binance:BTCUSDT WHERE close > smaa(20)\n"
        "    │                                               ^^^^\n"
        "    = did you mean `sma` (simple moving average)?"
    )


def test_several_lines() -> None:
    """The gutter numbers the line, and is as wide as the number needs."""
    text = "\n" * 11 + "DAYS\n  FROM x:y WHERE\n(a\n+ b"
    block = render([Diagnostic("E201", "odd", Span(text.index("("), len(text)))], text)
    assert block == "E201 odd\n  14 │ (a\n     │ ^^\n  15 │ + b\n     │ ^^^"


def test_many_lines_are_shortened() -> None:
    """Of a long span the first and the last line are shown."""
    text = "\n".join("abcdefg")
    assert render([Diagnostic("E201", "odd", Span(0, len(text)))], text).splitlines()[1:] == [
        "  1 │ a",
        "    │ ^",
        "    │ …",
        "  7 │ g",
        "    │ ^",
    ]


def test_nowhere() -> None:
    """A diagnostic of no place shows no line."""
    assert render([Diagnostic("N101", "so it is", hints=("mind",))], SENTENCE) == "N101 so it is\n    = mind"


def test_end_of_text() -> None:
    """A place behind the last character gets a caret of its own."""
    assert render([Diagnostic("E003", "x", Span(4, 4))], "DAYS").splitlines()[2] == "    │     ^"


def test_tabs_and_wide_characters() -> None:
    """Carets stand under what they mean, whatever the width of what comes before."""
    text = "\tx = '日本é' ! y"
    assert render([Diagnostic("E007", "x", Span(text.index("!"), text.index("!") + 1))], text).splitlines()[1:] == [
        "  1 │     x = '日本é' ! y",
        "    │                 ^",
    ]


def test_control_characters_are_pictures() -> None:
    """Nothing in a query can drive the terminal that shows its error."""
    block = render([Diagnostic("E006", "the character \x1b", Span(0, 1))], "\x1b[2J\r\x9b")
    assert "\x1b" not in block
    assert "\r" not in block
    assert "\x9b" not in block


def test_long_lines_are_cut_around_the_span() -> None:
    """However long the line, what is shown holds the span and fits."""
    for at in (0, 5, 300, 5000, 9990):
        text = "a" * at + "!!" + "b" * (10_000 - at)
        shown, carets = render([Diagnostic("E006", "x", Span(at, at + 2))], text).splitlines()[1:]
        assert len(shown) < 125
        assert shown[carets.index("^") : carets.rindex("^") + 1] == "!!"
    shown, carets = render([Diagnostic("E006", "x", Span(50, 9_000))], "c" * 10_000).splitlines()[1:]
    assert len(shown) < 125
    assert len(carets) < 125


def test_blocks_are_apart() -> None:
    """Several diagnostics are separated by an empty line."""
    assert render([UNKNOWN, UNKNOWN], SENTENCE).count("\n\n") == 1


def test_record() -> None:
    """The record is plain JSON; line and column count from one."""
    text = "DAYS\n" + SENTENCE
    moved = Diagnostic("E102", UNKNOWN.reason, Span(51, 55), UNKNOWN.hints, Fix(Span(51, 55), "sma"))
    assert json.loads(json.dumps(as_record(moved, text))) == {
        "code": "E102",
        "line": 2,
        "column": 47,
        "span": [51, 55],
        "reason": "unknown function `smaa`",
        "hints": ["did you mean `sma` (simple moving average)?"],
        "fix": {"span": [51, 55], "text": "sma"},
    }
    assert as_record(Diagnostic("E001", "x"), "")["fix"] is None
