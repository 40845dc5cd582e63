"""Changes of order books, which look like trades and are none."""

from tapeql.storage.importers.layout import Layout

_WHERE = "recordings of order books"
_REFUSAL = "its rows are changes of price levels, which import does not take: bring trades or best bids and offers"
_MARKS = {
    "snapshots": ("side", "price", "issnapshot"),
    "updates": ("side", "price", "updatetype"),
    "diffs": ("side", "price", "firstupdateid"),
    "levels": ("side", "price", "level"),
}

LAYOUTS = tuple(
    Layout(name=f"book-{what}", title="an order book", where=_WHERE, kind="quotes", header=marks, refusal=_REFUSAL)
    for what, marks in _MARKS.items()
)
