"""The journal: what comes out is what went in, whatever happens to clocks, disks and bits."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeql.collect.frames import HEAD, encode
from tapeql.collect.journal import Damage, Journal, JournalDamaged, JournalFull
from tapeql.errors import LimitError, StoreError
from tapeql.limits import JOURNAL_FRAME_BYTES

ROOT = Path(__file__).resolve().parents[2]
GROUPS = st.lists(st.lists(st.binary(max_size=300), max_size=5), max_size=20)


def payloads(journal: Journal, after: int = 0) -> list[bytes]:
    return [payload for _, payload in journal.read(after)]


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


def filled(folder: Path, count: int, size: int = 40) -> list[tuple[int, bytes]]:
    """A journal with `count` frames in one segment; closed."""
    with Journal(folder, clock_us=lambda: 1000) as journal:
        journal.append([b"%04d" % n * (size // 4) for n in range(count)])
        return list(journal.read(0))


# ── round trips ───────────────────────────────────────────────────────────────────────────────────────────────────────


@given(groups=GROUPS, segment_bytes=st.integers(1, 1000), max_bytes=st.integers(1, 2000), reopen=st.integers(0, 20))
def test_what_goes_in_comes_out(groups: list[list[bytes]], segment_bytes: int, max_bytes: int, reopen: int) -> None:
    """Any payloads in any groups come back in order at rising positions, over segments, restarts and small reads."""
    with tempfile.TemporaryDirectory() as folder:
        expected: list[bytes] = []
        places = [0]
        journal = Journal(folder, segment_bytes=segment_bytes, limit_bytes=1 << 20)
        for at, group in enumerate(groups):
            if at == reopen:
                journal.close()
                journal = Journal(folder, segment_bytes=segment_bytes, limit_bytes=1 << 20)
            expected += group
            place = journal.append(group)
            assert place > places[-1] or not group
            places.append(place)
        found = []
        reader = journal.reader(0)
        while frames := reader.next(max_bytes):
            found += frames
        assert [payload for _, payload in found] == expected
        positions = [position for position, _ in found]
        assert positions == sorted(set(positions))
        for position in positions:
            assert list(journal.read(position)) == [frame for frame in found if frame[0] > position]
        journal.close()


def test_a_reader_follows_the_writer(tmp_path: Path) -> None:
    """A reader in another thread waits for what is appended and gets it once, in order, over many segments."""
    with Journal(tmp_path, segment_bytes=5_000, limit_bytes=1 << 24) as journal:
        found: list[bytes] = []

        def follow() -> None:
            with journal.reader(journal.last) as reader:
                while b"end" not in found[-1:]:
                    reader.wait(10)
                    found.extend(payload for _, payload in reader.next(700))

        thread = threading.Thread(target=follow)
        thread.start()
        expected = [b"%d" % n * 9 for n in range(3000)]
        for start in range(0, 3000, 11):
            journal.append(expected[start : start + 11])
        journal.append([b"end"])
        thread.join(20)
        assert found == [*expected, b"end"]


def test_waiting_ends(tmp_path: Path) -> None:
    """A reader that waits for nothing is told so; a watcher is called at each append until it ends it."""
    with Journal(tmp_path) as journal:
        reader = journal.reader(0)
        assert not reader.wait(0.01)
        calls: list[int] = []
        end = journal.watch(lambda: calls.append(journal.last))
        place = journal.append([b"a", b"b"])
        assert reader.wait(0)
        assert reader.behind_bytes() == 2 * (HEAD.size + 1)
        assert reader.next() == [(place - 1, b"a"), (place, b"b")]
        end()
        journal.append([b"c"])
        assert calls == [place]
        assert reader.next(1) == [(journal.last, b"c")]
        assert reader.next() == []


def test_a_frame_larger_than_a_read(tmp_path: Path) -> None:
    """At least one frame is given, however large; one that is too large for the journal is refused by name."""
    with Journal(tmp_path) as journal:
        large = b"x" * 3_000_000
        journal.append([b"a", large, b"b"])
        reader = journal.reader(0)
        assert [[p for _, p in reader.next(1000)] for _ in range(4)] == [[b"a"], [large], [b"b"], []]
        with pytest.raises(LimitError) as refused:
            journal.append([b"c", bytes(JOURNAL_FRAME_BYTES + 1)])
        assert refused.value.limit == "JOURNAL_FRAME_BYTES"
        assert len(payloads(journal)) == 3


# ── positions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_positions_are_the_clock_where_it_rises(tmp_path: Path) -> None:
    """A position is the clock in microseconds; where that stands or steps back, over restarts too, one more than before."""
    clock = [1_000_000]
    with Journal(tmp_path, clock_us=lambda: clock[0]) as journal:
        assert journal.append([b"a", b"b"]) == 1_000_001
        assert journal.append([b"c"]) == 1_000_002
        clock[0] = 5_000_000
        assert journal.append([b"d"]) == 5_000_000
        clock[0] = 7
        assert journal.append([b"e"]) == 5_000_001
    with Journal(tmp_path, clock_us=lambda: clock[0]) as journal:
        assert journal.last == 5_000_001
        assert journal.append([b"f"]) == 5_000_002
        assert payloads(journal, 1_000_002) == [b"d", b"e", b"f"]


@pytest.mark.parametrize("segment_bytes", [1, 30, 1000])
def test_positions_rise_over_any_restart(tmp_path: Path, segment_bytes: int) -> None:
    """With a clock that runs backwards and a restart after each append, positions still rise and all is read."""
    last = 0
    for n in range(20):
        with Journal(tmp_path, segment_bytes=segment_bytes, clock_us=lambda n=n: 10_000 - 100 * n) as journal:
            place = journal.append([b"%d" % n])
            assert place > last
            last = place
            assert payloads(journal) == [b"%d" % i for i in range(n + 1)]


# ── torn and damaged ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_torn_end_is_cut_at_every_offset(tmp_path: Path) -> None:
    """Wherever the last frame is cut off, all before it stays, and the journal goes on behind it."""
    frames = filled(tmp_path, 5)
    (path,) = segments(tmp_path)
    whole = path.read_bytes()
    size = HEAD.size + len(frames[-1][1])
    for torn in range(size):
        path.write_bytes(whole[: len(whole) - size + torn])
        with Journal(tmp_path) as journal:
            assert journal.cut_bytes == torn
            assert list(journal.read(0)) == frames[:-1]
            place = journal.append([b"next"])
            assert list(journal.read(0)) == [*frames[:-1], (place, b"next")]


@pytest.mark.parametrize("rest", [bytes(500), b"\xff" * 500, b'{"p":"1"}' * 50], ids=["zeros", "ones", "text"])
def test_an_end_of_something_else_is_cut(tmp_path: Path, rest: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """What a power failure may leave behind the last frame, zeros among it, is no frame; the log tells of it."""
    caplog.set_level("INFO", "tapeql.collect")
    frames = filled(tmp_path, 5)
    (path,) = segments(tmp_path)
    path.write_bytes(path.read_bytes() + rest)
    with Journal(tmp_path) as journal:
        assert journal.cut_bytes == len(rest)
        assert list(journal.read(0)) == frames
    (told,) = caplog.records
    assert vars(told)["bytes"] == len(rest)


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    """A bit flipped anywhere in a frame in the middle loses this frame alone, and is told as damage between two others."""
    frames = filled(tmp_path, 5, size=24)
    (path,) = segments(tmp_path)
    whole = path.read_bytes()
    size = len(whole) // 5
    for bit in range(8 * size):
        at = 2 * size + bit // 8
        broken = bytearray(whole)
        broken[at] ^= 1 << bit % 8
        path.write_bytes(broken)
        with Journal(tmp_path) as journal:
            damages: list[Damage] = []
            assert list(journal.read(0, damages.append)) == [*frames[:2], *frames[3:]]
            assert damages == [Damage(path.name, 2 * size, size, frames[1][0], frames[3][0])]
            assert journal.cut_bytes == 0


def test_damage_is_not_passed_over_silently(tmp_path: Path) -> None:
    """Without somebody to tell, a reader raises once where the damage is, and then goes on behind it."""
    frames = filled(tmp_path, 5)
    (path,) = segments(tmp_path)
    size = path.stat().st_size // 5
    with path.open("r+b") as file:
        file.seek(size)
        file.write(bytes(size))
    with Journal(tmp_path) as journal:
        reader = journal.reader(0)
        assert reader.next() == frames[:1]
        with pytest.raises(JournalDamaged, match=f"{path.name} is damaged: {size} bytes at offset {size}") as told:
            reader.next()
        assert (told.value.damage.after, told.value.damage.before) == (frames[0][0], frames[2][0])
        assert reader.next() == frames[2:]
        assert list(journal.read(frames[1][0])) == frames[2:]


@pytest.mark.parametrize("where", ["begin", "end", "all", "short"])
def test_damage_in_an_older_segment(tmp_path: Path, where: str) -> None:
    """Older segments are never cut: damage at their ends too is told, with the positions between which frames are lost."""
    with Journal(tmp_path, segment_bytes=200, clock_us=lambda: 1000) as journal:
        for n in range(12):
            journal.append([b"%04d" % n * 10])
        frames = list(journal.read(0))
    path = segments(tmp_path)[1]
    content = path.read_bytes()
    size = HEAD.size + 40
    per = len(content) // size
    lost = {"begin": [0], "end": [per - 1], "all": list(range(per)), "short": [per - 1]}[where]
    broken = bytearray(content)
    for n in lost:
        broken[n * size + 20] ^= 1
    path.write_bytes(broken[:-3] if where == "short" else broken)
    with Journal(tmp_path, segment_bytes=200) as journal:
        damages: list[Damage] = []
        assert list(journal.read(0, damages.append)) == [f for i, f in enumerate(frames) if i - per not in lost]
        (damage,) = damages
        assert damage.after == frames[per + lost[0] - 1][0]
        assert damage.before == frames[per + lost[-1] + 1][0]


@given(payload=st.binary(max_size=100), noise=st.binary(max_size=200))
def test_the_next_frame_is_found_behind_any_damage(payload: bytes, noise: bytes) -> None:
    """Whatever bytes stand between two frames, the second is found, even where they hold pieces of frames."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{1000:019}.journal"
        broken = bytearray(encode(1005, [payload]))
        broken[7] ^= 1
        path.write_bytes(encode(1000, [b"a"]) + noise + broken + encode(2000, [payload, b"c"]))
        with Journal(folder) as journal:
            damages: list[Damage] = []
            assert list(journal.read(0, damages.append)) == [(1000, b"a"), (2000, payload), (2001, b"c")]
            assert [(d.after, d.before) for d in damages] == [(1000, 2000)]


# ── disks ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process grows beyond: a real write that fails half-way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """Where the disk refuses half-way, nothing of the group is in the journal, and it goes on when there is room again."""
    with Journal(tmp_path) as journal:
        journal.append([b"a" * 1000])
        size = journal.bytes
        with file_size_limit(2500), pytest.raises(StoreError, match="cannot be written: File too large"):
            journal.append([b"b" * 1000, b"c" * 1000])
        assert segments(tmp_path)[0].stat().st_size == size == journal.bytes
        assert payloads(journal) == [b"a" * 1000]
        journal.append([b"d"])
    with Journal(tmp_path) as journal:
        assert payloads(journal) == [b"a" * 1000, b"d"]


def test_a_full_journal_refuses_until_acknowledged(tmp_path: Path) -> None:
    """At its limit a journal writes nothing more and says so; acknowledged segments make room, kept ones too."""
    with Journal(tmp_path, segment_bytes=1000, limit_bytes=4000, keep_bytes=4000) as journal:
        journal.register("store")
        places = [journal.append([b"x" * 284]) for _ in range(13)]
        with pytest.raises(JournalFull, match="is full") as full:
            journal.append([b"x" * 284])
        assert full.value.limit == "JOURNAL_LIMIT_BYTES"
        assert len(payloads(journal)) == 13
        assert journal.bytes <= 4000
        journal.acknowledge("store", places[3])
        journal.append([b"y" * 284])
        assert journal.oldest == places[3]
        assert len(payloads(journal)) == 11


# ── consumers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_segments_go_when_all_have_acknowledged(tmp_path: Path) -> None:
    """A segment stays until the slowest registered consumer needs it no more, and as long as it is of the newest bytes."""
    with Journal(tmp_path, segment_bytes=1000, keep_bytes=2000) as journal:
        journal.register("store")
        journal.register("bus")
        places = [journal.append([b"x" * 284]) for _ in range(30)]
        assert len(segments(tmp_path)) == 10
        journal.acknowledge("store", places[-1])
        assert len(segments(tmp_path)) == 10
        journal.acknowledge("bus", places[6])
        assert journal.oldest == places[6]
        assert journal.depth_bytes("store") == 0
        assert journal.depth_bytes("bus") == 24 * 300
        journal.acknowledge("bus", places[-1])
        assert len(segments(tmp_path)) == 3
        assert journal.bytes == 2700 == sum(path.stat().st_size for path in segments(tmp_path))
        assert [position for position, _ in journal.read(0)] == places[-9:]


def test_acknowledgements_survive(tmp_path: Path) -> None:
    """What a consumer acknowledged is known after a restart; it never goes back; a torn note counts as none."""
    with Journal(tmp_path) as journal:
        first, second = journal.append([b"a"]), journal.append([b"b"])
        assert journal.acknowledged("store") == 0
        journal.acknowledge("store", second)
        journal.acknowledge("store", first)
    with Journal(tmp_path) as journal:
        assert journal.register("store") == second == journal.acknowledged("store")
    (tmp_path / "store.ack").write_bytes(b"")
    with Journal(tmp_path) as journal:
        assert journal.register("store") == 0
        with pytest.raises(ValueError, match="no name"):
            journal.register("../store")


def test_a_consumer_that_left_holds_nothing_back(tmp_path: Path) -> None:
    """Only consumers registered in this run keep segments; before any is registered nothing is deleted."""
    with Journal(tmp_path, segment_bytes=100, keep_bytes=0) as journal:
        journal.register("bus")
        places = [journal.append([b"x" * 80]) for _ in range(5)]
    with Journal(tmp_path, segment_bytes=100, keep_bytes=0) as journal:
        assert len(payloads(journal)) == 5
        journal.acknowledge("store", places[4])
        assert len(payloads(journal)) == 1


def test_an_optional_consumer_goes_short_before_the_journal_is_full(tmp_path: Path) -> None:
    """What only an optional consumer still wants is deleted where the journal would refuse, and how far is told."""
    with Journal(tmp_path, segment_bytes=1000, limit_bytes=4000, keep_bytes=0) as journal:
        journal.register("store")
        journal.register("bus", optional=True)
        places = [journal.append([b"x" * 284]) for _ in range(12)]
        journal.acknowledge("store", places[-1])
        assert (len(payloads(journal)), journal.dropped) == (12, 0)
        journal.acknowledge("bus", places[2])
        assert (len(payloads(journal)), journal.dropped) == (9, 0)
        places += [journal.append([b"x" * 284]) for _ in range(6)]
        assert journal.dropped >= places[5]
        assert journal.oldest > journal.dropped
        with pytest.raises(JournalFull):
            journal.append([b"x" * 3800])


@pytest.mark.parametrize("size", [1, 3_000, 65_536, 200_000, 10**9])
def test_going_back_by_bytes(tmp_path: Path, size: int) -> None:
    """A place some bytes before another one is at least so far back, and little further than asked."""
    with Journal(tmp_path, segment_bytes=150_000) as journal:
        places = [journal.append([b"x" * 984]) for _ in range(1000)]
        position = places[900]
        back = journal.back(position, size)
        between = 1000 * sum(back < place <= position for place in places)
        assert min(size, 901_000) <= between < size + 140_000
        assert journal.back(0, size) == journal.back(places[0] - 1, size) < places[0]


def test_a_lost_folder_does_not_lower_positions(tmp_path: Path) -> None:
    """Where segments are gone but acknowledgements are not, new frames still come behind what was acknowledged."""
    with Journal(tmp_path) as journal:
        place = journal.append([b"a"])
        journal.acknowledge("store", place)
    segments(tmp_path)[0].unlink()
    with Journal(tmp_path, clock_us=lambda: 5) as journal:
        assert journal.append([b"b"]) > place
        assert payloads(journal, place) == [b"b"]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    """A second collector is refused and told who has the journal; when that one ends, it may."""
    with Journal(tmp_path) as journal:
        program = f"from tapeql.collect.journal import Journal; Journal({str(tmp_path)!r})"
        tried = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert f"belongs to process {os.getpid()}, which is running" in tried.stderr
        journal.append([b"a"])
    with pytest.raises(StoreError, match="is closed"):
        journal.append([b"b"])
    with Journal(tmp_path) as journal:
        assert payloads(journal) == [b"a"]
