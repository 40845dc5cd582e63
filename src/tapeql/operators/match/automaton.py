"""A pattern as what may follow what, the preferred first.

dip{2,} rally+   ─▶   first (0,)   follow 0: (1,)   1: (1, 2)   2: (2, END)   where 0 and 1 are a dip, 2 a rally

(1 stands for the second dip and all later ones.) Repeating as often as can be is preferred to going on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tapeql.language.clauses.match import Choice, Pattern, Repeat, Sequence, Step

END: Final = -1
"""What follows the last row of a match."""


@dataclass(frozen=True, slots=True)
class Automaton:
    """Places in a pattern, each of one row.

    steps    the number of the step that each place is
    first    the places a match may begin with, the preferred first
    follow   what may follow each place, END included, the preferred first
    least    how many rows a match has at least
    """

    steps: tuple[int, ...]
    first: tuple[int, ...]
    follow: tuple[tuple[int, ...], ...]
    least: int


def places(pattern: Pattern) -> int:
    """How many places a pattern has, counted before it is written out."""
    match pattern:
        case Step():
            return 1
        case Sequence(items=items) | Choice(items=items):
            return sum(places(item) for item in items)
        case Repeat(x=x, least=least, most=most):
            return places(x) * (max(least, 1) if most is None else most)


def automaton(pattern: Pattern, numbers: Mapping[str, int]) -> Automaton:
    """The automaton of a pattern whose steps have numbers."""
    program = _Program(numbers)
    start = program.before(pattern, program.end)
    where = {at: place for place, at in enumerate(program.steps)}

    def reached(at: int) -> tuple[int, ...]:
        return tuple(END if each == program.end else where[each] for each in program.reached(at))

    follow = tuple(reached(then) for then in program.steps.values())
    return Automaton(
        tuple(program.named[at] for at in program.steps),
        tuple(place for place in reached(start) if place != END),  # a match has a row
        follow,
        max(_least(pattern), 1),
    )


def _least(pattern: Pattern) -> int:
    match pattern:
        case Step():
            return 1
        case Sequence(items=items):
            return sum(_least(item) for item in items)
        case Choice(items=items):
            return min(_least(item) for item in items)
        case Repeat(x=x, least=least):
            return least * _least(x)


class _Program:
    """Points of a pattern: a step goes on to one point, a fork to several, the preferred first."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._numbers = numbers
        self._forks: dict[int, list[int]] = {}
        self.steps: dict[int, int] = {}
        self.named: dict[int, int] = {}
        self.end = 0
        self._points = 0

    def before(self, pattern: Pattern, then: int) -> int:
        """The point at which a pattern begins that goes on to `then`."""
        match pattern:
            case Step(name=name):
                at = self._point()
                self.steps[at], self.named[at] = then, self._numbers[name]
                return at
            case Sequence(items=items):
                for item in reversed(items):
                    then = self.before(item, then)
                return then
            case Choice(items=items):
                return self._fork([self.before(item, then) for item in items])
            case Repeat(x=x, least=least, most=most):
                at = then
                if most is None:
                    at = self._fork([])
                    self._forks[at] += [self.before(x, at), then]
                for _ in range((most or least) - least):
                    at = self._fork([self.before(x, at), then])
                for _ in range(least):
                    at = self.before(x, at)
                return at

    def _fork(self, ways: list[int]) -> int:
        at = self._point()
        self._forks[at] = ways
        return at

    def _point(self) -> int:
        self._points += 1
        return self._points

    def reached(self, at: int) -> list[int]:
        """The steps, and the end, that a point leads to without a row in between."""
        found: list[int] = []
        seen: set[int] = set()
        waiting = [at]
        while waiting:
            point = waiting.pop()
            if point in seen:
                continue
            seen.add(point)
            if point in self._forks:
                waiting += reversed(self._forks[point])
            else:
                found.append(point)
        return found
