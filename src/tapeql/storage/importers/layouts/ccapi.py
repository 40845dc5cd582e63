"""ccapi's recordings: trades in seconds, and best bids and asks."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://github.com/crypto-chassis/ccapi"
_PATH = r"(?:^|/)(?P<venue>[a-z]+)__(?P<symbol>[a-z0-9-]+)__\d{4}"

LAYOUTS = (
    Layout(
        name="ccapi-trades",
        title="ccapi trades",
        where=_WHERE,
        kind="trades",
        fields={"ts": "timeseconds", "quantity": "size", "buyer_maker": "isbuyermaker"},
        header=("timeseconds", "price", "size", "isbuyermaker"),
        path=_PATH,
    ),
    Layout(
        name="ccapi-quotes",
        title="ccapi best bids and asks",
        where=_WHERE,
        kind="quotes",
        fields={"ts": "timeseconds"},
        # Price and size stand in one cell: `importers/split.py` makes two of it.
        header=("timeseconds", "bidprice", "bidsize", "askprice", "asksize"),
        path=_PATH,
    ),
)
