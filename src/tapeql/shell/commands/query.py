"""`tapeql query`"""

from __future__ import annotations

from tapeql.export import formats
from tapeql.shell.command import Command, Options, Parser, param_option, place_options


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "text", metavar="TEXT", help="the parser; `-` reads it from standard input, `@FILE` from a file"
    )
    place_options(parser)
    parser.add_argument("--format", choices=("table", *formats.names()), help="table, or what the name of -o says")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write there, all or nothing, instead of standard output"
    )
    param_option(parser)


def run(options: Options) -> int:
    from tapeql.shell.ask import ask

    return ask(options)


COMMAND = Command(0, "query", "Answers one query.", arguments, run)
