"""Sale conditions by number, as Massive (Polygon) writes them, as the letters the tapes print.

Source: massive.com, "Condition Codes" (`sip_mapping` of CTA for tapes A and B, of UTP for tape C), with the exchanges'
opening, reopening and closing trades as O, 5 and 6 on both. Numbers without a letter are left out, and so is CAP election
(6), whose letter has meant an odd lot since.
"""

from __future__ import annotations

import re
from typing import Final

_BOTH: Final = {
    1: "A",  # acquisition
    3: "E",  # automatic execution
    4: "B",  # bunched
    5: "G",  # bunched, sold
    7: "C",  # cash
    8: "6",  # closing print
    9: "X",  # cross
    10: "4",  # derivatively priced
    11: "D",  # distribution
    12: "T",  # extended hours
    13: "U",  # extended hours, out of sequence
    14: "F",  # intermarket sweep
    15: "M",  # official close
    16: "Q",  # official open
    17: "O",  # opening trade
    18: "5",  # reopening trade
    19: "6",  # closing trade
    20: "N",  # next day
    21: "H",  # price variation
    22: "P",  # prior reference price
    23: "K",  # rule 155
    24: "K",  # rule 127
    25: "O",  # opening print
    27: "1",  # stopped stock
    28: "5",  # reopening print
    29: "R",  # seller
    30: "L",  # sold last
    31: "L",  # sold last and stopped
    32: "Z",  # sold out of sequence
    33: "Z",  # sold out of sequence and stopped
    34: "S",  # split
    36: "Y",  # yellow flag
    37: "I",  # odd lot
    38: "9",  # corrected consolidated close
    52: "V",  # contingent
    53: "7",  # qualified contingent
}

CTA: Final = _BOTH | {2: "B", 41: "1"}
"""2 is an average price, 41 exempt from the trade-through rule."""

UTP: Final = _BOTH | {0: "@", 2: "W", 41: "X"}

TAPES: Final = {"CTA": CTA, "UTP": UTP}

NUMBERS: Final = r"(^|[^0-9])[0-9]{2}"
"""A number of two digits or more shows that all of a text is numbers: letters stand alone, digits among them too."""

_NUMBERED: Final = re.compile(NUMBERS)


def is_numbered(conditions: str) -> bool:
    """Whether conditions are numbers, `12,37`, and not letters, `T,I` or `FTI` or `4`."""
    return _NUMBERED.search(conditions) is not None


def letters_of(conditions: str, tape: str) -> str:
    """Conditions as letters of a tape, "CTA" or "UTP"."""
    if not is_numbered(conditions):
        return conditions
    table = TAPES[tape]
    return ",".join(table[int(number)] for number in re.findall(r"[0-9]+", conditions) if int(number) in table)


def numbers_of(letters: str, tape: str) -> list[int]:
    """The numbers of a tape that stand for one of these letters."""
    return [number for number, letter in TAPES[tape].items() if letter in letters]
