"""`tapeql query`"""

from __future__ import annotations

from tapeql.export import formats
from tapeql.shell.command import Command, Options, Parser, store_option


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "text", metavar="TEXT", help="the parser; `-` reads it from standard input, `@FILE` from a file"
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", metavar="grpc://HOST:PORT", help="ask a server instead of the lake")
    store_option(where, "ask a database instead of the lake")
    parser.add_argument("--format", choices=("table", *formats.names()), help="table, or what the name of -o says")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write there, all or nothing, instead of standard output"
    )
    parser.add_argument(
        "--param", metavar="NAME=VALUE", action="append", default=[], help="the value of $NAME; may be repeated"
    )


def run(options: Options) -> int:
    from tapeql.shell.ask import ask

    return ask(options)


COMMAND = Command(0, "query", "Answers one query.", arguments, run)
