"""Frames nobody vouches for: seeded mutations of a venue's own, through decode.

python -m tests.connectors.fuzz --venue binance --frames 1000000 [--seed N]

Prints what became of them; exit status 1 after an exception that escaped or an event that no store could hold.
"""

from __future__ import annotations

import argparse
import math
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, get_args

from tapeql.connectors.events import Event, Refused
from tests.connectors.card import Card, Frame, cards, kind_of, recordings_folder

EVENTS: Final = get_args(Event)

TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null')
NUMBER: Final = re.compile(rb"-?\d+(?:\.\d+)?")

ODD: Final = (
    *(b"null", b"true", b"[]", b"{}", b'""', b'" "', b'"x"', b"NaN", b"Infinity", b"-Infinity", b'"NaN"', b'"inf"'),
    *(b'"-Infinity"', b"1e999", b"-1e999", b'"1e999"', b"1e308", b'"1e308"', b"-1", b'"-1"', b"0", b"-0.0", b'"0"'),
    *(b"1e-400", b"1.5", b'"1.5"', b'"0x10"', b'"1_000"', b'"\\ud800"', b'"\\u0000"', b'"\xff"', b'"\xf0\x9f\xa6\x89"'),
    *(b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809", b"18446744073709551616"),
    *(b'"9223372036854775808"', b"1" + b"0" * 40, b'"1' + b"0" * 40 + b'"', b"1" + b"0" * 400, b"1" + b"0" * 5000),
    *(b"[" * 2000, b"[" * 900 + b"]" * 900, b'{"a":' * 900 + b"1" + b"}" * 900),
    *(b'"9999-12-31T23:59:59.999999999Z"', b'"0001-01-01T00:00:00Z"', b'"2024-02-30T00:00:00Z"'),
)

TWICE: Final = 16
"""One frame in so many is decoded twice: decode must be pure."""

INT64: Final = 2**63
LATEST_US: Final = INT64 // 1000
"""Later than this an instant has no nanoseconds in 64 bits."""


class Unsound(AssertionError):
    """An event that must not leave decode."""


def mutated(dice: random.Random, frames: Sequence[Frame]) -> bytes:
    """One frame with one to three accidents."""
    frame = dice.choice(frames)[1]
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        frame = dice.choice(ACCIDENTS)(dice, frame, frames)
    return frame


def check(event: Event) -> None:
    """Raises Unsound for what no store could hold: numbers that are none, integers beyond 64 bits, broken text."""
    if not isinstance(event, EVENTS):
        raise Unsound(f"{type(event).__name__} is no event")
    for name in event.__struct_fields__:
        value = getattr(event, name)
        _check(name, value)
        if name.endswith("_us") and value is not None and not (isinstance(value, int) and 0 <= value < LATEST_US):
            raise Unsound(f"{name}: {value!r} is no time")
        if name in ("symbol", "trade_id") and isinstance(value, str) and not (value and value.isprintable()):
            raise Unsound(f"{name}: {value!r} is no name")
        if name == "seq" and not isinstance(value, int):
            raise Unsound(f"seq: {value!r}")
    if isinstance(event, Refused) and len(event.reason) > 1000:
        raise Unsound("a reason as long as the frame")


def _check(name: str, value: object) -> None:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unsound(f"{name}: {value}")
    elif isinstance(value, bool | None):
        return
    elif isinstance(value, int):
        if not -INT64 <= value < INT64:
            raise Unsound(f"{name}: an integer beyond 64 bits")
    elif isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Unsound(f"{name}: {value!r} cannot be written") from None
    elif isinstance(value, list | tuple):
        for item in value:
            _check(name, item)
    else:
        raise Unsound(f"{name}: {type(value).__name__}")


def run(card: Card, frames: Sequence[Frame], count: int, seed: int) -> Counter[str]:
    """Decodes `count` mutated frames. Raises Unsound, or what escaped from decode, with the frame as a note."""
    dice = random.Random(seed)
    seen: Counter[str] = Counter()
    for n in range(count):
        frame = mutated(dice, frames)
        try:
            events = card.decode(frame, n)
            for event in events:
                check(event)
            if n % TWICE == 0 and card.decode(frame, n) != events:
                raise Unsound("the same bytes gave other events")
        except BaseException as error:
            error.add_note(f"{card}, seed {seed}, frame {n}: {frame[:2000]!r}")
            raise
        seen["silent" if not events else "refused" if any(isinstance(e, Refused) for e in events) else "decoded"] += 1
        seen.update(kind_of(event) for event in events)
    return seen


# ── accidents ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _flip(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    if not frame:
        return b"\x00"
    at = dice.randrange(len(frame))
    return frame[:at] + bytes([frame[at] ^ (1 << dice.randrange(8))]) + frame[at + 1 :]


def _cut(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    return frame[: dice.randrange(len(frame) + 1)]


def _remove(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    start, end = sorted((dice.randrange(len(frame) + 1), dice.randrange(len(frame) + 1)))
    return frame[:start] + frame[end:]


def _repeat(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    start, end = sorted((dice.randrange(len(frame) + 1), dice.randrange(len(frame) + 1)))
    return frame[:end] + frame[start:]


def _splice(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    other = dice.choice(frames)[1]
    return frame[: dice.randrange(len(frame) + 1)] + other[dice.randrange(len(other) + 1) :]


def _odd_token(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    return _replace(dice, frame, TOKEN, lambda found: dice.choice(ODD))


def _odd_number(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    return _replace(dice, frame, NUMBER, lambda found: dice.choice((b"-", b"", b"e9", b"e400", b"9" * 400)) + found)


def _digit(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    """A number that stays one: its digits changed, more or fewer of them, its sign."""

    def changed(found: bytes) -> bytes:
        at = dice.randrange(len(found))
        return dice.choice(
            (found[:at] + b"%d" % dice.randrange(10) + found[at + 1 :], found + b"0", found[:-1], b"-" + found)
        )

    return _replace(dice, frame, NUMBER, changed)


def _swap(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    found = list(TOKEN.finditer(frame))
    if len(found) < 2:
        return frame
    first, second = sorted(dice.sample(found, 2), key=lambda match: match.start())
    between = frame[first.end() : second.start()]
    return frame[: first.start()] + second[0] + between + first[0] + frame[second.end() :]


def _array(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    return b"[" + b",".join([frame, dice.choice(frames)[1]]) + b"]"


def _join(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    return frame + dice.choice((b"", b"\n", b" ", b",")) + dice.choice(frames)[1]


def _garbage(dice: random.Random, frame: bytes, frames: Sequence[Frame]) -> bytes:
    return dice.choice((b"", b"   ", b"[]", b"[[]]", b"{}", b"null", b"0", b"NaN", b'""', dice.randbytes(40), *ODD))


def _replace(dice: random.Random, frame: bytes, pattern: re.Pattern[bytes], by: Callable[[bytes], bytes]) -> bytes:
    found = list(pattern.finditer(frame))
    if not found:
        return frame
    match = dice.choice(found)
    return frame[: match.start()] + by(match[0]) + frame[match.end() :]


ACCIDENTS: Final = (
    *(_flip, _flip, _cut, _remove, _repeat, _splice, _odd_token, _odd_token, _odd_token, _odd_number, _odd_number),
    *(_digit, _digit, _digit, _digit, _swap, _swap, _swap, _array, _join, _garbage),
)


# ── the long run ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _figures(seen: Counter[str]) -> Iterator[str]:
    order = ("decoded", "refused", "silent")
    yield "frames  " + "  ".join(f"{name} {seen[name]:,}" for name in order)
    yield "events  " + "  ".join(f"{name} {seen[name]:,}" for name in sorted(set(seen) - set(order)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.connectors.fuzz", description=__doc__)
    parser.add_argument("--venue", required=True)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    chosen = [card for card in cards() if card.venue == asked.venue]
    if not chosen:
        print(f"no card of {asked.venue}; there are {', '.join(sorted({card.venue for card in cards()}))}")
        return 2
    for n, card in enumerate(chosen):
        frames = list(card.frames(recordings_folder()))
        share = asked.frames // len(chosen) + (n < asked.frames % len(chosen))
        began = time.perf_counter()
        try:
            seen = run(card, frames, share, asked.seed)
        except Exception:
            traceback.print_exc()
            return 1
        print(f"{card}: {share:,} mutated of {len(frames):,}, seed {asked.seed}, {time.perf_counter() - began:.0f} s")
        print("\n".join(f"  {line}" for line in _figures(seen)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
