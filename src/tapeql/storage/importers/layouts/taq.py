"""TAQ: the NYSE's daily files, and what WRDS makes of them; by New York's clock."""

from tapeql.storage.importers.layout import Layout

_WHERE = "https://www.nyse.com/market-data/historical (Daily TAQ), WRDS"
_EAST = "America/New_York"

LAYOUTS = (
    Layout(
        name="taq-wrds-trades",
        title="TAQ trades (WRDS)",
        where=_WHERE,
        kind="trades",
        fields={
            "ts": ("date", "timem"),
            "symbol": ("symroot", "symsuffix?"),
            "quantity": "size",
            "conditions": "trscond",
            "market": "ex",
        },
        header=("date", "timem", "ex", "symroot", "trscond", "size", "price"),
        zone=_EAST,
        venue="taq",
    ),
    Layout(
        name="taq-wrds-quotes",
        title="TAQ quotes (WRDS)",
        where=_WHERE,
        kind="quotes",
        fields={
            "ts": ("date", "timem"),
            "symbol": ("symroot", "symsuffix?"),
            "bid_size": "bidsiz",
            "ask_size": "asksiz",
            "market": "ex",
        },
        header=("date", "timem", "ex", "bid", "bidsiz", "ask", "asksiz", "symroot"),
        zone=_EAST,
        venue="taq",
    ),
)
