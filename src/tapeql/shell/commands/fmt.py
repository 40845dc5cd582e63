"""`tapeql fmt`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser, statement_files


def arguments(parser: Parser) -> None:
    statement_files(parser)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; name the files that would change, and exit 1"
    )


def run(options: Options) -> int:
    from tapeql.shell.checking import fmt

    return fmt(options)


COMMAND = Command(11, "fmt", "Lays out files of queries.", arguments, run, has_place=False)
