"""`tapeql collect`"""

from __future__ import annotations

from tapeql import limits
from tapeql.shell.command import Command, Options, Parser, needing_feeds, store_option


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "symbols", metavar="VENUE:CODE,CODE…", nargs="+", help="what to parser; or `status`: how a collector is doing"
    )
    parser.add_argument("--ticks", action="store_true", help="trades")
    parser.add_argument("--quotes", action="store_true", help="best bids and asks")
    parser.add_argument("--book", action="store_true", help="order books: snapshots and deltas")
    store_option(parser, "write to a database instead of the lake")
    parser.add_argument("--bus", metavar="redis://…", help="publish live events there for other processes")
    parser.add_argument("--journal", metavar="DIR", help="where events are made durable (default: in the lake)")
    parser.add_argument(
        "--metrics",
        metavar="HOST:PORT",
        default=f"127.0.0.1:{limits.METRICS_PORT}",
        help="where /metrics, /healthz and /status are served (default: %(default)s; port 0 picks one)",
    )
    parser.add_argument(
        "--backfill-hours", type=float, default=24.0, metavar="H", help="how far back an outage is filled (default: 24)"
    )
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")


def run(options: Options) -> int:
    from tapeql.shell.collect import collect

    return needing_feeds(collect, options)


COMMAND = Command(
    3, "collect", "Keeps the tape: trades, quotes and books as they happen, and what was missed.", arguments, run
)
