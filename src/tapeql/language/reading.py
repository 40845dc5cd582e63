"""What all readers of rules share: spans, words and the values that tokens stand for."""

from __future__ import annotations

import re
from typing import Any

from tapeql.errors import Span
from tapeql.language import syntax as s

Children = list[Any]

_NUMBER = re.compile(r"([\d_.]+(?:[eE][+-]?\d+)?)[ \t]*(%|[bB][pP][sS])?")
_DURATION_PART = re.compile(r"([\d_]+)([a-z]+)")


def span(children: Children) -> Span:
    """From the first child to the last; children are tokens or nodes."""
    return Span(span_of(children[0]).start, span_of(children[-1]).end)


def span_of(child: Any) -> Span:
    found = getattr(child, "span", None)
    return found if found is not None else Span(child.start_pos, child.end_pos)


def nodes(children: Children) -> tuple[Any, ...]:
    return tuple(child for child in children if not isinstance(child, str))


def has(children: Children, kind: str) -> bool:
    return any(getattr(child, "type", None) == kind for child in children)


def text(token: str) -> str:
    """The text of a word, or of a string without its quotes."""
    return token[1:-1].replace("''", "'") if token.startswith("'") else str(token)


def duration(token: Any) -> s.Duration:
    parts = tuple((int(count), unit) for count, unit in _DURATION_PART.findall(token))
    return s.Duration(parts, Span(token.start_pos, token.end_pos))


def number(token: Any) -> s.Number:
    match = _NUMBER.fullmatch(token)
    assert match is not None
    digits, unit, at = match[1].replace("_", ""), (match[2] or "").lower(), Span(token.start_pos, token.end_pos)
    if digits.isdigit():
        return s.Number(int(digits), unit, at)
    value = float(digits)
    whole = "." not in digits and value.is_integer() and value < 2**53
    return s.Number(int(value) if whole else value, unit, at)


def time(token: Any) -> s.Time:
    hours, minutes, *seconds = token.split(":")
    whole, _, fraction = (seconds[0] if seconds else "0").partition(".")
    us = ((int(hours) * 60 + int(minutes)) * 60 + int(whole)) * 1_000_000 + int(fraction.ljust(6, "0") or "0")
    return s.Time(us, Span(token.start_pos, token.end_pos))


def date(token: Any) -> s.Date:
    text = token.lower() if token[0].isalpha() else token.upper()
    return s.Date(text, Span(token.start_pos, token.end_pos))


def integer(token: str) -> int:
    return int(token.replace("_", ""))
