"""Follow a collector's live bus: what happens to a symbol, as soon as it is safe on the collector's disk.

tapeql --lake tape collect binance:BTCUSDT --ticks --quotes --bus redis://127.0.0.1:6379
python examples/follow_bus.py redis://127.0.0.1:6379 binance:BTCUSDT
"""

import asyncio
import contextlib
import sys

from tapeql.collect.bus import open_bus
from tapeql.collect.bus.contract import Missed
from tapeql.collect.recorder import decode
from tapeql.connectors.events import Gap, Quote, Trade
from tapeql.errors import TapeQLError


async def follow(url: str, symbol: str) -> None:
    bus = open_bus(url)
    try:
        # after=0: first what the bus still keeps; a position, to go on behind it; nothing, only what is new.
        async with bus.subscribe([f"tapeql:{symbol}"], after=0) as messages:
            async for message in messages:
                if isinstance(message, Missed):
                    print(f"gone from the bus, look in the store: {message.after} .. {message.before}", flush=True)
                    continue
                for event in decode(message.payload):
                    match event:
                        case Trade():
                            print("trade", event.trade_id, event.ts_us, event.price, event.quantity, event.side)
                        case Quote(bid=None, ask=None):
                            print("quote: nothing is known")
                        case Quote():
                            print("quote", event.ts_us, event.bid, event.ask)
                        case Gap():
                            print("gap", event.kind, "filled" if event.filled_us else "declared", event.reason)
                sys.stdout.flush()
    finally:
        await bus.close()


if __name__ == "__main__":
    url = sys.argv[1] if len(sys.argv) > 1 else "redis://127.0.0.1:6379"
    symbol = sys.argv[2] if len(sys.argv) > 2 else "binance:BTCUSDT"
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(follow(url, symbol))
        except TapeQLError as error:
            sys.exit(f"follow_bus: {error}")
