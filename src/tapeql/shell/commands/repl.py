"""`tapeql repl`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser, place_options, target


def arguments(parser: Parser) -> None:
    place_options(parser)


def run(options: Options) -> int:
    from tapeql.shell.repl import repl

    return repl(target(options), getattr(options, "now", None))


COMMAND = Command(7, "repl", "Asks and answers, with completion, highlighting and history.", arguments, run)
