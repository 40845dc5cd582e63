"""What a file shows at first sight: its first rows, whose layout it has, what its name and its metadata say."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

from tapeql.errors import DataError
from tapeql.storage.importers.cells import texts
from tapeql.storage.importers.layout import Layout, layout_of, layouts, plain_name
from tapeql.storage.importers.naming import interval_of, said_by
from tapeql.storage.importers.shown import listed
from tapeql.storage.importers.source import Source
from tapeql.storage.importers.text import TextSource
from tapeql.storage.importers.wishes import Wishes

Rows = Sequence[Sequence[str | None]]


class Seen:
    """
    sample   all columns of the first rows, and `rows` the same as rows of text
    layout   of the source; None where it is not known
    said     symbol, venue, interval, day as far as names, folders and metadata say; `guess` may be a symbol
    """

    def __init__(self, source: Source, wishes: Wishes) -> None:
        self.source = source
        self.wishes = wishes
        self.sample = source.sample()
        columns = [texts(column) for column in self.sample]
        self.rows: Rows = list(zip(*columns, strict=True)) if columns else []
        self.layout = self._layout()
        self.said: Mapping[str, str] = self._said()

    def _layout(self) -> Layout | None:
        found = known_layout(self.source.names, self.rows, self.source.path, self.wishes)
        if found is None and not self.wishes.columns:
            self._check_near_miss()
        if not self.wishes.columns and not self.wishes.format and not (found and found.found_in(self.source.path)):
            self._check_whole()
        return found

    def _check_whole(self) -> None:
        """Refuses a single row of a source's files that lacks columns and the end of its line: no other row tells that it was cut."""
        source = self.source
        if not isinstance(source, TextSource) or source.names or len(self.rows) > 1:
            return
        if source.head.rstrip(b"\0").endswith((b"\n", b"\r")):
            return
        for layout in layouts():
            if source.width < len(layout.cells) and layout.path and re.search(layout.path, source.path):
                raise DataError(
                    f"{source.label} is named like a file of {layout.title}, whose rows have {len(layout.cells)} cells; its only "
                    f"one has {source.width} and no end of line: it was cut off, or --column says which columns it has"
                )

    def _check_near_miss(self) -> None:
        """Refuses what is one letter of a header short of a source whose numbers mean more than their columns' names say."""
        plain = {plain_name(name): name for name in self.source.names}
        for layout in layouts():
            missing = set(layout.header) - plain.keys()
            if len(missing) == 1 and (layout.divisors or layout.sides or layout.only):
                word = missing.pop()
                close = difflib.get_close_matches(word, plain.keys() - set(layout.header), 1, 0.75)
                if close:
                    raise DataError(
                        f"{self.source.label} has the columns of {layout.title} but for {listed([plain[close[0]]])}, where that "
                        f"has {word!r}: --format {layout.name} takes it for such"
                    )

    def _said(self) -> dict[str, str]:
        said = said_of(self.source.path, self.layout)
        info = {key.lower(): value for key, value in self.source.info.items()}
        for key, field_ in (("symbol", "symbol"), ("ticker", "symbol"), ("2. symbol", "symbol"), ("exchange", "venue")):
            if info.get(key):
                said[field_] = info[key]
        word = info.get("interval") or info.get("timeframe") or ""
        if word and interval_of(word):
            said["interval"] = interval_of(word) or ""
        return said


def known_layout(names: Sequence[str], rows: Rows, path: str, wishes: Wishes) -> Layout | None:
    """The layout asked for, or the one that most speaks for. Raises DataError for one that there is not."""
    wanted = wishes.format
    if not wanted:
        return layout_of(names, rows, path, wishes.kind)
    found = next((each for each in layouts() if each.name == wanted), None)
    if found is None:
        close = difflib.get_close_matches(wanted, [each.name for each in layouts()], 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise DataError(f"there is no format {wanted!r}{hint} (`tapeql import --formats` lists them)")
    if found.cells and rows and len(rows[0]) != len(found.cells):
        raise DataError(
            f"{found.title} has {len(found.cells)} columns, {path} has {len(rows[0])}: it is of another format"
        )
    return found


def said_of(path: str, layout: Layout | None) -> dict[str, str]:
    """What a path says of a file of this layout."""
    return said_by(path) if layout is None else {**said_by(path), **layout.found_in(path)}
