"""The server, asked by plain Arrow Flight clients that know nothing of TapeQL."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.flight as fl
import pytest

import tapeql
from tapeql import limits
from tapeql.serve.wire import decode_status
from tapeql.storage.schema import TS
from tapeql.storage.stores import open_store
from tests.doors.processes import Server, environment, start

BARS = "CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10"

LONG = "CANDLES 1s FROM binance:BUSY ORDER BY " + ", ".join(f"stddev(close, {n})" for n in range(500, 530))
"""Takes seconds on any machine, and has no row before its end."""
"""Seconds of work before the first batch."""


@pytest.fixture(scope="session")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with two million trades of one symbol over forty days."""
    folder = tmp_path_factory.mktemp("busy") / "tape"
    random = np.random.RandomState(1)
    count = 2_000_000
    ts = np.sort(1_738_368_000_000_000 + (random.random_sample(count) * 40 * 86_400_000_000).astype(np.int64))
    trades = {"ts": pa.array(ts, TS), "price": 100 + random.random_sample(count), "quantity": np.ones(count)}
    open_store(str(folder)).write("ticks", "binance", "BUSY", pa.table(trades))
    return folder


@pytest.fixture
def client(server: Server) -> fl.FlightClient:
    return fl.connect(server.address)


def command(text: str | bytes) -> fl.FlightDescriptor:
    return fl.FlightDescriptor.for_command(text)


def test_the_text_is_the_command_and_the_ticket(client: fl.FlightClient) -> None:
    """GetFlightInfo and DoGet take the query as it is written."""
    info = client.get_flight_info(command(BARS))
    assert len(info.endpoints) == 1
    by_info = client.do_get(info.endpoints[0].ticket).read_all()
    by_text = client.do_get(fl.Ticket(BARS.encode())).read_all()
    assert by_info.equals(by_text)
    assert by_text.num_rows == 24


@pytest.mark.parametrize(
    "text",
    [
        BARS,
        "DAYS FROM nasdaq:AAPL WHERE premarket.spread_pct < 0.05% AND rvol(20) > 1",
        "TICKS FROM binance:BTCUSDT DURING 2025-03-10 LIMIT 3",
        "QUOTES FROM nasdaq:AAPL DURING 2025-03-10 LIMIT 3",
        "SHOW functions",
        "DESCRIBE rsi",
        f"EXPLAIN {BARS}",
        "SET tz = 'UTC'",
    ],
)
def test_the_schema_told_is_the_schema_streamed(client: fl.FlightClient, text: str) -> None:
    """Names, types, nullability and metadata are equal in GetFlightInfo, GetSchema and the stream."""
    told = client.get_flight_info(command(text)).schema
    asked = client.get_schema(command(text)).schema
    reader = client.do_get(fl.Ticket(text.encode()))
    assert told.equals(asked, check_metadata=True)
    assert told.equals(reader.schema, check_metadata=True)
    for chunk in reader:
        assert chunk.data.schema.equals(told, check_metadata=False)


def test_an_envelope_carries_parameters(client: fl.FlightClient) -> None:
    """The JSON form has params, settings and now beside the query."""
    envelope = {
        "query": "CANDLES 1h FROM binance:BTCUSDT DURING $day",
        "params": {"day": "2025-03-10"},
        "settings": {"tz": "America/New_York"},
        "now": "2025-03-10T06:00:00Z",
    }
    table = client.do_get(fl.Ticket(json.dumps(envelope).encode())).read_all()
    assert [str(ts) for ts in table.column("ts").to_pylist()] == [
        "2025-03-10 04:00:00+00:00",
        "2025-03-10 05:00:00+00:00",
    ]


def test_batches_have_the_named_size_and_information_comes_last(client: fl.FlightClient) -> None:
    """Batches are full but the last; the empty one after it tells what is known at the end."""
    sizes, last = [], None
    for chunk in client.do_get(fl.Ticket(b"TICKS FROM binance:BTCUSDT")):
        assert last is None
        assert chunk.data.nbytes <= limits.MESSAGE_BYTES
        if chunk.app_metadata is not None:
            last = json.loads(chunk.app_metadata.to_pybytes())
            assert chunk.data.num_rows == 0
        else:
            sizes.append(chunk.data.num_rows)
    assert last is not None
    assert last["rows"] == sum(sizes) > limits.BATCH_ROWS / 2
    assert max(sizes) <= limits.BATCH_ROWS
    assert last["engine"] == "kernels"
    assert last["snapshot"]


def refused(client: fl.FlightClient, ticket: bytes) -> tuple[fl.FlightError, dict[str, object]]:
    with pytest.raises(fl.FlightError) as caught:
        client.do_get(fl.Ticket(ticket)).read_all()
    detail = decode_status(caught.value.extra_info)
    assert detail is not None
    return caught.value, json.loads(detail)


@pytest.mark.parametrize("ask", ["do_get", "get_flight_info", "get_schema"])
def test_errors_are_clean_records(client: fl.FlightClient, ask: str) -> None:
    """A wrong query is a Flight error with code, place and hint, and no traceback or path of the server."""
    text = "CANDLES 1h FROM binance:BTCUSDT WHERE close > smaa(20)"
    asked = fl.Ticket(text.encode()) if ask == "do_get" else command(text)
    with pytest.raises(pa.ArrowException) as caught:
        list(getattr(client, ask)(asked))
    assert "E102" in str(caught.value)
    for leak in (".py", "File ", "site-packages"):
        assert leak not in str(caught.value)
    if ask == "get_schema":
        return  # pyarrow hands on only the message of its errors
    detail = decode_status(caught.value.extra_info)
    assert detail is not None
    (found,) = json.loads(detail)["diagnostics"]
    assert found["code"] == "E102"
    assert text[slice(*found["span"])] == "smaa"
    assert found["hints"]


@pytest.mark.parametrize(
    "ticket",
    [
        b"\xff\xfe",
        b"{",
        b'{"query": 1}',
        b'{"query": "SHOW symbols", "parms": {}}',
        b'{"query": "SHOW symbols", "params": {"a": [1]}}',
        b'{"query": "SHOW symbols", "now": "soon"}',
        b'{"query": "SHOW symbols", "settings": {"tz": "Mars"}}',
        b'{"query": ' + b"[" * 100_000,
        b"",
        b"x" * (limits.REQUEST_BYTES + 1),
        b"CANDLES " * 9_000,
        ("CANDLES 1h FROM binance:BTCUSDT WHERE " + " AND ".join(["smaaéé(20) > 1"] * 100)).encode(),
        ("CANDLES 1h FROM binance:BTCUSDT WHERE " + "é" * 20_000 + "(20) > 1").encode(),
    ],
)
def test_nonsense_is_refused_within_the_headers(client: fl.FlightClient, ticket: bytes) -> None:
    """Whatever is sent, the answer is a typed record that fits the headers, never a broken call."""
    _, found = refused(client, ticket)
    assert found["kind"] == "QueryError"
    assert found["diagnostics"]


def test_what_is_not_offered_is_said_cleanly(client: fl.FlightClient) -> None:
    """Paths, uploads, actions and exchanges are refused without a traceback; there are no flights to list."""
    assert list(client.list_flights()) == []
    with pytest.raises(fl.FlightError, match="not a path"):
        client.get_flight_info(fl.FlightDescriptor.for_path("x"))
    with pytest.raises(fl.FlightError, match="no action"):
        list(client.do_action("shutdown"))
    schema = pa.schema([("x", pa.int64())])
    writer, _ = client.do_put(command("x"), schema)
    with pytest.raises(fl.FlightError, match="no uploads"):
        writer.close()


def test_many_clients_at_once_get_the_same(server: Server) -> None:
    """Concurrent queries do not disturb each other."""
    texts = [BARS, "TICKS FROM binance:BTCUSDT DURING 2025-03-10", "DAYS FROM nasdaq:AAPL WHERE rvol(20) > 1"] * 4
    answers: dict[int, pa.Table] = {}

    def ask(i: int) -> None:
        answers[i] = fl.connect(server.address).do_get(fl.Ticket(texts[i].encode())).read_all()

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert all(answers[i].equals(answers[i % 3]) for i in range(len(texts)))


def leave(server: Server) -> float:
    """CPU seconds a server uses from the moment on that the client of a long query is killed."""
    fl.connect(server.address).do_get(fl.Ticket(b"CANDLES 1d FROM binance:BUSY")).read_all()
    code = (
        f"import pyarrow.flight as fl\nfl.connect({server.address!r}).do_get(fl.Ticket({LONG.encode()!r})).read_all()"
    )
    idle = server.cpu_s()
    client = subprocess.Popen([sys.executable, "-c", code], env=environment())
    until = time.monotonic() + 60
    while server.cpu_s() < idle + 0.5 and client.poll() is None and time.monotonic() < until:
        time.sleep(0.02)
    assert client.poll() is None
    client.kill()
    client.wait()
    at_leaving = used = server.cpu_s()
    while True:
        time.sleep(1)
        before, used = used, server.cpu_s()
        if used - before < 0.02:
            return used - at_leaving


def test_a_client_that_leaves_stops_its_query(busy: Path) -> None:
    """Killed in the middle of a query, a client costs the server less than a quarter of a CPU second more."""
    server = start(busy)
    try:
        used_s = leave(server)
        assert used_s <= 0.3, f"{used_s} s, of which the clock's own tick is 0.01 s"
    finally:
        assert server.stop() == 0


def test_without_the_watchdog_the_query_would_run_on(busy: Path) -> None:
    """The control arm: with the watchdog asleep, the same client leaves a server that computes on."""
    code = "from tapeql import limits\nlimits.CANCEL_POLL_S = 3600.0\nfrom tapeql.shell.cli import main\nraise SystemExit(main())"
    server = start(busy, sys.executable, "-c", code)
    try:
        assert leave(server) > 0.5
    finally:
        server.process.kill()
        server.process.wait()


def test_a_query_that_takes_too_long_is_stopped_and_says_so(busy: Path) -> None:
    """The deadline is a named limit; its client hears a time-out with the limit's name."""
    code = "from tapeql import limits\nlimits.QUERY_DEADLINE_S = 0.2\nfrom tapeql.shell.cli import main\nraise SystemExit(main())"
    server = start(busy, sys.executable, "-c", code)
    try:
        with pytest.raises(fl.FlightTimedOutError, match=r"longer than 0\.2 s"):
            fl.connect(server.address).do_get(fl.Ticket(LONG.encode())).read_all()
        with tapeql.connect(server.address) as database, pytest.raises(tapeql.LimitError) as caught:
            database.query(LONG)
        assert caught.value.limit == "QUERY_DEADLINE_S"
    finally:
        assert server.stop() == 0


def test_sigterm_lets_a_stream_end(tape: Path) -> None:
    """A stopping server takes no new calls, hands out what was begun, and exits 0."""
    server = start(tape)
    client = fl.connect(server.address)
    whole = client.do_get(fl.Ticket(b"TICKS FROM binance:BTCUSDT")).read_all()
    reader = client.do_get(fl.Ticket(b"TICKS FROM binance:BTCUSDT"))
    first = reader.read_chunk().data
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert pa.concat_tables([pa.Table.from_batches([first]), reader.read_all()]).equals(whole)
    assert server.process.wait(30) == 0
    assert server.process.stderr is not None
    assert server.process.stderr.read() == ""
    with pytest.raises(fl.FlightUnavailableError):
        fl.connect(server.address).do_get(fl.Ticket(BARS.encode()))


def test_a_second_signal_does_not_wait_for_a_long_query(busy: Path) -> None:
    """Asked twice, the server cancels what still runs; its client hears that it was stopped."""
    server = start(busy)
    heard: list[BaseException] = []

    def ask() -> None:
        try:
            fl.connect(server.address).do_get(fl.Ticket(LONG.encode())).read_all()
        except Exception as error:
            heard.append(error)

    asking = threading.Thread(target=ask)
    idle = server.cpu_s()
    asking.start()
    while server.cpu_s() < idle + 0.3:
        time.sleep(0.02)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < limits.DRAIN_S / 2
    asking.join(10)
    assert isinstance(heard[0], fl.FlightUnavailableError)
    assert "stopped before its end" in str(heard[0])


def test_a_port_in_use_is_a_failure_with_a_sentence(server: Server, tape: Path) -> None:
    """Two servers cannot share an address: exit status 1, one line."""
    place = server.address.removeprefix("grpc://")
    command = [sys.executable, "-m", "tapeql", "--lake", str(tape), "serve", "--flight", place]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment())
    assert done.returncode == 1
    assert done.stderr.startswith(f"tapeql: cannot listen on {place}")
