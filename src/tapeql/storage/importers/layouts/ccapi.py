"""ccapi's recordings: trades in seconds, and best bids and asks."""

from tapeql.storage.importers.layout import Layout

LAYOUTS = (
    Layout(
        name="ccapi-trades",
        title="ccapi trades",
        where="https://github.com/crypto-chassis/ccapi",
        kind="trades",
        fields={"ts": "timeseconds", "quantity": "size", "buyer_maker": "isbuyermaker"},
        header=("timeseconds", "price", "size", "isbuyermaker"),
        path=r"(?:^|/)(?P<venue>[a-z]+)__(?P<symbol>[a-z0-9-]+)__\d{4}",
    ),
)
