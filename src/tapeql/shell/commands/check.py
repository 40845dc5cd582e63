"""`tapeql check`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser, store_option


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="files of statements, or folders of *.tapeql; `-`, or none, is standard input",
    )
    parser.add_argument("--fix", action="store_true", help="mend what can be mended")
    parser.add_argument("--json", action="store_true", help="a JSON array of what was found, on standard output")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--url", metavar="grpc://HOST:PORT", help="ask a server instead of the lake")
    store_option(where, "ask a database instead of the lake")
    parser.add_argument(
        "--param", metavar="NAME=VALUE", action="append", default=[], help="the value of $NAME; may be repeated"
    )


def run(options: Options) -> int:
    from tapeql.shell.checking import check

    return check(options)


COMMAND = Command(10, "check", "Tells what is wrong with files of queries.", arguments, run)
