"""Real servers started for tests, on free loopback ports, in folders of their own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit


def postgres_binaries() -> Path | None:
    """The folder with the newest installed `initdb` and `postgres`: Debian's place, else PATH."""
    found = [p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb") if (p.parent / "postgres").exists()]
    if found:
        return max(found, key=lambda p: [int(n) for n in re.findall(r"\d+", str(p))])
    on_path = shutil.which("initdb")
    if on_path and (Path(on_path).parent / "postgres").exists():
        return Path(on_path).parent
    return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class PostgresServer:
    """initdb, start, stop; as root it runs as the user postgres, since the server refuses root."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        # pytest's own folders are closed to other users; the server needs one it can reach.
        self._folder = Path(tempfile.mkdtemp(prefix="tapeql-postgres-")) if os.geteuid() == 0 else folder
        self._port = 0
        self._databases = 0
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        where = str(self._folder / "db")
        self._run("initdb", "-D", where, "-U", "tapeql", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        for _ in range(3):
            self._port = free_port()
            if self.start():
                return self
            # Somebody may have taken the port between asking for it and using it.
        raise RuntimeError(f"PostgreSQL in {self._binaries} does not start")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> bool:
        """Starts it, again after `stop` on the same port and with the same rows; whether it answers."""
        self._server = subprocess.Popen(
            [
                # Killed tests run no clean-up; the kernel then ends the server with them.
                *self._as_user("--pdeathsig", "QUIT"),
                *(str(self._binaries / "postgres"), "-D", str(self._folder / "db"), "-p", str(self._port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}"),
                *("-c", "fsync=off"),
            ],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self._answers()

    def stop(self) -> None:
        """Ends it at once, without telling its clients."""
        assert self._server is not None
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(timeout=60)

    def _answers(self) -> bool:
        """Whether it takes connections within half a minute; False as soon as it has ended, or another has its port."""
        import psycopg

        assert self._server is not None
        deadline = time.monotonic() + 30
        while self._server.poll() is None and time.monotonic() < deadline:
            try:
                with psycopg.connect(self.url("postgres"), connect_timeout=5) as connection:
                    row = connection.execute("SHOW data_directory").fetchone()
                if row == (str(self._folder / "db"),):
                    return True
                break
            except psycopg.OperationalError:
                time.sleep(0.05)
        self._server.kill()
        self._server.wait()
        return False

    def url(self, database: str) -> str:
        return f"postgresql://tapeql@127.0.0.1:{self._port}/{database}"

    def create_database(self) -> str:
        """A new database; returns its URL."""
        import psycopg

        self._databases += 1
        name = f"test_{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def _as_user(self, *options: str) -> list[str]:
        """How to start a program: as the user postgres where we are root, and with what setpriv offers."""
        if shutil.which("setpriv") is None:
            return []
        user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        return ["setpriv", *user, *options] if user or options else []

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [*self._as_user(), str(self._binaries / program), *arguments],
            check=True,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
        )


class RedisServer:
    """A redis-server that keeps nothing on disk: stopped and started again, on the same port, it has lost its memory."""

    def __init__(self, program: str, folder: Path, password: str = "") -> None:
        self._program = program
        self._folder = folder
        self._password = password
        self._port = 0
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        for _ in range(3):
            self._port = free_port()
            if self.start():
                return self
            # Somebody may have taken the port between asking for it and using it.
        raise RuntimeError(f"{self._program} does not start")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"redis://{f':{self._password}@' if self._password else ''}127.0.0.1:{self._port}/0"

    def start(self) -> bool:
        """Whether it answers within ten seconds."""
        # Killed tests run no clean-up; the kernel then ends the server with them.
        with_us = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        self._server = subprocess.Popen(
            [
                *(*with_us, self._program, "--port", str(self._port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self._folder)),
                *(("--requirepass", self._password) if self._password else ()),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while self._server.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=1) as probe:
                    probe.sendall(b"PING\r\n")
                    if probe.recv(7):
                        # Another's server may have answered: ours ends at once where its port is taken.
                        time.sleep(0.05)
                        return self._server.poll() is None
            except OSError:
                time.sleep(0.01)
        self.stop()
        return False

    def stop(self) -> None:
        """Kills it."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None


def with_password(url: str, password: str) -> str:
    """The URL with a password, which a trusting server ignores: for tests that look for leaks."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{password}@{parts.hostname}:{parts.port}"))
