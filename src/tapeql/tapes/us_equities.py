"""Sale conditions of the two consolidated tapes of US stocks, and what a trade printed with them updates.

Sources: the sale condition matrices of the Consolidated Tape System (CTA Plan, "CTS Pillar Multicast Output
Specification", tapes A and B) and of the UTP Plan ("UTP Data Feed Services Specification", tape C), columns
consolidated volume, high/low and last. Where we differ from them:

    T      extended hours: counts for everything, since sessions already keep those hours apart
    L, P   "last" only where there is no other trade: they never set open and close here
    9      a corrected close is an official message like M and Q: a price, but no trade
"""

from __future__ import annotations

from typing import Final

from tapeql.tapes.eligibility import Eligibility

OFFICIAL: Final = "MQ9"
"""M official close, Q official open, 9 corrected close: messages about trades already printed, so a closing cross
printed as 6 and again as M counts once."""

VOLUME_ONLY: Final = "CHINRUVW7"
"""C cash, H price variation, I odd lot, N next day, R seller, U extended hours out of sequence, V contingent,
W average price, 7 qualified contingent."""

OUT_OF_SEQUENCE: Final = "GLPZ4"
"""G bunched sold, L sold last, P prior reference price, Z sold out of sequence, 4 derivatively priced: the price was
made, but not now."""

UTP: Final = Eligibility(OFFICIAL, OFFICIAL + VOLUME_ONLY, OFFICIAL + VOLUME_ONLY + OUT_OF_SEQUENCE, "UTP")
"""Tape C, where B is a bunched trade, which counts in full."""

CTA: Final = Eligibility(OFFICIAL, UTP.no_high_low + "B", UTP.no_open_close + "B", "CTA")
"""Tapes A and B, where B is an average price."""

UTP_VENUES: Final = frozenset({"nasdaq", "xnas"})
"""Listings on tape C; stocks of every other US venue are read by the stricter rules of tapes A and B."""
