"""`tapeql explain`"""

from __future__ import annotations

from tapeql.shell.command import DONE, Command, Options, Parser, usage


def arguments(parser: Parser) -> None:
    parser.add_argument("code", metavar="CODE", help="such as E102")


def run(options: Options) -> int:
    import sys

    from tapeql.language.codes import explain

    story = explain(options.code.upper())
    if story is None:
        raise usage(f"no diagnostic has the code `{options.code}`")
    sys.stdout.write(story.rstrip("\n") + "\n")
    return DONE


COMMAND = Command(9, "explain", "Tells the long story of an error code.", arguments, run, has_place=False)
