"""`tapeql fmt`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="files of statements, or folders of *.tapeql; `-`, or none, is standard input",
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; name the files that would change, and exit 1"
    )


def run(options: Options) -> int:
    from tapeql.shell.checking import fmt

    return fmt(options)


COMMAND = Command(11, "fmt", "Lays out files of queries.", arguments, run, has_place=False)
