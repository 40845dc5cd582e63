"""What a command is, and what several need: where to ask, how to refuse, how to exit."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tapeql.errors import DataError, TapeQLError
from tapeql.storage.kinds import EXAMPLE, is_database

DONE, FAILED, REFUSED = 0, 1, 2
"""Exit statuses: all went well; something failed; the query or the command line is wrong."""

Parser = argparse.ArgumentParser
Options = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Command:
    """An entry of `tapeql`, found by its file in `tapeql.shell.commands`.

    place       where `--help` lists it
    arguments   adds what may follow the name; imports nothing, so that `--help` is instant
    run         answers the exit status; what it needs is imported there
    has_place   whether it works on a lake: `--lake` and the clock may follow it
    """

    place: int
    name: str
    summary: str
    arguments: Callable[[Parser], None]
    run: Callable[[Options], int]
    has_place: bool = True


class Usage(TapeQLError):
    """The command line asks for what cannot be."""

    exit_status = REFUSED


def usage(reason: str) -> Usage:
    return Usage(reason)


@contextmanager
def as_asked() -> Iterator[None]:
    """What cannot be read of a command line, or of the settings behind it, is no failure that trying again may mend."""
    try:
        yield
    except DataError as error:
        raise usage(str(error)) from None


def lake(options: Options) -> str:
    """The lake asked for: `--lake`, `TAPEQL_LAKE`, `./tape`."""
    return getattr(options, "lake", None) or os.environ.get("TAPEQL_LAKE") or "./tape"


def target(options: Options) -> str:
    """The server, database or lake asked for. What is wrong is not repeated: it may hold a password."""
    url: str | None = getattr(options, "url", None)
    if url is not None and not url.startswith("grpc://"):
        raise usage("--url is grpc://HOST:PORT")
    store: str | None = options.store
    if store is not None and not is_database(store):
        raise usage(f"--store is {EXAMPLE}; a folder is --lake")
    if (url or store) and hasattr(options, "lake"):
        raise usage("--lake and a server or database are two places; name one")
    return url or store or lake(options)


def place_options(parser: Parser) -> None:
    """Where to ask, besides the lake."""
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", metavar="grpc://HOST:PORT", help="ask a server instead of the lake")
    store_option(where, "ask a database instead of the lake")


def param_option(parser: Parser) -> None:
    parser.add_argument(
        "--param", metavar="NAME=VALUE", action="append", default=[], help="the value of $NAME; may be repeated"
    )


def statement_files(parser: Parser) -> None:
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="files of statements, or folders of *.tapeql; `-`, or none, is standard input",
    )


def store_option(parser: argparse._ActionsContainer, purpose: str) -> None:
    parser.add_argument("--store", metavar=EXAMPLE, help=purpose)


def address(text: str, option: str) -> tuple[str, int]:
    """`HOST:PORT`, `[::1]:PORT`, as an option gives it."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65_535:
        raise usage(f"{option} is HOST:PORT, not `{text}`")
    return host.removeprefix("[").removesuffix("]"), int(port)


def needing_feeds(run: Callable[[Options], int], options: Options) -> int:
    """Runs what may need packages that only come with `tapeql[feeds]`."""
    try:
        return run(options)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "tapeql":
            raise
        raise Usage(f"this needs more packages ({error.name}): pip install 'tapeql[feeds]'") from None
