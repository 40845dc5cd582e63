"""`tapeql repl`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser, store_option, target


def arguments(parser: Parser) -> None:
    reached = parser.add_mutually_exclusive_group()
    reached.add_argument("--url", metavar="grpc://HOST:PORT", help="ask a server instead of the lake")
    store_option(reached, "ask a database instead of the lake")


def run(options: Options) -> int:
    from tapeql.shell.repl import repl

    return repl(target(options), getattr(options, "now", None))


COMMAND = Command(7, "repl", "Asks and answers, with completion, highlighting and history.", arguments, run)
