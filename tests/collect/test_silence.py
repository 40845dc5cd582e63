"""When a feed that says nothing has missed something: the venue's own word decides."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Literal, cast

import pytest

from tapeql.collect.counters import VenueCounts
from tapeql.collect.feed import Feed
from tapeql.collect.silence import Silence
from tapeql.collect.supervisor import Supervisor
from tapeql.collect.timing import Timing
from tapeql.connectors import venue_named
from tapeql.connectors.events import Quote
from tapeql.connectors.settings import settings_of
from tests.exchange.coinbase import CoinbaseExchange
from tests.exchange.generator import Generated
from tests.exchange.market import Market
from tests.exchange.server import Exchange


@pytest.mark.parametrize("follow", ["trades", "book"])
def test_quotes_that_come_with_trades_are_missed_when_a_trade_is(follow: Literal["book", "trades"]) -> None:
    """Where quotes follow trades alone, a book that moves without one has sent none; elsewhere it must have."""

    async def run() -> tuple[bool, bool]:
        market = Market([Generated("BTC-USD", orders_per_s=40, trades_per_s=0)])
        async with Exchange(market, CoinbaseExchange()) as exchange:
            venue = replace(venue_named("coinbaseexchange"), quotes_follow=follow)
            history = venue.connector(settings_of(venue, exchange.environ()), lambda: 0)
            feed = Feed(venue, "BTC-USD", ("quotes",))
            none = cast(Supervisor, None)
            timing = Timing(doubt_s=0.05)
            silence = Silence(venue, [feed], none, history, timing, VenueCounts(), lambda: 0, lambda feed: None)
            try:
                await exchange.step(1)
                market.burst("BTC-USD", 1)
                now_us = market.tapes["BTC-USD"].trades[-1].ts_us
                feed.quotes.on(Quote(venue.name, "BTC-USD", 1, now_us, 0, 1.0, 1.0, 2.0, 1.0), now_us)
                await exchange.skip(30)
                before = await silence._missed(feed, "quotes")
                market.burst("BTC-USD", 1)
                return before, await silence._missed(feed, "quotes")
            finally:
                await history.disconnect()

    assert asyncio.run(asyncio.wait_for(run(), 30)) == (follow == "book", True)
