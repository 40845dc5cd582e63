"""`tapeql gaps`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser, store_option


def arguments(parser: Parser) -> None:
    parser.add_argument("symbol", metavar="VENUE:CODE")
    parser.add_argument("--all", action="store_true", help="those that were filled, too")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    store_option(parser, "of a database instead of the lake")


def run(options: Options) -> int:
    from tapeql.shell.gaps import gaps

    return gaps(options)


COMMAND = Command(4, "gaps", "Prints what is missing of a symbol's tape, and why.", arguments, run)
