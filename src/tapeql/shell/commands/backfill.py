"""`tapeql backfill`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser, needing_feeds, store_option


def arguments(parser: Parser) -> None:
    parser.add_argument("symbols", metavar="VENUE:CODE,CODE…", nargs="+")
    parser.add_argument("--since", metavar="DATE", required=True, help="2024-01-01, or an instant with its zone")
    parser.add_argument("--until", metavar="DATE", help="excluded (default: the venue's present)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--candles", metavar="1m", help="candles of this interval (default: 1m)")
    what.add_argument("--ticks", action="store_true", help="every trade")
    store_option(parser, "write to a database instead of the lake")


def run(options: Options) -> int:
    from tapeql.shell.backfill import backfill

    return needing_feeds(backfill, options)


COMMAND = Command(5, "backfill", "Fetches history from a venue; stopped, it goes on where it was.", arguments, run)
