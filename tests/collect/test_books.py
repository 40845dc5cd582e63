"""A book fed by connections that lose, lag, end and take over: rebuilt from what is kept it is the venue's, or a gap
says since when and until when it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tapeql.collect.books import SNAPSHOT_EVERY_US, Books
from tapeql.connectors.binance.book import BinanceBook
from tapeql.connectors.binance.markets import SPOT
from tapeql.connectors.book import Synced
from tapeql.connectors.events import BookDelta, BookSnapshot, Gap, Kept, Level

FIRST = 1_000
STEP_US = 1_000
LEVELS = 4


def level_of(number: int) -> Level:
    """What update `number` sets."""
    return 100.0 + number % LEVELS, float(number)


def truth(number: int) -> dict[float, float]:
    """The bids after update `number`."""
    return dict(level_of(each) for each in range(number - LEVELS + 1, number + 1))


def delta(number: int) -> BookDelta:
    return BookDelta("v", "S", number, number, None, number * STEP_US, 0, [level_of(number)], [])


def snapshot(number: int) -> BookSnapshot:
    return BookSnapshot("v", "S", number, None, 0, sorted(truth(number).items(), reverse=True), [])


def check(kept: Sequence[Kept]) -> None:
    """Every update between the first snapshot and the last row is kept or declared, and rebuilding gives the truth."""
    gaps = {each.gap_id: each for each in kept if isinstance(each, Gap)}
    rebuilt: dict[float, float] | None = None
    last = 0
    for event in kept:
        match event:
            case BookSnapshot(last_id=int(number), bids=bids):
                if rebuilt is not None and number > last:
                    assert missing(range(last + 1, number + 1), gaps) == []
                rebuilt, last = dict(bids), number
                assert rebuilt == truth(number)
            case BookDelta(last_id=int(number), bids=bids):
                assert rebuilt is not None
                assert number == last + 1
                rebuilt, last = rebuilt | dict(bids), number
                assert rebuilt == truth(number)


def missing(numbers: range, gaps: dict[str, Gap]) -> list[int]:
    spans = [(gap.from_id or 0, gap.to_id or 2**62) for gap in gaps.values()]
    return [number for number in numbers if not any(first <= number <= last for first, last in spans)]


@dataclass(slots=True)
class Wire:
    """A connection: what the venue has sent and we have not heard yet begins at `next`."""

    number: int
    next: int


@dataclass(slots=True)
class World:
    """A venue that updates its book, and one or two connections to it."""

    books: Books = field(default_factory=lambda: Books("v", "S"))
    now: int = FIRST
    wires: list[Wire] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    connections: int = 0

    def hear(self, wire: Wire, event: BookSnapshot | BookDelta) -> None:
        self.kept += self.books.on(wire.number, event, self.now * STEP_US).kept

    def connect(self) -> None:
        self.connections += 1
        self.wires.append(Wire(self.connections, self.now + 1))
        self.books.attach(self.connections, BinanceBook(SPOT))

    def end(self, wire: Wire) -> None:
        self.wires.remove(wire)
        self.kept += self.books.detach(wire.number, "ended")

    def deliver(self, wire: Wire, most: int) -> None:
        while wire.next <= self.now and most > 0:
            wire.next, most = wire.next + 1, most - 1
            self.hear(wire, delta(wire.next - 1))


steps = st.lists(
    st.tuples(
        st.sampled_from(["update", "deliver", "snapshot"] * 3 + ["lose", "renew", "end", "restart"]),
        st.integers(0, 1),
        st.integers(1, 4),
    ),
    min_size=20,
    max_size=60,
)


STALE = [("update", 0, 2)] + [step for many in (2, 1, 2, 1) for step in (("snapshot", 0, many), ("end", 0, 1))]
"""A snapshot older than the one before begins a second gap at the same update."""


@settings(max_examples=300)
@given(steps)
@example(STALE)
def test_a_book_is_the_venues_or_a_gap_is_declared(script: list[tuple[str, int, int]]) -> None:
    world = World()
    world.connect()
    for what, which, many in script:
        wire = world.wires[which % len(world.wires)]
        match what:
            case "update":
                world.now += many
            case "deliver":
                world.deliver(wire, many)
            case "lose":
                wire.next = min(wire.next + many, world.now + 1)
            case "snapshot":
                world.hear(wire, snapshot(max(FIRST, world.now - many + 1)))
            case "renew" if len(world.wires) == 1:
                world.connect()
            case "end":
                world.end(wire)
            case "restart":
                for each in list(world.wires):
                    world.end(each)
                gaps = {each.gap_id: each for each in world.kept if isinstance(each, Gap)}
                last_id, last_us, world.books = world.books.last_id, world.books.last_us, Books("v", "S")
                world.books.restore(last_id, last_us, list(gaps.values()))
                world.kept += world.books.lost("not running")
        if not world.wires:
            world.connect()
        check(world.kept)


def test_a_successor_takes_over_where_it_joins() -> None:
    """Its snapshot is ahead of what the old connection has sent: nothing in between is given up."""
    world = World()
    world.connect()
    world.hear(world.wires[0], snapshot(FIRST))
    old = world.wires[0]
    world.connect()
    new = world.wires[1]
    world.now += 5
    world.hear(new, snapshot(world.now))
    assert world.books.current == old.number
    world.deliver(old, 5)
    assert world.books.current == new.number
    assert not [each for each in world.kept if isinstance(each, Gap)]
    assert [each.last_id for each in world.kept if isinstance(each, BookDelta)] == list(range(FIRST + 1, FIRST + 6))


def test_what_has_been_succeeded_does_not_take_over_again() -> None:
    """The old connection loses an update and gets a new snapshot; its end is no loss all the same."""
    world = World()
    world.connect()
    world.hear(world.wires[0], snapshot(FIRST))
    world.connect()
    old, new = world.wires
    world.hear(new, snapshot(FIRST))
    world.now += 3
    world.deliver(new, 3)
    old.next += 1
    world.deliver(old, 2)
    world.hear(old, snapshot(world.now))
    world.end(old)
    assert world.books.current == new.number
    assert not [each for each in world.kept if isinstance(each, Gap)]


def test_a_successor_of_a_mute_connection_declares_what_was_not_sent() -> None:
    world = World()
    world.connect()
    world.hear(world.wires[0], snapshot(FIRST))
    world.connect()
    world.now += 5
    world.hear(world.wires[1], snapshot(world.now))
    world.end(world.wires[0])
    gap = [each for each in world.kept if isinstance(each, Gap)][-1]
    assert (gap.from_id, gap.to_id, gap.reason) == (FIRST + 1, FIRST + 5, "ended")
    assert world.books.known


class Unnumbered:
    """Everything is as it comes."""

    def on_snapshot(self, snapshot: BookSnapshot) -> Synced:
        return Synced([snapshot])

    def on_delta(self, delta: BookDelta) -> Synced:
        return Synced([delta])


def test_without_numbers_a_snapshot_that_says_something_new_ends_a_gap() -> None:
    books = Books("v", "S")
    books.attach(1, Unnumbered())
    books.attach(2, Unnumbered())
    bids = [(100.0, 1.0)]
    books.on(1, BookSnapshot("v", "S", None, 1_000, 1_000_000, bids, []), 1_000)
    same = books.on(2, BookSnapshot("v", "S", None, 2_000, 2_000_000, bids, []), 2_000).kept
    assert [type(each) for each in same] == [BookSnapshot]
    other = books.on(2, BookSnapshot("v", "S", None, 3_000, 3_000_000, [(100.0, 2.0)], []), 3_000).kept
    assert [type(each) for each in other] == [Gap, BookSnapshot]
    gap = other[0]
    assert isinstance(gap, Gap)
    assert (gap.from_us, gap.until_us) == (2_000, 3_000)


def test_a_snapshot_is_kept_every_minute() -> None:
    books = Books("v", "S")
    books.attach(1, Unnumbered())
    books.on(1, BookSnapshot("v", "S", None, 0, 0, [(100.0, 1.0)], []), 0)
    kept: list[Kept] = []
    for second in range(1, 181):
        at_us = second * 1_000_000
        event = BookDelta("v", "S", None, None, None, at_us, at_us * 1000, [(100.0, float(second))], [])
        kept += books.on(1, event, at_us).kept
    found = [each for each in kept if isinstance(each, BookSnapshot)]
    assert [each.ts_us for each in found] == [SNAPSHOT_EVERY_US * n for n in (1, 2, 3)]
    assert [each.bids for each in found] == [[(100.0, 60.0 * n)] for n in (1, 2, 3)]
