"""What single sources do that others do not."""

from __future__ import annotations

from tests.importers.conftest import Import
from tests.tapes import us


def test_coinbase_names_the_makers_side(imported: Import) -> None:
    """A `buy` of Coinbase is an order that lay in the book: who came to it sold."""
    text = '[{"trade_id": 1, "side": "buy", "size": "1", "price": "5", "time": "2024-01-02T00:00:00Z"}]'
    (trade,) = imported("BTC-USD.json", text)["trades", "coinbase:BTC-USD", ""]
    assert trade["side"] == "sell"
