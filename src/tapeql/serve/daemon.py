"""`tapeql serve`: a server in the foreground until a signal asks it to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from ipaddress import ip_address

from tapeql.errors import StoreError
from tapeql.serve.clock import Now, clock


def serve(store: str, host: str, port: int, now: Now = None) -> int:
    """Serves the store over Flight, prints the address when ready, and drains on SIGTERM or SIGINT. Exit status.

    A second signal cancels what is still running at once.
    """
    # gRPC reads this when it is loaded; what it would log is told in words of our own.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    import pyarrow as pa

    from tapeql.serve.flight import FlightServer
    from tapeql.serve.service import Service
    from tapeql.storage.stores import open_store

    # pyarrow sends a traceback along with the errors of GetSchema; without frames it tells nothing of this machine.
    sys.tracebacklimit = 0
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    service = Service(open_store(store), clock(now))
    try:
        server = FlightServer(service, host, port)
    except (OSError, pa.ArrowException):
        raise StoreError(f"cannot listen on {host}:{port}; another server may be there") from None
    service.warm()
    if not _is_loopback(host):
        sys.stderr.write(f"tapeql: {host} is reachable from other machines, and there is no authentication yet\n")
    sys.stdout.write(f"tapeql serves {store} at {server.address}\n")
    sys.stdout.flush()
    asked.wait()
    stopping = threading.Thread(target=server.stop, daemon=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.cancel_all())
    stopping.start()
    while stopping.is_alive():
        stopping.join(0.2)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    service.close()
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
