"""Every venue keeps the laws of its card, and every venue has a card."""

from __future__ import annotations

import asyncio
import inspect
import random
import re
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tapeql.connectors import venues
from tapeql.connectors.events import KINDS, Event, Trade, Void
from tapeql.connectors.frames import UNREADABLE
from tapeql.connectors.settings import settings_of
from tapeql.connectors.venue import Connector, Settings, Venue, variable_of
from tapeql.errors import DataError, TapeQLError, VenueError
from tests.connectors import fuzz
from tests.connectors.card import Card, Frame, Reply, cards, kind_of
from tests.servers import free_port

CARDS = cards()
VENUES = list(venues().values())
MUTATIONS = 3000
SECRET = "tell-nobody-7f3a"

each_card = pytest.mark.parametrize("card", CARDS, ids=str, scope="module")
each_venue = pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
each_reply = pytest.mark.parametrize(
    ("card", "reply"),
    [(card, reply) for card in CARDS for reply in card.replies],
    ids=lambda each: getattr(each, "name", str(each)),
)


@lru_cache(maxsize=1)
def _decoded_once(name: str, folder: Path) -> list[tuple[Frame, list[Event]]]:
    card = next(card for card in CARDS if str(card) == name)
    return [(frame, card.decode(frame[1], frame[0])) for frame in card.frames(folder)]


def _decoded(card: Card, folder: Path) -> list[tuple[Frame, list[Event]]]:
    """The frames of a card and what they say; cards follow each other in all tests, so one is kept."""
    return _decoded_once(str(card), folder)


@pytest.fixture
def folder(card: Card, request: pytest.FixtureRequest) -> Path:
    """The recorded data, where the card reads it."""
    return request.getfixturevalue("shared_data") if card.recorded else Path()


@pytest.fixture(autouse=True)
def _no_settings_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have a file of venues."""
    monkeypatch.setenv("HOME", str(tmp_path))


# ── cards ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@each_venue
def test_every_venue_has_a_card(venue: Venue) -> None:
    """A venue shows what it can, or it is no venue of ours."""
    assert venue.name in {card.venue for card in CARDS}


@each_card
def test_a_card_is_of_a_venue(card: Card) -> None:
    """A card names a venue there is."""
    assert card.venue in venues()


@each_card
def test_frames_decode_to_fixed_numbers_of_events(card: Card, folder: Path) -> None:
    """Every frame decodes, and what comes out is counted by type."""
    decoded = _decoded(card, folder)
    assert all(events for _, events in decoded)
    assert Counter(kind_of(event) for _, events in decoded for event in events) == card.counts


@each_card
def test_decode_is_pure(card: Card, folder: Path) -> None:
    """The same bytes give the same events, in whatever order they come."""
    sample = random.Random(1).sample(_decoded(card, folder), min(2000, len(_decoded(card, folder))))
    for (recv_ns, frame), events in reversed(sample):
        assert card.decode(frame, recv_ns) == events


@each_card
def test_events_can_be_kept(card: Card, folder: Path) -> None:
    """Numbers are finite, integers have 64 bits, text can be written; events name their venue and time of receipt."""
    for (recv_ns, _), events in _decoded(card, folder):
        for event in events:
            fuzz.check(event)
            assert getattr(event, "venue", card.venue) == card.venue
            assert getattr(event, "recv_ns", recv_ns) == recv_ns


@each_card
def test_mutated_frames_never_raise(card: Card, folder: Path) -> None:
    """Accidents are refused or harmless: no exception, nothing a store could not hold."""
    frames = [frame for frame, _ in _decoded(card, folder)]
    seen = fuzz.run(card, frames, MUTATIONS, seed=1)
    assert seen["refused"] > 0
    assert seen["decoded"] + seen["refused"] + seen["silent"] == MUTATIONS


@each_card
def test_trades_have_one_identity(card: Card, folder: Path) -> None:
    """One id is one trade, and no two trades of a symbol share (ts_us, seq)."""
    by_id: dict[tuple[str, str], tuple[object, ...]] = {}
    by_order: dict[tuple[str, int, int], str] = {}
    for trade in _trades(card, folder):
        known = (trade.ts_us, trade.seq, trade.price, trade.quantity, trade.side)
        assert by_id.setdefault((trade.symbol, trade.trade_id), known) == known
        assert by_order.setdefault((trade.symbol, trade.ts_us, trade.seq), trade.trade_id) == trade.trade_id
        assert trade.side in ("buy", "sell", None)
        assert trade.quantity > 0


@each_card
def test_contiguous_ids_are_contiguous(card: Card, folder: Path) -> None:
    """Where a venue counts its trades, seq is the id, and a whole recording misses none."""
    if venues()[card.venue].trade_ids != "contiguous":
        return
    assert all(trade.trade_id == str(trade.seq) for trade in _trades(card, folder))
    seqs: dict[str, set[int]] = defaultdict(set)
    for _, events in _decoded(card, folder):
        for event in events:
            if isinstance(event, Trade | Void):
                seqs[event.symbol].add(event.seq)
    if card.whole:
        assert all(max(found) - min(found) + 1 == len(found) for found in seqs.values())


@each_reply
def test_replies_are_read(card: Card, reply: Reply, folder: Path) -> None:
    """A REST body means what the card says."""
    assert reply.read(reply.bytes_in(folder)) == reply.expected


@each_reply
def test_mutated_replies_are_refused_with_words(card: Card, reply: Reply, folder: Path) -> None:
    """A REST body that cannot be used raises ValueError or VenueError, soon, and nothing else."""
    body = reply.bytes_in(folder)
    dice = random.Random(1)
    began = time.monotonic()
    for _ in range(max(20, min(1000, 2_000_000 // len(body)))):
        try:
            reply.read(fuzz.mutated(dice, [(0, body)]))
        except (*UNREADABLE, VenueError):
            pass
    assert time.monotonic() - began < 30


def _trades(card: Card, folder: Path) -> Iterator[Trade]:
    return (event for _, events in _decoded(card, folder) for event in events if isinstance(event, Trade))


# ── venues ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@each_venue
def test_what_is_fixed_about_a_venue_is_sane(venue: Venue) -> None:
    """Names are plain, addresses have a scheme and a host and no slash at their end, limits are positive."""
    assert re.fullmatch(r"[a-z][a-z0-9]*", venue.name)
    assert venue.title
    assert urlsplit(venue.ws_url).scheme in ("wss", "tcp")
    assert urlsplit(venue.ws_url).hostname
    assert venue.rest_url == "" or urlsplit(venue.rest_url).scheme == "https"
    assert not venue.ws_url.endswith("/")
    assert not venue.rest_url.endswith("/")
    assert venue.kinds
    assert list(venue.kinds) == [kind for kind in KINDS if kind in venue.kinds]
    assert venue.trade_ids in ("contiguous", "keyed")
    assert not set(venue.credentials) & set(venue.optional)
    for name in (*venue.credentials, *venue.optional):
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)
        assert not name.endswith("_file")
    for figure in (venue.heartbeat_s, venue.max_age_s):
        assert figure is None or figure > 0
    assert min(venue.silence_s, venue.symbols_per_connection, venue.connects_per_minute) > 0


@each_venue
def test_every_venue_has_the_whole_interface(venue: Venue) -> None:
    """All methods are there, take what the interface says, and are coroutines or iterators as it says."""
    connector = venue.connector(_settings(venue), time.time_ns)
    assert connector.venue is venue
    for name, declared in inspect.getmembers(Connector, inspect.isfunction):
        if name.startswith("_"):
            continue
        method = getattr(connector, name)
        theirs, ours = inspect.signature(method).parameters, inspect.signature(declared).parameters
        wanted = [(each.name, each.kind, each.default) for each in list(ours.values())[1:]]
        assert [(each.name, each.kind, each.default) for each in list(theirs.values())[: len(wanted)]] == wanted, name
        assert inspect.iscoroutinefunction(method) == inspect.iscoroutinefunction(declared), name


@each_venue
def test_a_kind_the_venue_does_not_stream_is_refused(venue: Venue) -> None:
    """Who asks for a book where there is none is told so."""
    connector = venue.connector(_settings(venue), time.time_ns)
    ask = {
        "trades": connector.subscribe_ticks,
        "quotes": connector.subscribe_quotes,
        "book": connector.subscribe_order_book,
    }
    for kind in KINDS:
        if kind not in venue.kinds:
            with pytest.raises(VenueError, match=re.escape(venue.title)):
                asyncio.run(_once(ask[kind]([_code(venue)])))


@each_venue
def test_a_missing_credential_is_named(venue: Venue) -> None:
    """The error names the variable that would mend it, and the other ways."""
    for missing in venue.credentials:
        others = {variable_of(venue.name, name): SECRET for name in venue.credentials if name != missing}
        with pytest.raises(DataError, match=rf"{variable_of(venue.name, missing)}\b") as caught:
            settings_of(venue, others)
        assert f"{variable_of(venue.name, missing)}_FILE" in str(caught.value)
        assert SECRET not in str(caught.value)


@each_venue
def test_addresses_come_from_the_environment_or_a_file(venue: Venue, tmp_path: Path) -> None:
    """A file overrides the venue's own addresses, the environment overrides the file."""
    file = tmp_path / "venues.toml"
    scheme = _plain(venue)
    file.write_text(f'[{venue.name}]\nws_url = "{scheme}://file:1/"\nrest_url = "http://file:2"\nfeed = "sip"\n')
    environ = _environ(venue) | {"TAPEQL_CONFIG": str(file)}
    settings = settings_of(venue, environ)
    assert (settings.ws_url, settings.rest_url, settings.options["feed"]) == (
        f"{scheme}://file:1",
        "http://file:2",
        "sip",
    )
    settings = settings_of(venue, environ | {variable_of(venue.name, "rest_url"): "http://environment:3/"})
    assert (settings.ws_url, settings.rest_url) == (f"{scheme}://file:1", "http://environment:3")
    assert settings_of(venue, _environ(venue)).ws_url == venue.ws_url


@each_venue
def test_secrets_do_not_show(venue: Venue, tmp_path: Path) -> None:
    """Neither repr, str nor format of settings shows a secret, given by variable or by file."""
    held = tmp_path / "secret"
    held.write_text(f"{SECRET}\n")
    names = (*venue.credentials, *venue.optional)
    by_file = _environ(venue, {f"{variable_of(venue.name, name)}_FILE": str(held) for name in names})
    for settings in (_settings(venue), settings_of(venue, by_file)):
        for name in names:
            assert settings.credential(name) == SECRET
        for shown in (settings, settings.credentials, settings.options, *settings.credentials.values()):
            assert SECRET not in f"{shown} {shown!r} {shown!s} %s %r" % (shown, shown)


@each_venue
def test_an_unreachable_venue_is_told_without_secrets(venue: Venue) -> None:
    """A connection refused is an error of ours, whose whole trace holds no secret."""
    place = f"{_plain(venue)}://127.0.0.1:{free_port()}"
    settings = settings_of(venue, _environ(venue) | {variable_of(venue.name, "ws_url"): place})

    async def connect() -> None:
        connector = venue.connector(settings, time.time_ns)
        await connector.subscribe_ticks([_code(venue)])
        try:
            await connector.connect()
        finally:
            await connector.disconnect()
            await connector.disconnect()

    with pytest.raises(TapeQLError) as caught:
        asyncio.run(asyncio.wait_for(connect(), 20))
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert venue.title in str(caught.value)


def _plain(venue: Venue) -> str:
    """The scheme of its streams without encryption."""
    return "tcp" if venue.ws_url.startswith("tcp") else "ws"


def _code(venue: Venue) -> str:
    return next((card.code for card in CARDS if card.venue == venue.name), "X")


def _environ(venue: Venue, instead: dict[str, str] | None = None) -> dict[str, str]:
    """An environment that holds every credential and nothing else."""
    given = {variable_of(venue.name, name): SECRET for name in (*venue.credentials, *venue.optional)}
    return given if instead is None else instead


def _settings(venue: Venue) -> Settings:
    return settings_of(venue, _environ(venue))


async def _once(asked: object) -> None:
    await asked  # type: ignore[misc]
