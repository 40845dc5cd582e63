"""`tapeql symbols`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser, needing_feeds


def arguments(parser: Parser) -> None:
    parser.add_argument("venue", metavar="VENUE")
    parser.add_argument("--type", metavar="spot", help="only spot, perpetual, future, stock …")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")


def run(options: Options) -> int:
    from tapeql.shell.symbols import symbols

    return needing_feeds(symbols, options)


COMMAND = Command(6, "symbols", "Lists what a venue trades.", arguments, run, has_place=False)
