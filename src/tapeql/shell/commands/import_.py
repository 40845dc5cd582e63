"""`tapeql import`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser, store_option


def arguments(parser: Parser) -> None:
    parser.add_argument("table", choices=("trades", "quotes", "candles"), help="what the files hold")
    parser.add_argument("files", metavar="FILE", nargs="+")
    parser.add_argument("--symbol", metavar="VENUE:CODE", required=True, help="whose rows they are")
    parser.add_argument("--column", metavar="FIELD=NAME", action="append", default=[], help="the column a field is in")
    parser.add_argument("--time-unit", choices=("s", "ms", "us", "ns"), help="of times written as numbers")
    parser.add_argument("--tz", metavar="ZONE", help="of times written without one")
    parser.add_argument("--interval", metavar="1m", help="the length of candles")
    parser.add_argument("--stamp", choices=("open", "close"), help="which end of a candle its ts is (default: open)")
    parser.add_argument(
        "--covers", metavar="DATES", help="dates in which the files have every row: 2025-03-01..2025-04"
    )
    parser.add_argument("--quarantine", metavar="FILE", help="set unusable rows aside there instead of refusing them")
    store_option(parser, "write to a database instead of the lake")


def run(options: Options) -> int:
    from tapeql.shell.bring import bring

    return bring(options)


COMMAND = Command(
    1, "import", "Takes trades, quotes or candles from CSV (gz, zip), Parquet and Feather files.", arguments, run
)
