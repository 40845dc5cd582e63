"""Changes of order books, which look like trades and are none."""

from tapeql.storage.importers.layout import Layout

_WHERE = "recordings of order books"
_REFUSAL = "its rows are changes of price levels, which import does not take: bring trades or best bids and offers"
_MARKS = (
    ("side", "price", "issnapshot"),
    ("side", "price", "updatetype"),
    ("side", "price", "firstupdateid"),
    ("side", "price", "level"),
    ("side", "price", "depth", "action", "flags", "orderid"),
)

LAYOUTS = tuple(
    Layout(name=f"book-{n}", title="an order book", where=_WHERE, kind="quotes", header=marks, refusal=_REFUSAL)
    for n, marks in enumerate(_MARKS, 1)
)
