"""`tapeql collect`, `gaps`, `backfill`, `symbols`, as a user types them, against a simulated exchange on loopback."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import tapeql
from tapeql.storage.lake import Lake
from tests.doors.processes import environment
from tests.doors.processes import tapeql as command
from tests.exchange.generator import START_US
from tests.servers import RedisServer

ROOT = Path(__file__).parents[2]
WAIT_S = 60.0
DAY = "2024-08-08"
"""When it is, at the simulated exchange."""


def until(done: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < deadline_s, f"waited in vain for {what}"
        time.sleep(0.02)


def asked(url: str, method: str = "GET") -> Any:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=60) as reply:
        return json.load(reply)


@dataclass(frozen=True)
class Exchange:
    """A simulated Binance that stands still until it is told to go on."""

    ws_url: str
    rest_url: str

    @property
    def environ(self) -> dict[str, str]:
        return {**environment(), "TAPEQL_BINANCE_WS_URL": self.ws_url, "TAPEQL_BINANCE_REST_URL": self.rest_url}

    def tell(self, text: str) -> None:
        asked(f"{self.rest_url}/control/{text}", "POST")

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return command(*arguments, env=self.environ | variables)


@contextlib.contextmanager
def exchange_of(symbols: str) -> Iterator[Exchange]:
    arguments = [sys.executable, "-m", "tests.exchange", "--symbols", symbols, "--paused", "--seed", "1"]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Exchange(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    """With some minutes of history."""
    with exchange_of("BTCUSDT,ETHUSDT") as running:
        running.tell("skip?seconds=200")
        yield running


@dataclass(frozen=True)
class Collecting:
    process: subprocess.Popen[str]
    metrics: str

    def status(self) -> Any:
        return asked(f"http://{self.metrics}/status")

    def live(self, kinds: int) -> None:
        """Waits until every symbol is live, and its trades have been heard."""
        until(
            lambda: all(
                len(each["live"]) == kinds and each["last_trade_us"]
                for venue in self.status()["venues"]
                for each in venue["symbols"]
            ),
            "a collector that hears everything",
        )

    def stop(self) -> tuple[int, str]:
        """Its exit status and what it said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        _, said = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, said


@contextlib.contextmanager
def collecting(exchange: Exchange, where: Path | list[str], *arguments: str) -> Iterator[Collecting]:
    """Into a lake, or where the arguments say."""
    where = where if isinstance(where, list) else ["--lake", str(where)]
    line = ["collect", *arguments, "--metrics", "127.0.0.1:0", *where]
    with subprocess.Popen(
        [sys.executable, "-m", "tapeql", *line],
        env=exchange.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = re.search(r"http://([\d.:]+)/status", process.stdout.readline())
            assert said, process.communicate(timeout=WAIT_S)[1]
            yield Collecting(process, said[1])
        finally:
            process.kill()


@pytest.fixture(scope="module")
def tape(exchange: Exchange, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake collected in two runs, with an outage between them that is filled, and a stop that is not yet."""
    lake = tmp_path_factory.mktemp("collected") / "tape"
    for _ in range(2):
        with collecting(exchange, lake, "binance:BTCUSDT,ETHUSDT", "--ticks", "--quotes", "--book") as collector:
            until(lambda: collector.status()["state"] == "collecting", "the start")
            until(lambda: all(len(s["live"]) >= 2 for s in collector.status()["venues"][0]["symbols"]), "the streams")
            exchange.tell("skip?seconds=20")
            collector.live(3)
            until(lambda: not any(s["missing"] for s in collector.status()["venues"][0]["symbols"]), "the backfill")
            assert collector.stop()[0] == 0
        exchange.tell("skip?seconds=30")
    return lake


def one_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one clear line that a failed command leaves; nothing else is said, no trace of the program shown."""
    assert done.returncode in (1, 2), (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("tapeql: ")
    assert not re.search(r"Traceback|internal error|Errno|\.py\b", line)
    return line


# ── collect ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_collector_tells_how_it_is_and_stops_when_told(exchange: Exchange, tmp_path: Path) -> None:
    """`status` shows every symbol and exits 0; SIGTERM stores what there is, and exits 0 with no line of complaint."""
    with collecting(exchange, tmp_path, "binance:BTCUSDT,ETHUSDT", "--ticks", "--quotes") as collector:
        until(lambda: all(len(s["live"]) == 2 for s in collector.status()["venues"][0]["symbols"]), "the streams")
        exchange.tell("skip?seconds=10")
        collector.live(2)
        status = exchange.run("collect", "status", "--metrics", collector.metrics)
        assert status.returncode == 0, status.stderr
        assert "binance: 1 of 1 connections" in status.stdout
        assert re.search(rf"ETHUSDT: live quotes trades, last {DAY}T", status.stdout)
        with urllib.request.urlopen(f"http://{collector.metrics}/metrics", timeout=10) as reply:
            assert b'tapeql_connections{venue="binance"} 1.0' in reply.read()
        assert asked(f"http://{collector.metrics}/healthz") == {"ok": True, "faults": []}
        returned, said = collector.stop()
    assert returned == 0
    logged = [json.loads(line) for line in said.splitlines()]
    assert {line["level"] for line in logged} <= {"info"}, said
    assert one_line(exchange.run("collect", "status", "--metrics", collector.metrics)).endswith("says where")
    with tapeql.connect(str(tmp_path)) as db:
        assert db.query("TICKS FROM binance:BTCUSDT").num_rows > 10
        assert db.query("QUOTES FROM binance:ETHUSDT").num_rows > 10


def test_the_example_follows_the_bus(exchange: Exchange, redis_server: RedisServer, tmp_path: Path) -> None:
    """examples/follow_bus.py shows, in order and once, the trades that the store has."""
    example = [sys.executable, str(ROOT / "examples/follow_bus.py"), redis_server.url, "binance:BTCUSDT"]
    arguments = ("binance:BTCUSDT", "--ticks", "--bus", redis_server.url)
    with collecting(exchange, tmp_path, *arguments) as collector:
        until(lambda: bool(collector.status()["venues"][0]["symbols"][0]["live"]), "the stream")
        exchange.tell("skip?seconds=10")
        collector.live(1)
        last_us = collector.status()["venues"][0]["symbols"][0]["last_trade_us"]
        lake = Lake(tmp_path)
        until(lambda: (lake.last("ticks", "binance", "BTCUSDT") or {}).get("ts") == last_us, "the store")
        with tapeql.connect(str(tmp_path)) as db:
            stored = db.query("TICKS FROM binance:BTCUSDT").column("trade_id").to_pylist()
        with subprocess.Popen(example, env=environment(), stdout=subprocess.PIPE, text=True) as follower:
            assert follower.stdout is not None
            patience = threading.Timer(WAIT_S, follower.kill)
            patience.start()
            shown: list[str] = []
            for line in follower.stdout:
                shown += [line.split()[1]] if line.startswith("trade") else []
                if len(shown) == len(stored):
                    break
            patience.cancel()
            follower.kill()
        assert collector.stop()[0] == 0
    assert shown == stored
    assert len(stored) > 10
    redis_server.stop()
    down = subprocess.run(example, env=environment(), capture_output=True, text=True, timeout=60)
    assert (down.returncode, down.stderr.startswith("follow_bus: the bus redis://")) == (1, True), down.stderr


def test_a_bus_that_is_away_is_told_and_harms_nothing(
    exchange: Exchange, redis_server: RedisServer, tmp_path: Path
) -> None:
    """`status` names it and exits 1, /healthz stays well, the tape goes on, and stopping waits for nobody."""
    with collecting(exchange, tmp_path, "binance:BTCUSDT", "--ticks", "--bus", redis_server.url) as collector:
        until(lambda: bool(collector.status()["venues"][0]["symbols"][0]["live"]), "the stream")
        redis_server.stop()
        exchange.tell("skip?seconds=10")
        collector.live(1)
        until(lambda: bool(collector.status()["faults"]), "the trouble")
        status = exchange.run("collect", "status", "--metrics", collector.metrics)
        assert status.returncode == 1
        assert "trouble: the bus redis://127.0.0.1" in status.stdout
        with urllib.request.urlopen(f"http://{collector.metrics}/metrics", timeout=10) as reply:
            assert b"tapeql_bus_up 0.0" in reply.read()
        assert asked(f"http://{collector.metrics}/healthz")["ok"]
        assert collector.stop()[0] == 0
    with tapeql.connect(str(tmp_path)) as db:
        assert db.query("TICKS FROM binance:BTCUSDT").num_rows > 10


def test_one_journal_one_collector(exchange: Exchange, tmp_path: Path) -> None:
    """A second collector is told who has the journal, and a taken port is named; neither harms the first."""
    with collecting(exchange, tmp_path / "tape", "binance:BTCUSDT", "--ticks") as collector:
        again = exchange.run("--lake", str(tmp_path / "tape"), "collect", "binance:ETHUSDT", "--ticks")
        assert f"belongs to process {collector.process.pid}" in one_line(again)
        beside = ("--lake", str(tmp_path / "other"), "collect", "binance:ETHUSDT", "--ticks")
        taken = one_line(exchange.run(*beside, "--metrics", collector.metrics))
        assert taken == f"tapeql: metrics cannot be served at {collector.metrics}: Address already in use"
        until(lambda: collector.status()["venues"][0]["connections"] == 1, "the first collector")
        assert collector.stop()[0] == 0


@pytest.mark.parametrize("place", ["lake", "database"])
def test_one_feed_one_collector(place: str, exchange: Exchange, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Whatever journal it has, a second collector of one feed is refused; one of another kind of the same symbol is not."""
    where = ["--lake", str(tmp_path / "tape")]
    if place == "database":
        where = ["--store", request.getfixturevalue("postgres_database")]
    first = ("binance:BTCUSDT", "--ticks", "--journal", str(tmp_path / "journal"))
    with collecting(exchange, where, *first) as collector:
        until(lambda: collector.status()["state"] == "collecting", "the start")
        beside = ("--journal", str(tmp_path / "other"), "--metrics", "127.0.0.1:0")
        again = exchange.run("collect", "binance:ETHUSDT,BTCUSDT", "--ticks", "--quotes", *beside, *where)
        assert again.returncode == 1
        assert "another collector feeds trades of binance:BTCUSDT into" in again.stderr
        quotes = ("binance:BTCUSDT", "--quotes", "--journal", str(tmp_path / "quotes"))
        with collecting(exchange, where, *quotes) as second:
            until(lambda: second.status()["state"] == "collecting", "the second start")
            assert second.stop()[0] == 0
        assert collector.stop()[0] == 0
    with collecting(exchange, where, *first) as collector:
        until(lambda: collector.status()["state"] == "collecting", "the next start")
        assert collector.stop()[0] == 0


def test_a_symbol_that_is_not_listed_is_trouble(exchange: Exchange, tmp_path: Path) -> None:
    """What was meant is named; for an orchestrator the collector is well."""
    with collecting(exchange, tmp_path, "binance:btcusdt,ETHUSDT", "--ticks") as collector:
        listed = "binance does not list btcusdt; it lists BTCUSDT"
        until(lambda: collector.status()["faults"] == [listed], "the trouble")
        assert asked(f"http://{collector.metrics}/healthz")["ok"]
        assert collector.stop()[0] == 0


def test_a_venue_that_cannot_be_reached_is_tried_again(exchange: Exchange, tmp_path: Path) -> None:
    """The collector stays, says so in its log, its status and its exit status, and still stops when told."""
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    elsewhere = Exchange(f"ws://127.0.0.1:{port}", f"http://127.0.0.1:{port}")
    with collecting(elsewhere, tmp_path, "binance:BTCUSDT", "--ticks") as collector:
        status = exchange.run("collect", "status", "--metrics", collector.metrics)
        assert status.returncode == 1
        assert "trouble: binance is not connected" in status.stdout
        returned, said = collector.stop()
    assert returned == 0
    assert "cannot connect" in {json.loads(line)["event"] for line in said.splitlines()}


COLLECT = ("collect", "binance:BTCUSDT", "--ticks")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("collect", "binance:BTCUSDT"), "--ticks, --quotes, --book"),
        (("collect", "foo:BAR", "--ticks"), "no connector for 'foo'"),
        (("collect", "binance", "--ticks"), "`binance` is not VENUE:CODE"),
        (("collect", "binance:BTCUSDT,", "--ticks"), "is not VENUE:CODE"),
        (("collect", "status", "binance:BTCUSDT", "--ticks"), "`status` is not VENUE:CODE"),
        (("collect", "alpaca:AAPL", "--ticks"), "TAPEQL_ALPACA_API_KEY"),
        ((*COLLECT, "--bus", "kafka://me:sesame@broker"), "no live bus speaks kafka:"),
        ((*COLLECT, "--bus", "redis://me:sesame@host:port"), "redis://USER:PASSWORD@HOST:PORT"),
        ((*COLLECT, "--store", "mysql://me:sesame@host/tape"), "--store is postgresql://"),
        ((*COLLECT, "--metrics", "9184"), "--metrics is HOST:PORT"),
        ((*COLLECT, "--backfill-hours", "nan"), "--backfill-hours"),
        ((*COLLECT, "--backfill-hours", "-1"), "--backfill-hours"),
        (("gaps", "binance"), "`binance` is not VENUE:CODE"),
        (("gaps", "binance:BTCUSDT"), "there is no data at"),
        (("backfill", "binance:BTCUSDT", "--since", "yesterday"), "--since is a date such as 2024-01-01"),
        (("backfill", "binance:BTCUSDT", "--since", "2024-01-01T09:30"), "without a zone"),
        (("backfill", "binance:BTCUSDT", "--since", DAY, "--until", DAY), "--until must be later"),
        (("backfill", "binance:BTCUSDT", "--since", DAY, "--candles", "7x"), "'7x' is not a candle interval"),
        (("backfill", "binance", "--since", DAY), "`binance` is not VENUE:CODE"),
        (("backfill", "binance:NOPE", "--since", DAY, "--ticks"), "Binance refused"),
        (("symbols", "foo"), "there are alpaca, binance,"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(
    exchange: Exchange, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    """One line on standard error, exit status 1 or 2, no secret, and what was wrong by its name."""
    line = one_line(exchange.run(*arguments, TAPEQL_LAKE=str(tmp_path / "tape"), HOME=str(tmp_path)))
    assert says in line
    assert "sesame" not in line


@pytest.mark.parametrize(
    ("what", "variables"),
    [
        (["foo:BTCUSDT", "--ticks"], {}),
        (["BTCUSDT", "--ticks"], {}),
        (["binance:BTCUSDT", "--ticks", "--bus", "http://host"], {}),
        (["binance:BTCUSDT", "--ticks"], {"TAPEQL_BINANCE_REST_URL": "localhost"}),
        (["alpaca:AAPL", "--ticks"], {}),
    ],
)
def test_what_trying_again_cannot_mend_exits_with_2(
    what: list[str], variables: dict[str, str], exchange: Exchange, tmp_path: Path
) -> None:
    """A service manager must not start it again and again."""
    done = exchange.run("--lake", str(tmp_path), "collect", *what, **variables)
    assert one_line(done)
    assert done.returncode == 2


def test_settings_that_are_wrong_are_named(exchange: Exchange, tmp_path: Path) -> None:
    """A bad address is told by its variable, and not repeated: it may hold a key."""
    done = exchange.run("symbols", "binance", TAPEQL_BINANCE_REST_URL="http://me:sesame@127.0.0.1:1")
    assert "TAPEQL_BINANCE_REST_URL" in one_line(done)
    assert "sesame" not in done.stderr
    done = exchange.run(
        "--lake", str(tmp_path), "collect", "ibkr:AAPL", "--ticks", TAPEQL_IBKR_WS_URL="tcp://127.0.0.1"
    )
    assert one_line(done).startswith("tapeql: TAPEQL_IBKR_WS_URL must be like tcp://127.0.0.1:4002")
    config = tmp_path / "venues.toml"
    config.write_text('[alpaca]\napi_key = "sesame\n')
    done = exchange.run("symbols", "alpaca", TAPEQL_CONFIG=str(config))
    assert "venues.toml is not TOML" in one_line(done)
    assert "sesame" not in done.stderr


@pytest.mark.parametrize(
    "arguments", [("symbols", "binance"), ("backfill", "binance:BTCUSDT", "--since", DAY, "--ticks")]
)
def test_a_venue_that_does_not_answer_is_said_in_a_line(
    exchange: Exchange, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Where nobody listens, it is said which venue cannot be reached."""
    nowhere = {"TAPEQL_BINANCE_REST_URL": "http://127.0.0.1:1", "TAPEQL_LAKE": str(tmp_path)}
    assert "Binance" in one_line(exchange.run(*arguments, **nowhere))


# ── gaps ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_gaps_say_what_is_missing_and_why(exchange: Exchange, tape: Path) -> None:
    """Table, CSV and JSON tell the same: the stop that is open still, the outage before it with --all as filled."""
    told = exchange.run("--lake", str(tape), "gaps", "binance:BTCUSDT", "--format", "json")
    rows = [json.loads(line) for line in told.stdout.splitlines()]
    (open_end,) = [row for row in rows if row["kind"] == "trades"]
    assert open_end["reason"] == "the collector was stopped"
    assert (open_end["until"], open_end["to_id"], open_end["missing"]) == (None, None, None)
    assert open_end["from"].startswith(DAY)
    quotes = [row for row in rows if row["kind"] == "quotes"]
    assert [row["until"] is None for row in quotes] == [False, True], "quotes cannot be filled"

    everything = exchange.run("--lake", str(tape), "gaps", "binance:BTCUSDT", "--all", "--format", "csv")
    trades = [row for row in csv.DictReader(io.StringIO(everything.stdout)) if row["kind"] == "trades"]
    assert [bool(row["filled_at"]) for row in trades] == [True, False]
    assert int(trades[0]["from_id"]) <= int(trades[0]["to_id"]) < int(trades[1]["from_id"])

    table = exchange.run("--lake", str(tape), "gaps", "binance:BTCUSDT").stdout.splitlines()
    assert table[0].split() == ["kind", "from", "until", "from_id", "to_id", "missing", "filled_at", "reason"]
    assert len(table) == len(rows) + 1
    assert all(line.endswith("the collector was stopped") for line in table[1:])


def test_a_symbol_that_was_never_stored_has_no_clean_record(exchange: Exchange, tape: Path) -> None:
    """A mistyped symbol is an error, not a tape without gaps."""
    line = one_line(exchange.run("--lake", str(tape), "gaps", "binance:BTCUSD"))
    assert line == "tapeql: nothing is stored of `binance:BTCUSD`; SHOW symbols lists what there is"


# ── symbols ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_symbols_are_listed_by_type(exchange: Exchange) -> None:
    """A table, JSON lines, or the remark that there are none of that type."""
    table = exchange.run("symbols", "binance", "--type", "spot")
    assert table.returncode == 0, table.stderr
    head, *rows = table.stdout.splitlines()
    assert head.split() == ["symbol", "kind", "base", "quote", "price_step", "quantity_step", "status"]
    assert [row.split()[:4] for row in rows] == [
        ["BTCUSDT", "spot", "BTC", "USDT"],
        ["ETHUSDT", "spot", "ETH", "USDT"],
    ]
    first = json.loads(exchange.run("symbols", "binance", "--format", "json").stdout.splitlines()[0])
    assert (first["symbol"], first["price_step"]) == ("BTCUSDT", 0.01)
    none = exchange.run("symbols", "binance", "--type", "perpetual")
    assert (none.returncode, none.stdout) == (0, "binance lists no symbols of type perpetual\n")


# ── backfill ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_candles_come_from_history(exchange: Exchange, tmp_path: Path) -> None:
    """Finished candles are stored once however often they are fetched, and queries read them."""
    fetch = ("--lake", str(tmp_path), "backfill", "binance:BTCUSDT,ETHUSDT", "--since", DAY, "--candles", "1m")
    for _ in range(2):
        done = exchange.run(*fetch)
        assert done.returncode == 0, done.stderr
        first, second = done.stdout.splitlines()
        assert re.fullmatch(rf"binance:BTCUSDT: \d+ candles of 1m, {DAY}T00:00:00Z \.\. {DAY}T\S+Z", first)
        assert second.startswith("binance:ETHUSDT: ")
    with tapeql.connect(str(tmp_path)) as db:
        stamps = db.query("CANDLES 1m FROM binance:BTCUSDT").column("ts").to_pylist()
    assert len(stamps) == len(set(stamps)) >= 3


def test_a_backfill_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    """Killed between two batches, the next run begins behind what is stored; at the end each trade is there once."""
    fetch = ("--lake", str(tmp_path), "backfill", "binance:BTCUSDT", "--since", DAY, "--ticks")
    with exchange_of("BTCUSDT") as exchange:
        exchange.tell("burst?symbol=BTCUSDT&trades=50000")
        arguments = [sys.executable, "-m", "tapeql", *fetch]
        with subprocess.Popen(arguments, env=exchange.environ, stdout=subprocess.PIPE, text=True) as first:
            until(lambda: any((tmp_path / "backfill").glob("*.json")), "the first batch")
            first.kill()
        (bookmark,) = (tmp_path / "backfill").glob("*.json")
        before = json.loads(bookmark.read_text())["rows"]
        assert first.returncode == -signal.SIGKILL
        assert before < 50_000
        second = exchange.run(*fetch)
    assert second.returncode == 0, second.stderr
    shown = re.search(r"([\d,]+) rows", second.stderr)
    assert shown is not None
    assert int(shown[1].replace(",", "")) > before, "it began anew"
    assert "binance:BTCUSDT: 50,000 trades" in second.stdout
    with tapeql.connect(str(tmp_path)) as db:
        seq = db.query("TICKS FROM binance:BTCUSDT").column("seq").to_pylist()
    assert len(seq) == len(set(seq)) == 50_000


def test_a_history_behind_the_end_of_the_store_leaves_a_gap_that_a_collector_fills(tmp_path: Path) -> None:
    """Who goes on from the newest stored trade would never hear of what lies before it. A history that has it ends it."""
    fetch = ("--lake", str(tmp_path), "backfill", "binance:BTCUSDT", "--ticks", "--since")
    with exchange_of("BTCUSDT") as exchange:
        for instant in (START_US, START_US + 300_000_000):
            exchange.tell(f"skip?seconds={60 if instant == START_US else 300}")
            done = exchange.run(*fetch, datetime.fromtimestamp(instant / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
            assert done.returncode == 0, done.stderr
        lake = Lake(tmp_path)
        (gap,) = lake.rows("gaps", "binance", "BTCUSDT").to_pylist()
        assert gap["reason"].startswith("not asked for")
        copy = tmp_path / "copy"
        shutil.copytree(tmp_path, copy, ignore=lambda folder, names: ["copy"])
        done = exchange.run("--lake", str(copy), *fetch[2:], DAY)
        assert done.returncode == 0, done.stderr
        (closed,) = Lake(copy).rows("gaps", "binance", "BTCUSDT").to_pylist()
        assert (closed["filled_at"], closed["filled_to_id"]) == (gap["until"], gap["to_id"])
        with collecting(exchange, tmp_path, "binance:BTCUSDT", "--ticks") as collector:
            until(lambda: bool(collector.status()["venues"][0]["symbols"][0]["live"]), "the stream")
            exchange.tell("skip?seconds=5")
            collector.live(1)
            until(lambda: not collector.status()["venues"][0]["symbols"][0]["missing"], "the backfill")
            assert collector.stop()[0] == 0
    filled = [row for row in lake.rows("gaps", "binance", "BTCUSDT").to_pylist() if row["gap_id"] == gap["gap_id"]]
    assert filled[0]["filled_at"] is not None
    with tapeql.connect(str(tmp_path)) as db:
        seq = db.query("TICKS FROM binance:BTCUSDT").column("seq").to_pylist()
    assert seq == list(range(seq[0], seq[0] + len(seq)))


# ── the command itself ────────────────────────────────────────────────────────────────────────────────────────────────


def test_help_is_instant() -> None:
    """`tapeql --help` loads none of what only feeds need."""
    code = "import sys; from tapeql.shell.cli import main\ntry: main(['--help'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment(), timeout=60)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "tapeql.shell.cli" in loaded
    heavy = {"aiohttp", "ccxt", "websockets", "msgspec", "redis", "prometheus_client", "psycopg", "pyarrow", "duckdb"}
    assert not loaded & heavy


def test_everything_about_collecting_is_in_the_help() -> None:
    """Each of the four commands tells its options."""
    for name, option in (("collect", "--bus"), ("gaps", "--all"), ("backfill", "--since"), ("symbols", "--type")):
        done = command(name, "--help")
        assert done.returncode == 0
        assert option in done.stdout
