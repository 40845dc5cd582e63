"""What happens to files on their way: an entry an accident."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.importers.sheet import Sheet, cells_of, line_of, lines_of
from tests.importers.test_generic import FILES
from tests.importers.writers import WRITERS


@dataclass(slots=True)
class Draft:
    """The lines of a text file, to be changed."""

    sheet: Sheet
    head: list[str]
    rows: list[str]
    tail: list[str]

    @classmethod
    def of(cls, sheet: Sheet) -> Draft:
        return cls(sheet, *lines_of(sheet))

    def text(self, newline: str) -> str:
        return "".join(line + newline for line in (*self.head, *self.rows, *self.tail))

    def cells(self, place: int) -> list[str]:
        return cells_of(self.sheet, self.rows[place]) or []

    def write(self, place: int, cells: list[str]) -> None:
        comma = "," if self.rows[place].endswith(",") and self.sheet.form != "text" else ""
        self.rows[place] = line_of(self.sheet, cells) + comma

    def change(self, dice: random.Random, change: Callable[[str], str | None]) -> bool:
        """Changes one cell for which `change` knows what to do."""
        for place in dice.sample(range(len(self.rows)), len(self.rows)):
            cells = self.cells(place)
            for column in dice.sample(range(len(cells)), len(cells)):
                new = change(cells[column])
                if new is not None and new != cells[column]:
                    self.write(place, [*cells[:column], new, *cells[column + 1 :]])
                    return True
        return False


RUBBISH = (
    *(
        "oops",
        "",
        " ",
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "null",
        "--",
        "-1",
        "0",
        "1e999",
        "1e5",
        "9" * 40,
        "1_000",
        "0x10",
    ),
    *(
        "2024-02-30",
        "25:61",
        "١٢٣",
        "½",
        "1.2.3",
        "1,2,3",
        "#REF!",
        "true",
        "[]",
        "12%",
        "$5",
        "5k",
        "1'234",
        "1 234",
        "ä",
    ),
)


def _cut(dice: random.Random, data: bytes) -> bytes:
    return data[: dice.randrange(len(data))]


def _flip(dice: random.Random, data: bytes) -> bytes:
    place = dice.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << dice.randrange(8))]) + data[place + 1 :]


def _rubbish(dice: random.Random, draft: Draft) -> bool:
    return draft.change(dice, lambda cell: dice.choice(RUBBISH))


def _digit_lost(dice: random.Random, draft: Draft) -> bool:
    def lose(cell: str) -> str | None:
        places = [n for n, c in enumerate(cell) if c.isdigit()]
        place = dice.choice(places) if places else 0
        return cell[:place] + cell[place + 1 :] if len(places) > 1 else None

    return draft.change(dice, lose)


def _digit_changed(dice: random.Random, draft: Draft) -> bool:
    def change(cell: str) -> str | None:
        places = [n for n, c in enumerate(cell) if c.isdigit()]
        if not places:
            return None
        place = dice.choice(places)
        return cell[:place] + str(dice.randrange(10)) + cell[place + 1 :]

    return draft.change(dice, change)


def _decimal_mark(dice: random.Random, draft: Draft) -> bool:
    def change(cell: str) -> str | None:
        if not re.fullmatch(r"[$\d.,]+", cell) or not {".", ","} & set(cell):
            return None
        return cell.translate(str.maketrans(".,", ",."))

    return draft.change(dice, change)


def _time_form(dice: random.Random, draft: Draft) -> bool:
    """One time written as somebody else would."""

    def change(cell: str) -> str | None:
        moment = _moment(cell)
        if moment is None:
            return None
        us = int(moment.timestamp() * 1_000_000)
        return dice.choice(
            (
                str(us // 10**6), str(us // 10**3), str(us), str(us * 1000), moment.isoformat(), f"{moment:%d/%m/%Y %H:%M:%S}",
                f"{moment:%m/%d/%Y %H:%M:%S}", f"{moment:%d.%m.%Y %H:%M}", f"{moment:%Y%m%d %H%M%S}",
                f"{moment:%Y-%m-%d %H:%M:%S}", f"{moment:%b %d, %Y}", f"{moment:%Y-%m-%d}",
            )
        )  # fmt: skip

    return draft.change(dice, change)


def _moment(cell: str) -> datetime | None:
    if re.fullmatch(r"\d{10}|\d{13}|\d{16}|\d{19}", cell):
        return datetime.fromtimestamp(int(cell[:10]), UTC)
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return None
    return moment if moment.tzinfo and moment.year > 1990 and len(cell) > 8 else None


def _swap(dice: random.Random, draft: Draft, head: bool) -> bool:
    """Two columns change places, with their names or without."""
    width = len(draft.cells(0))
    if width < 2 or (head and not (draft.sheet.names and draft.sheet.form == "text")):
        return False
    a, b = dice.sample(range(width), 2)
    if head and all(draft.sheet.names[n].startswith("Volume ") for n in (a, b)):
        return False  # CryptoDataDownload's two volumes are told by their order
    lines = [(draft.rows, n) for n in range(len(draft.rows))]
    if head:
        lines += [(draft.head, n) for n in range(len(draft.head))]
    for part, n in lines:
        cells = cells_of(draft.sheet, part[n]) or []
        if len(cells) == width:
            cells[a], cells[b] = cells[b], cells[a]
            part[n] = line_of(draft.sheet, cells) + ("," if part[n].endswith("},") or part[n].endswith("],") else "")
    return True


def _header(dice: random.Random, draft: Draft) -> bool:
    if not (draft.head and draft.sheet.form == "text"):
        return False
    draft.head.pop(dice.randrange(len(draft.head)))
    return True


def _other(dice: random.Random) -> Draft:
    writer = dice.choice([writer for writer in (*WRITERS, *FILES) if writer.form == "text"])
    return Draft.of(writer.sheet(writer.tape(dice)))


def _foreign_line(dice: random.Random, draft: Draft) -> bool:
    if draft.sheet.form != "text":
        return False
    draft.rows.insert(dice.randint(0, len(draft.rows)), dice.choice(_other(dice).rows))
    return True


def _foreign_file(dice: random.Random, draft: Draft) -> bool:
    other = _other(dice)
    draft.tail += [*other.head, *other.rows]
    return draft.sheet.form == "text"


def _twice(dice: random.Random, draft: Draft) -> bool:
    draft.tail += [*draft.head, *draft.rows, *draft.tail]
    return True


def _repeat(dice: random.Random, draft: Draft) -> bool:
    if len(draft.rows) < 2:
        return False
    line = dice.choice(draft.rows[:-1])
    draft.rows.insert(dice.randrange(len(draft.rows)), line)
    return True


def _delimiter(dice: random.Random, draft: Draft) -> bool:
    if draft.sheet.form != "text":
        return False
    place = dice.randrange(len(draft.rows))
    mark = dice.choice([each for each in ",;\t| " if each != draft.sheet.mark])
    draft.rows[place] = draft.rows[place].replace(draft.sheet.mark, mark)
    return True


def _row_lost(dice: random.Random, draft: Draft) -> bool:
    if len(draft.rows) < 2:
        return False
    draft.rows.pop(dice.randrange(len(draft.rows) - 1))
    return True


def _blank(dice: random.Random, draft: Draft) -> bool:
    draft.rows.insert(dice.randint(0, len(draft.rows)), dice.choice(("", " ", "\t")))
    return True


def _width(dice: random.Random, draft: Draft) -> bool:
    place = dice.randrange(len(draft.rows))
    cells = draft.cells(place)
    if draft.sheet.form == "objects":
        return False
    if dice.random() < 0.5:
        cells.pop(dice.randrange(len(cells)))
    else:
        cells.insert(dice.randint(0, len(cells)), dice.choice(("", "1", "x")))
    draft.write(place, cells)
    return True


def _quote(dice: random.Random, draft: Draft) -> bool:
    place = dice.randrange(len(draft.rows))
    at = dice.randint(0, len(draft.rows[place]))
    draft.rows[place] = draft.rows[place][:at] + '"' + draft.rows[place][at:]
    return True


ACCIDENTS: Mapping[str, Callable[..., Any]] = {
    "bytes: cut": _cut,
    "bytes: one flipped": _flip,
    "packed bytes: cut": _cut,
    "packed bytes: one flipped": _flip,
    "cell of rubbish": _rubbish,
    "digit lost": _digit_lost,
    "digit changed": _digit_changed,
    "decimal mark changed": _decimal_mark,
    "time in another form": _time_form,
    "columns swapped below the header": lambda dice, draft: _swap(dice, draft, False),
    "columns swapped with their names": lambda dice, draft: _swap(dice, draft, True),
    "header dropped": _header,
    "line of another source": _foreign_line,
    "file of another source behind": _foreign_file,
    "file twice": _twice,
    "row twice": _repeat,
    "row lost": _row_lost,
    "blank line": _blank,
    "cell more or less": _width,
    "delimiter changed in a line": _delimiter,
    "stray quote": _quote,
}
"""Those of bytes take and give bytes, of a file before it is packed or after; the others change a Draft, or return False."""
