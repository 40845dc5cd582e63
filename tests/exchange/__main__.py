"""A simulated exchange as a program: prints its URLs as one line of JSON, then runs until it is told to end.

python -m tests.exchange --venue binance --symbols BTCUSDT,ETHUSDT --port 9001 --seed 7 --speed 10
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from pathlib import Path

from tests.exchange.alpaca import Alpaca
from tests.exchange.binance import Binance
from tests.exchange.coinbase import Coinbase, CoinbaseExchange
from tests.exchange.faults import Plan
from tests.exchange.generator import Generated
from tests.exchange.kraken import Kraken
from tests.exchange.market import Market, Source
from tests.exchange.massive import Massive
from tests.exchange.recording import several
from tests.exchange.server import Exchange

VENUES = {
    "alpaca": Alpaca,
    "binance": Binance,
    "binanceusdm": lambda: Binance(futures=True),
    "coinbase": Coinbase,
    "coinbaseexchange": CoinbaseExchange,
    "kraken": Kraken,
    "massive": Massive,
}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.exchange", description=__doc__.partition("\n")[0])
    parser.add_argument("--venue", choices=VENUES, default="binance")
    parser.add_argument("--symbols", default="BTCUSDT", help="comma-separated")
    parser.add_argument("--port", type=int, default=0, help="of the websockets; 0 finds free ones")
    parser.add_argument("--rest-port", type=int, help="default: the port after --port")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--recording", type=Path, help="replay this recording instead of a generated market")
    parser.add_argument("--orders-per-s", type=float, default=40.0, help="of each symbol, in venue time")
    parser.add_argument("--trades-per-s", type=float, default=5.0, help="of each symbol, in venue time")
    going = parser.add_mutually_exclusive_group()
    going.add_argument("--speed", type=float, default=1.0, help="venue time as a multiple of real time")
    going.add_argument("--rate", type=float, help="events a second, whatever their times")
    going.add_argument("--paused", action="store_true", help="stand still until POST /control/start or step")
    parser.add_argument("--keep", type=int, help="remember only about so many events, for runs that last")
    parser.add_argument("--faults", type=float, metavar="INTENSITY", help="a random plan of faults from the seed")
    parser.add_argument("--deflate", action="store_true", help="offer permessage-deflate")
    return parser.parse_args()


def _sources(options: argparse.Namespace) -> list[Source]:
    symbols = options.symbols.split(",")
    if options.recording:
        return list(several(options.recording, symbols))
    return [
        Generated(
            symbol,
            seed=options.seed,
            orders_per_s=options.orders_per_s,
            trades_per_s=options.trades_per_s,
            futures=options.venue == "binanceusdm",
        )
        for symbol in symbols
    ]


async def _main(options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    rest_port = options.rest_port if options.rest_port is not None else options.port and options.port + 1
    market = Market(_sources(options), seed=options.seed, keep_events=options.keep)
    plan = Plan.random(options.seed, options.faults) if options.faults else None
    async with Exchange(
        market,
        VENUES[options.venue](),
        ws_port=options.port,
        rest_port=rest_port,
        plan=plan,
        deflate=options.deflate,
    ) as exchange:
        print(json.dumps({"ws_url": exchange.ws_url, "rest_url": exchange.rest_url}), flush=True)
        if not options.paused:
            exchange.start(speed=options.speed, rate=options.rate)
        await ended.wait()


if __name__ == "__main__":
    asyncio.run(_main(_arguments()))
