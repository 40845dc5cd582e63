"""What a test in another process may ask of a running simulator, under /control on its REST port."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from tests.exchange.server import Exchange


def routes(exchange: Exchange) -> list[web.RouteDef]:
    """GET state, ledger?symbol=&kind=trades|quotes|depths, injected;
    POST step?events=, skip?seconds=, burst?symbol=&trades=, start?speed=|rate=, stop, abort, quiesce."""

    async def state(request: web.Request) -> web.Response:
        return web.json_response({
            "now_us": exchange.now_us,
            "events": exchange.ledger.end,
            "accepted": exchange.accepted,
            "sockets": {socket.number: list(socket.streams) for socket in exchange.sockets.values()},
            "injected": len(exchange.ledger.injected),
        })  # fmt: skip

    async def ledger(request: web.Request) -> web.Response:
        """One JSON array a line, in the fields' order of market.Trade, Quote or Depth."""
        events = getattr(exchange.market.tapes[request.query["symbol"]], request.query.get("kind", "trades"))
        return web.Response(text="".join(json.dumps(event) + "\n" for event in list(events)))

    async def injected(request: web.Request) -> web.Response:
        rows = [(i.fault, i.socket, i.event, i.withheld, i.note) for i in exchange.ledger.injected]
        return web.Response(text="".join(json.dumps(row) + "\n" for row in rows))

    async def command(request: web.Request) -> web.Response:
        query = request.query
        match request.match_info["command"]:
            case "step":
                await exchange.step(int(query.get("events", 1)))
            case "skip":
                await exchange.skip(float(query["seconds"]))
            case "burst":
                await exchange.burst(query["symbol"], int(query["trades"]))
            case "start":
                rate = float(query["rate"]) if "rate" in query else None
                exchange.start(speed=float(query.get("speed", 1)), rate=rate)
            case "stop":
                await exchange.stop()
            case "quiesce":
                await exchange.quiesce()
            case "abort":
                for socket in list(exchange.sockets.values()):
                    socket.abort()
            case unknown:
                return web.Response(status=404, text=f"no command {unknown}")
        return await state(request)

    return [
        web.get("/control/state", state),
        web.get("/control/ledger", ledger),
        web.get("/control/injected", injected),
        web.post("/control/{command}", command),
    ]
