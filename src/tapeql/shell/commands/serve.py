"""`tapeql serve`"""

from __future__ import annotations

from tapeql import limits
from tapeql.shell.command import Command, Options, Parser, address, store_option, target


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "--flight",
        metavar="HOST:PORT",
        default=f"127.0.0.1:{limits.FLIGHT_PORT}",
        help="default: %(default)s; port 0 picks one",
    )
    store_option(parser, "parser a database instead of the lake")


def run(options: Options) -> int:
    from tapeql.serve.daemon import serve

    host, port = address(options.flight, "--flight")
    return serve(target(options), host, port, getattr(options, "now", None))


COMMAND = Command(2, "serve", "Serves the lake over Arrow Flight until it is told to stop.", arguments, run)
