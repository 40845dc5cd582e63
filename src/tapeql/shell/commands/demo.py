"""`tapeql demo`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser


def arguments(parser: Parser) -> None:
    parser.add_argument("folder", metavar="DIR", nargs="?", help="where to make the tape (default: a temporary folder)")


def run(options: Options) -> int:
    from tapeql.shell.demo import demo

    return demo(options.folder)


COMMAND = Command(
    8, "demo", "Makes a small synthetic tape and asks it the example sentences.", arguments, run, has_place=False
)
