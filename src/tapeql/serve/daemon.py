"""`tapeql serve`: a server in the foreground until a signal asks it to stop."""

from __future__ import annotations

import os
import signal
import sys
import threading
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from tapeql.errors import StoreError, TapeQLError
from tapeql.serve.clock import Now, clock

if TYPE_CHECKING:
    from tapeql.storage.store import Store

STOPPING: Final = {signal.SIGTERM, signal.SIGINT}


def serve(target: str, host: str, port: int, now: Now = None) -> int:
    """Serves the store over Flight, prints the address when ready, and drains on SIGTERM or SIGINT. Exit status.

    A second signal cancels what is still running at once.
    """
    # Blocked in this thread and in all that are started from here on, by libraries too, a signal waits until it is asked
    # for, and comes at no other moment.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    # gRPC reads this when it is loaded; what it would log is told in words of our own.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    import pyarrow as pa

    from tapeql.serve.connect import store_at
    from tapeql.serve.flight import FlightServer
    from tapeql.serve.service import Service
    from tapeql.storage.kinds import is_database

    # pyarrow sends a traceback along with the errors of GetSchema; without frames it tells nothing of this machine.
    sys.tracebacklimit = 0
    store = store_at(target)
    # A database may take long to say that it is not there, and no signal would be heard meanwhile.
    missing = "" if is_database(target) else _missing(store)
    service = Service(store, clock(now))
    try:
        server = FlightServer(service, host, port)
    except (OSError, pa.ArrowException):
        raise StoreError(f"cannot listen on {host}:{port}; another server may be there") from None
    service.warm()
    if not is_loopback(host):
        sys.stderr.write(f"tapeql: {host} is reachable from other machines, and there is no authentication yet\n")
    if missing:
        sys.stderr.write(f"tapeql: {missing}\n")
    sys.stdout.write(f"tapeql serves {store.name} at {server.address}\n")
    sys.stdout.flush()
    signal.sigwait(STOPPING)
    stopping = threading.Thread(target=server.stop, daemon=True)
    stopping.start()
    while stopping.is_alive():
        if signal.sigtimedwait(STOPPING, 0.05) is not None:
            server.cancel_all()
    service.close()
    return 0


def _missing(store: Store) -> str:
    """Why the store cannot answer yet, "" if it can. It may be filled while it is served."""
    try:
        store.snapshot()
    except TapeQLError as error:
        return str(error)
    return ""


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
