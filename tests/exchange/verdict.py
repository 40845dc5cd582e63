"""The oracle: what a store holds, compared with the ledger, difference by difference."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

from tests.exchange.market import Tape

Row = Mapping[str, Any]  # a stored row, as pyarrow's to_pylist gives it
Gap = tuple[int | None, int | None]  # ids from and to, both included; None where unknown: without an end
Side = list[tuple[float, float]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class TradesVerdict:
    """Ids of trades, rising. All empty is a perfect store."""

    lost: list[int] = field(default_factory=list)  # neither stored nor in a declared gap
    doubled: list[int] = field(default_factory=list)
    declared_but_stored: list[int] = field(default_factory=list)
    declared_but_never_made: list[int] = field(default_factory=list)  # a gap names ids the venue does not have
    invented: list[int] = field(default_factory=list)  # stored, but the venue never made them
    wrong: list[str] = field(default_factory=list)  # stored with other values, in words
    declared: list[int] = field(default_factory=list)  # honestly missing; no fault

    @property
    def ok(self) -> bool:
        return not (
            self.lost
            or self.doubled
            or self.declared_but_stored
            or self.declared_but_never_made
            or self.invented
            or self.wrong
        )


def trades(
    tape: Tape,
    rows: Iterable[Row | int | str],
    gaps: Iterable[Gap] = (),
    *,
    since: int | None = None,
    until: int | None = None,
) -> TradesVerdict:
    """`rows` are ids, or rows of the table ticks, whose price, quantity, side and ts are compared where they are there.

    `gaps` are the open gaps. Asked are the ids from `since` to `until`, both included;
    by default all that ever were. Stored trades outside are fine.
    """
    found = TradesVerdict()
    if not tape.trades:
        return found
    first, last = tape.trades[0].trade_id, tape.trades[-1].trade_id
    since, until = first if since is None else since, last if until is None else until
    stored: Counter[int] = Counter()
    for row in rows:
        trade_id = int(row["trade_id"]) if isinstance(row, Mapping) else int(row)
        stored[trade_id] += 1
        trade = tape.trade(trade_id)
        if trade is None:
            found.invented.append(trade_id)
        elif isinstance(row, Mapping):
            side = "sell" if trade.buyer_is_maker else "buy"
            known = {"price": float(trade.price), "quantity": float(trade.quantity), "side": side, "ts": trade.ts_us}
            known["buyer_maker"] = trade.buyer_is_maker
            found.wrong += _differences(f"trade {trade_id}", row, known)
    declared: set[int] = set()
    for low, high in gaps:
        declared.update(
            range(first if low is None else max(low, first), last + 1 if high is None else min(high, last) + 1)
        )
        found.declared_but_never_made += [n for n in (low, high) if n is not None and not first <= n <= last]
    found.doubled = sorted(n for n, times in stored.items() if times > 1)
    found.declared_but_stored = sorted(declared & stored.keys())
    for trade in tape.trades_from(since, until - since + 1):
        if trade.trade_id not in stored:
            (found.declared if trade.trade_id in declared else found.lost).append(trade.trade_id)
    found.invented.sort()
    return found


@dataclass(slots=True)
class QuotesVerdict:
    doubled: list[int] = field(default_factory=list)
    invented: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)  # update ids; a lost quote leaves no trace, so this is no fault

    @property
    def ok(self) -> bool:
        return not (self.doubled or self.invented or self.wrong)


def quotes(tape: Tape, rows: Iterable[Row]) -> QuotesVerdict:
    """Rows of the table quotes against the ledger's quote of the same update id.

    `ts` is compared where `ts_source` is "venue".
    """
    found = QuotesVerdict()
    stored: Counter[int] = Counter()
    for row in rows:
        update_id = int(row["update_id"])
        stored[update_id] += 1
        quote = tape.quote_at(update_id)
        if quote is None:
            found.invented.append(update_id)
            continue
        known: dict[str, Any] = {
            "bid": float(quote.bid),
            "bid_size": float(quote.bid_quantity),
            "ask": float(quote.ask),
            "ask_size": float(quote.ask_quantity),
        }
        if row.get("ts_source") == "venue":
            known["ts"] = quote.ts_us
        found.wrong += _differences(f"quote {update_id}", row, known)
    found.doubled = sorted(n for n, times in stored.items() if times > 1)
    found.missing = [quote.update_id for quote in tape.quotes if quote.update_id not in stored]
    return found


@dataclass(slots=True)
class BookVerdict:
    """Update ids of depth updates and stored rows, rising."""

    lost: list[int] = field(default_factory=list)  # depth updates neither stored, nor covered by a snapshot or a gap
    declared: list[int] = field(default_factory=list)  # missing, and in a declared gap; no fault
    doubled: list[int] = field(default_factory=list)
    invented: list[int] = field(default_factory=list)  # deltas the venue never sent
    unanchored: list[int] = field(default_factory=list)  # deltas behind a break and before a snapshot; no fault
    wrong: list[str] = field(default_factory=list)  # other levels than the market's, in words
    compared: int = 0  # books compared as a whole

    @property
    def ok(self) -> bool:
        return not (self.lost or self.doubled or self.invented or self.wrong)


def book(
    tape: Tape, rows: Iterable[Row], gaps: Iterable[Gap] = (), *, until: int | None = None, every: int = 200
) -> BookVerdict:
    """Rows of the table book: is the book rebuilt from them the market's, at every update id?

    Rebuilt in order of update ids. A snapshot must be the market's book at its id (as deep as it goes), a delta the
    venue's own; where they follow one another the books are then equal, and at every snapshot, at every so many
    deltas and at the end they are compared as a whole. `gaps` are declared gaps of update ids. Updates before the
    first row are not asked for, nor those after `until` (default: the last of all).
    """
    found = BookVerdict()
    ordered = sorted(rows, key=lambda row: (row["update_id"], row["kind"] == "snapshot"))
    times = Counter((row["update_id"], row["kind"]) for row in ordered)
    found.doubled = sorted(update_id for (update_id, _), n in times.items() if n > 1)
    declared = list(gaps)
    depths = {depth.last_id: depth for depth in tape.depths}
    built: _Built | None = None
    last_id: int | None = None  # of the row before, whether or not a book could be built with it

    def missing(after: int, before: int) -> None:
        """Depth updates between two update ids that no row brought."""
        for depth in tape.depths[_first_after(tape, after) : _first_after(tape, before)]:
            honest = any(
                (low is None or low <= depth.last_id) and (high is None or depth.first_id <= high)
                for low, high in declared
            )
            (found.declared if honest else found.lost).append(depth.last_id)

    for row in ordered:
        update_id = int(row["update_id"])
        if row["kind"] == "snapshot":
            if last_id is not None:
                # an update that a snapshot lies in the middle of still has to come
                missing(last_id, update_id)
            followed = built is not None and built.update_id == update_id
            built = _Built(tape, row, built if followed else None)
            _compare(found, tape, built)
            last_id = update_id
            continue
        depth = depths.get(update_id)
        if depth is None:
            found.invented.append(update_id)
            continue
        bids, asks = _sides(row)
        if (sorted(bids), sorted(asks)) != (sorted(_numbers(depth.bids)), sorted(_numbers(depth.asks))):
            found.wrong.append(f"delta {update_id}: other levels than the venue's")
        if last_id is not None and depth.previous_id > last_id:
            missing(last_id, depth.previous_id)
            built = None
        last_id = update_id
        if built is None:
            found.unanchored.append(update_id)
            continue
        built.apply(update_id, bids, asks)
        if built.applied % every == 0:
            _compare(found, tape, built)
    if built is not None:
        _compare(found, tape, built)
    if last_id is not None and tape.depths:
        missing(last_id, tape.depths[-1].last_id if until is None else until)
    return found


class _Built:
    """A book made of stored rows, and how deep it is known: nothing is below the lowest bid (above the highest ask)
    of a snapshot that was cut short."""

    def __init__(self, tape: Tape, row: Row, before: _Built | None) -> None:
        self.update_id, self.applied = int(row["update_id"]), 0
        bids, asks = _sides(row)
        self.bids, self.asks = dict(bids), dict(asks)
        whole = tape.book_at(self.update_id)
        self.lowest = min(self.bids, default=_INF) if len(self.bids) < len(whole.bids) else -_INF
        self.highest = max(self.asks, default=-_INF) if len(self.asks) < len(whole.asks) else _INF
        if before is not None:  # one's own snapshot of a book knows no more than the book did
            self.lowest, self.highest = max(self.lowest, before.lowest), min(self.highest, before.highest)

    def apply(self, update_id: int, bids: Side, asks: Side) -> None:
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for price, size in levels:
                if size == 0:
                    side.pop(price, None)
                else:
                    side[price] = size
        self.update_id = update_id
        self.applied += 1


_INF = float("inf")


def _first_after(tape: Tape, update_id: int) -> int:
    return bisect_right(tape.depths, update_id, key=attrgetter("last_id"))


def _sides(row: Row) -> tuple[Side, Side]:
    bids = list(zip(row["bid_prices"], row["bid_sizes"], strict=True))
    return bids, list(zip(row["ask_prices"], row["ask_sizes"], strict=True))


def _numbers(levels: Iterable[tuple[str, str]]) -> Side:
    return [(float(price), float(quantity)) for price, quantity in levels]


def _compare(found: BookVerdict, tape: Tape, built: _Built) -> None:
    """Every level built must be the market's; every level of the market's within reach must be built."""
    found.compared += 1
    market = tape.book_at(built.update_id)
    bids, asks = dict(_numbers(market.bids.items())), dict(_numbers(market.asks.items()))
    for name, mine, truth, asked in (
        ("bid", built.bids, bids, {price for price in bids if price >= built.lowest}),
        ("ask", built.asks, asks, {price for price in asks if price <= built.highest}),
    ):
        for price in sorted(mine.keys() | asked):
            if mine.get(price) != truth.get(price):
                text = f"{name} {price} at {built.update_id}: {mine.get(price)}, the market's {truth.get(price)}"
                found.wrong.append(text)


def _differences(what: str, row: Row, known: Mapping[str, Any]) -> list[str]:
    """Columns of a row that are there and are not what is known."""
    return [
        f"{what}: {name} is {value!r}, the venue's {truth!r}"
        for name, truth in known.items()
        if (value := _us(row.get(name))) is not None and value != truth
    ]


def _us(value: Any) -> Any:
    """Instants as integer microseconds, whatever they came as."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(microseconds=1)
    return value
