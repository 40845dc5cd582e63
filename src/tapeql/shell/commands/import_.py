"""`tapeql import`"""

from __future__ import annotations

from tapeql.shell.command import Command, Options, Parser, store_option


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        help="files, folders, patterns; `trades`, `quotes` or `candles` before them names what they hold",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what the files are taken for, and store nothing")
    parser.add_argument("--formats", action="store_true", help="list the layouts that are known by themselves")
    parser.add_argument("--symbol", metavar="VENUE:CODE", help="whose rows they are, or which of many to take")
    parser.add_argument("--venue", metavar="VENUE", help="of symbols without one: it gives them their calendar")
    parser.add_argument("--interval", metavar="1m", help="the length of candles")
    parser.add_argument("--tz", metavar="ZONE", help="of times written without one")
    parser.add_argument("--dates", choices=("day-first", "month-first"), help="of dates such as 02/03/2024")
    parser.add_argument("--time-unit", choices=("s", "ms", "us", "ns"), help="of times written as numbers")
    parser.add_argument("--column", metavar="FIELD=NAME", action="append", default=[], help="the column a field is in")
    parser.add_argument("--stamp", choices=("open", "close"), help="which end of a candle its ts is (default: open)")
    parser.add_argument("--format", metavar="NAME", help="the layout of the files, one of --formats")
    parser.add_argument(
        "--covers", metavar="DATES", help="dates in which the files have every row: 2025-03-01..2025-04"
    )
    parser.add_argument(
        "--consolidate", metavar="COLUMN", help="store the best bid and offer over the markets this column names"
    )
    parser.add_argument("--quarantine", metavar="FILE", help="set unusable rows aside there instead of refusing them")
    store_option(parser, "write to a database instead of the lake")


def run(options: Options) -> int:
    from tapeql.shell.bring import bring

    return bring(options)


COMMAND = Command(
    1, "import", "Takes trades, quotes and candles from the files people have: CSV, JSON, Parquet …", arguments, run
)
