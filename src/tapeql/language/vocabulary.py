"""The fixed words of the language, all read from the grammar: for completion, highlighting and messages."""

from __future__ import annotations

import functools
import re

from tapeql.language import grammar

A_BEGINNING = "begin with a verb such as `CANDLES 1h`, or with `SHOW symbols` to see what is stored"


@functools.cache
def keywords() -> tuple[str, ...]:
    """Every keyword, upper case, in byte order."""
    found = {word.upper() for name in grammar.rules() if name.islower() for word in grammar.words(name)}
    return tuple(sorted(found))


@functools.cache
def spelling() -> dict[str, str]:
    """How each keyword is written: clause words in capitals, choices such as `partial` small."""
    return {word.upper(): word for name in grammar.rules() if name.islower() for word in grammar.words(name)}


@functools.cache
def reserved() -> frozenset[str]:
    """Keywords that can never name a column, a function or an alias."""
    return frozenset(grammar.words("RESERVED"))


@functools.cache
def operands() -> frozenset[str]:
    """Reserved words that begin an operand, so that even `not(…)` is no call."""
    return reserved() & frozenset((*grammar.words("negation"), *grammar.words("primary")))


@functools.cache
def verbs() -> tuple[str, ...]:
    return grammar.words("verb")


@functools.cache
def statements() -> tuple[str, ...]:
    """What a statement may begin with besides a verb."""
    rules = grammar.rules()["statement"].replace("|", " ").split()
    return tuple(dict.fromkeys(grammar.words(rule)[0] for rule in rules if grammar.words(rule)))


@functools.cache
def clauses() -> tuple[str, ...]:
    """How each clause opens, in the canonical order: `FROM`, …, `TICKS WHERE`, …"""
    rules = grammar.rules()["clause"].replace("|", " ").split()
    return tuple(rule.strip("_").replace("_", " ").upper() for rule in rules)


@functools.cache
def openers() -> frozenset[str]:
    """The first words of the clauses."""
    return frozenset(phrase.split()[0] for phrase in clauses())


def opening_of(node: type) -> str:
    """How a clause or a statement opens, by its syntax node: `TicksWhere` is TICKS WHERE."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", node.__name__).upper()


@functools.cache
def units() -> tuple[str, ...]:
    """Units of durations, shortest first."""
    order = ("ns", "us", "ms", "s", "m", "h", "d", "bd", "w", "mo", "q", "y")
    return tuple(sorted(grammar.words("UNIT"), key=order.index))


def relative_days() -> tuple[str, ...]:
    return ("today", "yesterday", "now")


def choices(rule: str) -> tuple[str, ...]:
    """The words that may follow a rule's first one: `choices("show")` is `("SYMBOLS", …)`."""
    return grammar.words(rule)[1:]
