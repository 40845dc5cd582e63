"""Who else listens to a burst of trades: ccxt.pro, and a bare websocket that forgets what it hears.

    python -m benchmarks.listeners ccxt|ccxt-limit|bare WS_URL REST_URL SYMBOL LAST_ID

Prints one line of JSON when the trade LAST_ID has come, or nothing more for a while.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator
from typing import Any, Final

QUIET_S: Final = 8.0
LIMIT: Final = 100_000


def exchange(ws_url: str, rest_url: str, **options: Any) -> Any:
    """ccxt.pro's Binance, default options but for these, pointed at loopback."""
    import ccxt.pro

    binance = ccxt.pro.binance({"options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, **options}})
    binance.has["fetchCurrencies"] = False
    binance.urls["api"] = _pointed(binance.urls["api"], ws_url, rest_url)
    return binance


def _pointed(urls: Any, ws_url: str, rest_url: str) -> Any:
    if isinstance(urls, dict):
        return {name: _pointed(url, ws_url, rest_url) for name, url in urls.items()}
    return f"{ws_url}/ws" if urls.startswith("ws") else f"{rest_url}/api/v3"


async def ccxt_trades(ws_url: str, rest_url: str, symbol: str, **options: Any) -> AsyncGenerator[list[int], None]:
    binance = exchange(ws_url, rest_url, **options)
    try:
        await binance.load_markets()
        unified = binance.safe_symbol(symbol)
        while True:
            yield [int(trade["id"]) for trade in await binance.watch_trades(unified)]
    finally:
        await binance.close()


async def bare_trades(ws_url: str, symbol: str) -> AsyncGenerator[list[int], None]:
    """What the socket itself gives: each message is read, and of its text only the id."""
    from websockets.asyncio.client import connect

    async with connect(f"{ws_url}/ws/{symbol.lower()}@trade", compression=None, max_queue=4096) as socket:
        while True:
            message = await socket.recv(decode=False)
            yield [int(message.partition(b'"t":')[2].partition(b",")[0])]


class Listened:
    """What came so far."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.delivered = 0
        self.last_s = 0.0

    async def take(self, trades: AsyncGenerator[list[int], None], last_id: int) -> None:
        async for ids in trades:
            self.seen.update(ids)
            self.delivered += len(ids)
            self.last_s = time.monotonic()
            if last_id in self.seen:
                return


async def listened(trades: AsyncGenerator[list[int], None], last_id: int) -> dict[str, float]:
    """`last_s` is when the last trade came, on the clock all processes share; `cpu_s` is all this process took."""
    heard = Listened()
    task = asyncio.create_task(heard.take(trades, last_id))
    while not task.done():
        await asyncio.wait([task], timeout=1)
        if heard.last_s and time.monotonic() - heard.last_s > QUIET_S:
            task.cancel()
            await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    await trades.aclose()
    return {
        "unique": len(heard.seen),
        "delivered": heard.delivered,
        "last_s": heard.last_s,
        "cpu_s": time.process_time(),
    }


async def main(name: str, ws_url: str, rest_url: str, symbol: str, last_id: int) -> None:
    match name:
        case "ccxt":
            trades = ccxt_trades(ws_url, rest_url, symbol)
        case "ccxt-limit":
            trades = ccxt_trades(ws_url, rest_url, symbol, tradesLimit=LIMIT)
        case "bare":
            trades = bare_trades(ws_url, symbol)
        case _:
            raise SystemExit(f"nobody is called {name}")
    print(json.dumps(await listened(trades, last_id)), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5], int(sys.argv[5])))
