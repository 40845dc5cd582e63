"""The `tapeql` command: reads its arguments, tells errors, and imports what a command needs only when it runs."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from tapeql import __version__
from tapeql.errors import QueryError, TapeQLError
from tapeql.shell import interrupt, visible
from tapeql.shell.command import DONE, FAILED, REFUSED
from tapeql.shell.commands import commands
from tapeql.shell.telling import rendered


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and answers its exit status."""
    if sys.stderr is None:
        sys.stderr = io.StringIO()
    if sys.stdout is None:
        sys.stderr.write("tapeql: standard output is closed\n")
        return FAILED
    with interrupt.listening():
        try:
            options = parser().parse_args(arguments)
            status: int = options.run(options)
            sys.stdout.flush()
            return status
        except KeyboardInterrupt:
            return _stopped()
        except Exception as error:
            # A library may have made something else of the interrupt.
            return _stopped() if interrupt.asked() else _failed(error)


def _stopped() -> int:
    with interrupt.held():
        _tell("\ntapeql: stopped\n")
    return FAILED


def _failed(error: Exception) -> int:
    """Tells an error in the words it has for its reader, and answers the exit status it means."""
    match error:
        case QueryError():
            _tell(rendered(error))
            return REFUSED
        case TapeQLError():
            _tell(f"tapeql: {error}\n")
            return error.exit_status
        case BrokenPipeError():
            # The reader has seen enough (`| head`).
            _silence()
            return DONE
        case OSError():
            _tell(f"tapeql: {f'{error.filename}: ' if error.filename else ''}{error.strerror or error}\n")
            return FAILED
        case _:
            pass
    if os.environ.get("TAPEQL_TRACE"):
        raise error
    _tell(f"tapeql: internal error, a bug of ours: {type(error).__name__}: {error}\n")
    _tell("tapeql: TAPEQL_TRACE=1 shows where; please report it\n")
    return FAILED


def parser() -> argparse.ArgumentParser:
    """All commands with their arguments."""
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument(
        "--lake", metavar="DIR", default=argparse.SUPPRESS, help="the lake; else $TAPEQL_LAKE, else ./tape"
    )
    place.add_argument("--now", metavar="INSTANT", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    top = argparse.ArgumentParser(
        prog="tapeql",
        description="The query language for market data: from a sentence to columns.",
        epilog="Try `tapeql demo`. Exit status: 0 done, 1 failed, 2 a wrong query or command line.",
        parents=[place],
    )
    top.add_argument("--version", action="version", version=f"tapeql {__version__}")
    known = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in commands():
        parents = [place] if command.has_place else []
        own = known.add_parser(command.name, help=command.summary, description=command.summary, parents=parents)
        command.arguments(own)
        own.set_defaults(run=command.run)
    return top


def _tell(text: str) -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _silence()
    sys.stderr.write(visible.lines(text))
    sys.stderr.flush()


def _silence() -> None:
    """Nothing more can be written to standard output, and must not be tried, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
