"""The `tapeql` command: reads its arguments, tells errors, and imports what a command needs only when it runs."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tapeql import __version__, limits
from tapeql.errors import DataError, Diagnostic, QueryError, TapeQLError
from tapeql.export import formats
from tapeql.shell import interrupt, visible

DONE, FAILED, REFUSED = 0, 1, 2
"""Exit statuses: all went well; something failed; the query or the command line is wrong."""


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


def rendered(error: QueryError) -> str:
    """The diagnostics with their line and caret."""
    from tapeql.rendering import render

    return visible.lines(render(error.diagnostics, error.source)).rstrip("\n") + "\n"


def told(found: Sequence[Diagnostic], source: str) -> str:
    """Notes and warnings of a result, as errors are rendered."""
    from tapeql.rendering import render

    return visible.lines(render(tuple(found), source)).rstrip("\n") + "\n" if found else ""


def parser() -> argparse.ArgumentParser:
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
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, summary: str, parents: Sequence[argparse.ArgumentParser] = (place,)
    ) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=summary, description=summary, parents=list(parents))

    query = command("query", "Answers one query.")
    query.add_argument("text", metavar="TEXT", help="the query; `-` reads it from standard input, `@FILE` from a file")
    where = query.add_mutually_exclusive_group()
    where.add_argument("--url", metavar="grpc://HOST:PORT", help="ask a server instead of the lake")
    where.add_argument("--store", metavar="postgresql://…", help="ask a database instead of the lake")
    query.add_argument("--format", choices=("table", *formats.names()), help="table, or what the name of -o says")
    query.add_argument("-o", "--output", metavar="FILE", help="write there, all or nothing, instead of standard output")
    query.add_argument(
        "--param", metavar="NAME=VALUE", action="append", default=[], help="the value of $NAME; may be repeated"
    )
    query.set_defaults(run=_query)

    bring = command("import", "Takes trades, quotes or candles from CSV (gz, zip), Parquet and Feather files.")
    bring.add_argument("table", choices=("trades", "quotes", "candles"), help="what the files hold")
    bring.add_argument("files", metavar="FILE", nargs="+")
    bring.add_argument("--symbol", metavar="VENUE:CODE", required=True, help="whose rows they are")
    bring.add_argument("--column", metavar="FIELD=NAME", action="append", default=[], help="the column a field is in")
    bring.add_argument("--time-unit", choices=("s", "ms", "us", "ns"), help="of times written as numbers")
    bring.add_argument("--tz", metavar="ZONE", help="of times written without one")
    bring.add_argument("--interval", metavar="1m", help="the length of candles")
    bring.add_argument("--stamp", choices=("open", "close"), help="which end of a candle its ts is (default: open)")
    bring.add_argument("--covers", metavar="DATES", help="dates in which the files have every row: 2025-03-01..2025-04")
    bring.add_argument("--quarantine", metavar="FILE", help="set unusable rows aside there instead of refusing them")
    bring.add_argument("--store", metavar="postgresql://…", help="write to a database instead of the lake")
    bring.set_defaults(run=_import)

    serve = command("serve", "Serves the lake over Arrow Flight until it is told to stop.")
    serve.add_argument(
        "--flight",
        metavar="HOST:PORT",
        default=f"127.0.0.1:{limits.FLIGHT_PORT}",
        help="default: %(default)s; port 0 picks one",
    )
    serve.add_argument("--store", metavar="postgresql://…", help="serve a database instead of the lake")
    serve.set_defaults(run=_serve)

    collect = command("collect", "Keeps the tape: trades, quotes and books as they happen, and what was missed.")
    collect.add_argument(
        "symbols", metavar="VENUE:CODE,CODE…", nargs="+", help="what to collect; or `status`: how a collector is doing"
    )
    collect.add_argument("--ticks", action="store_true", help="trades")
    collect.add_argument("--quotes", action="store_true", help="best bids and asks")
    collect.add_argument("--book", action="store_true", help="order books: snapshots and deltas")
    collect.add_argument("--store", metavar="postgresql://…", help="write to a database instead of the lake")
    collect.add_argument("--bus", metavar="redis://…", help="publish live events there for other processes")
    collect.add_argument("--journal", metavar="DIR", help="where events are made durable (default: in the lake)")
    collect.add_argument(
        "--metrics",
        metavar="HOST:PORT",
        default=f"127.0.0.1:{limits.METRICS_PORT}",
        help="where /metrics, /healthz and /status are served (default: %(default)s; port 0 picks one)",
    )
    collect.add_argument(
        "--backfill-hours", type=float, default=24.0, metavar="H", help="how far back an outage is filled (default: 24)"
    )
    collect.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    collect.set_defaults(run=_collect)

    gaps = command("gaps", "Prints what is missing of a symbol's tape, and why.")
    gaps.add_argument("symbol", metavar="VENUE:CODE")
    gaps.add_argument("--all", action="store_true", help="those that were filled, too")
    gaps.add_argument("--format", choices=("table", "json", "csv"), default="table")
    gaps.add_argument("--store", metavar="postgresql://…", help="of a database instead of the lake")
    gaps.set_defaults(run=_gaps)

    backfill = command("backfill", "Fetches history from a venue; stopped, it goes on where it was.")
    backfill.add_argument("symbols", metavar="VENUE:CODE,CODE…", nargs="+")
    backfill.add_argument("--since", metavar="DATE", required=True, help="2024-01-01, or an instant with its zone")
    backfill.add_argument("--until", metavar="DATE", help="excluded (default: the venue's present)")
    what = backfill.add_mutually_exclusive_group()
    what.add_argument("--candles", metavar="1m", help="candles of this interval (default: 1m)")
    what.add_argument("--ticks", action="store_true", help="every trade")
    backfill.add_argument("--store", metavar="postgresql://…", help="write to a database instead of the lake")
    backfill.set_defaults(run=_backfill)

    symbols = command("symbols", "Lists what a venue trades.", parents=())
    symbols.add_argument("venue", metavar="VENUE")
    symbols.add_argument("--type", metavar="spot", help="only spot, perpetual, future, stock …")
    symbols.add_argument("--format", choices=("table", "json", "csv"), default="table")
    symbols.set_defaults(run=_symbols)

    repl = command("repl", "Asks and answers, with completion, highlighting and history.")
    reached = repl.add_mutually_exclusive_group()
    reached.add_argument("--url", metavar="grpc://HOST:PORT", help="ask a server instead of the lake")
    reached.add_argument("--store", metavar="postgresql://…", help="ask a database instead of the lake")
    repl.set_defaults(run=_repl)

    demo = command("demo", "Makes a small synthetic tape and asks it the example sentences.", parents=())
    demo.add_argument("folder", metavar="DIR", nargs="?", help="where to make the tape (default: a temporary folder)")
    demo.set_defaults(run=_demo)

    explain = command("explain", "Tells the long story of an error code.", parents=())
    explain.add_argument("code", metavar="CODE", help="such as E102")
    explain.set_defaults(run=_explain)
    return top


def lake(options: argparse.Namespace) -> str:
    """The lake asked for: `--lake`, `TAPEQL_LAKE`, `./tape`."""
    return getattr(options, "lake", None) or os.environ.get("TAPEQL_LAKE") or "./tape"


def target(options: argparse.Namespace) -> str:
    """The server, database or lake asked for. What is wrong is not repeated: it may hold a password."""
    url: str | None = getattr(options, "url", None)
    if url is not None and not url.startswith("grpc://"):
        raise usage("--url is grpc://HOST:PORT")
    store: str | None = options.store
    if store is not None and not store.startswith(("postgresql://", "postgres://")):
        raise usage("--store is postgresql://…; a folder is --lake")
    if (url or store) and hasattr(options, "lake"):
        raise usage("--lake and a server or database are two places; name one")
    return url or store or lake(options)


def usage(reason: str) -> Usage:
    return Usage(reason)


class Usage(TapeQLError):
    """The command line asks for what cannot be."""

    exit_status = REFUSED


@contextmanager
def as_asked() -> Iterator[None]:
    """What cannot be read of a command line, or of the settings behind it, is no failure that trying again may mend."""
    try:
        yield
    except DataError as error:
        raise usage(str(error)) from None


def _query(options: argparse.Namespace) -> int:
    from tapeql.shell.ask import ask

    return ask(options)


def _import(options: argparse.Namespace) -> int:
    from tapeql.shell.bring import bring

    return bring(options)


def _serve(options: argparse.Namespace) -> int:
    from tapeql.serve.daemon import serve

    host, port = address(options.flight, "--flight")
    return serve(target(options), host, port, getattr(options, "now", None))


def _collect(options: argparse.Namespace) -> int:
    from tapeql.shell.collect import collect

    return needing_feeds(collect, options)


def _gaps(options: argparse.Namespace) -> int:
    from tapeql.shell.gaps import gaps

    return gaps(options)


def _backfill(options: argparse.Namespace) -> int:
    from tapeql.shell.backfill import backfill

    return needing_feeds(backfill, options)


def _symbols(options: argparse.Namespace) -> int:
    from tapeql.shell.symbols import symbols

    return needing_feeds(symbols, options)


def needing_feeds(command: Callable[[argparse.Namespace], int], options: argparse.Namespace) -> int:
    """Runs what may need packages that only come with `tapeql[feeds]`."""
    try:
        return command(options)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "tapeql":
            raise
        raise Usage(f"this needs more packages ({error.name}): pip install 'tapeql[feeds]'") from None


def _repl(options: argparse.Namespace) -> int:
    from tapeql.shell.repl import repl

    return repl(target(options), getattr(options, "now", None))


def _demo(options: argparse.Namespace) -> int:
    from tapeql.shell.demo import demo

    return demo(options.folder)


def _explain(options: argparse.Namespace) -> int:
    from tapeql.language.codes import explain

    story = explain(options.code.upper())
    if story is None:
        raise usage(f"no diagnostic has the code `{options.code}`")
    sys.stdout.write(story.rstrip("\n") + "\n")
    return DONE


def address(text: str, option: str) -> tuple[str, int]:
    """`HOST:PORT`, `[::1]:PORT`, as an option gives it."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65_535:
        raise usage(f"{option} is HOST:PORT, not `{text}`")
    return host.removeprefix("[").removesuffix("]"), int(port)


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
