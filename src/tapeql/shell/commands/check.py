"""`tapeql check`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser, param_option, place_options, statement_files


def arguments(parser: Parser) -> None:
    statement_files(parser)
    parser.add_argument("--fix", action="store_true", help="mend what can be mended")
    parser.add_argument("--json", action="store_true", help="a JSON array of what was found, on standard output")
    place_options(parser)
    param_option(parser)


def run(options: Options) -> int:
    from tapeql.shell.checking import check

    return check(options)


COMMAND = Command(10, "check", "Tells what is wrong with files of queries.", arguments, run)
