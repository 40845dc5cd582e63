"""What makes two rows the same row, and in which order rows stand: the rules every store keeps.

A trade is identified by its trade_id, else by (ts, price, quantity, side, n-th occurrence within its source); a quote by
(ts, bid, bid_size, ask, ask_size, n-th occurrence); a candle by ts. A known trade or quote stays as stored, a known
candle is replaced. So importing a file twice, or files that overlap, changes nothing.

`seq` is the one given, else the numeric trade_id, else the place in source order among the rows of the same ts;
(ts, seq) is unique.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.storage.rows import instants
from tapeql.storage.schema import OHLCV, QUOTES, Table

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_NUMERIC_ID: Final = r"^(0|[1-9][0-9]{0,17})$"
_CONTENT: Final = {"ticks": ("price", "quantity", "side"), "quotes": ("bid", "bid_size", "ask", "ask_size")}


@dataclass(frozen=True, slots=True)
class Merged:
    """`rows` is the whole partition after the merge, sorted by (ts, seq), or None where nothing changed.

    added      rows that were not there
    present    rows that were there already, or twice in one source
    replaced   candles whose values changed
    differing  of the present ones: trades with a known trade_id and another instant, price or quantity
    """

    rows: pa.Table | None
    added: int
    present: int
    replaced: int = 0
    differing: int = 0


def merge(table: Table, existing: pa.Table | None, sources: Sequence[pa.Table]) -> Merged:
    """Merges sources, each conformed and in source order, into the stored rows of a partition (sorted by ts, seq)."""
    if table is OHLCV:
        return _merge_candles(existing, sources)
    stored = 0 if existing is None else existing.num_rows
    pieces = [existing, *sources] if existing is not None else list(sources)
    rows = pa.concat_tables([piece.cast(sources[0].schema) for piece in pieces]).combine_chunks()
    source = np.repeat(np.arange(len(pieces)), [piece.num_rows for piece in pieces])
    ts = instants(rows)
    ids, has_id = _numeric_ids(table, rows)

    keep, identity, differing = _distinct(table, rows, ts, ids, has_id, source, stored)
    added = int(keep[stored:].sum())
    present = rows.num_rows - stored - added
    if added == 0:
        return Merged(None, 0, present, differing=differing)

    seq = _sequence(rows, ts, ids, source, keep, identity, stored)
    result = rows
    if added + stored < rows.num_rows:
        kept = np.flatnonzero(keep)
        result, ts, seq = rows.take(pa.array(kept)), ts[kept], seq[kept]
    if not _rising(ts, seq):
        order = np.lexsort((seq, ts))
        result, ts, seq = result.take(pa.array(order)), ts[order], seq[order]
        _part_ties(ts, seq)
    result = result.set_column(1, table.schema.field("seq"), pa.array(seq)).cast(table.schema)
    return Merged(result.combine_chunks(), added, present, differing=differing)


def reverse(rows: pa.Table) -> pa.Table:
    """A source written newest first, brought to the order things happened in."""
    return rows.take(pa.array(np.arange(rows.num_rows - 1, -1, -1)))


# ── identity ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _numeric_ids(table: Table, rows: pa.Table) -> tuple[Ints, Bools]:
    """The numeric trade_ids (-1 elsewhere), and which rows have a trade_id at all."""
    none = np.full(rows.num_rows, -1, np.int64)
    if table is QUOTES or rows.column("trade_id").null_count == rows.num_rows:
        return none, np.zeros(rows.num_rows, np.bool_)
    text = rows.column("trade_id").combine_chunks()
    has_id = text.is_valid().to_numpy(zero_copy_only=False)
    numeric = pc.fill_null(pc.match_substring_regex(text, _NUMERIC_ID), False)
    ids = pc.if_else(numeric, text, pa.scalar(None, pa.string())).cast(pa.int64()).fill_null(-1)
    return ids.to_numpy(zero_copy_only=False), has_id


def _distinct(
    table: Table, rows: pa.Table, ts: Ints, ids: Ints, has_id: Bools, source: Ints, stored: int
) -> tuple[Bools, Ints | None, int]:
    """Which rows are the first of their identity, and (None: all differ) numbers for the identities."""
    n = rows.num_rows
    all_numeric = bool((ids >= 0).all())
    if all_numeric and n and bool((np.diff(ids) > 0).all()):
        return np.ones(n, np.bool_), None, 0
    if not has_id.any() and _apart(ts, source):
        return np.ones(n, np.bool_), None, 0
    if all_numeric:
        identity = _codes([ids])
    else:
        content = _codes([ts, *(_bits(rows.column(name)) for name in _CONTENT[table.name])])
        named = np.zeros(n, np.int64)
        if has_id.any():
            named = _codes([_bits(rows.column("trade_id"))]) + 1
            content[has_id] = -1
        named[~has_id] = 0
        group = _codes([named, content])
        nth = _nth(_codes([group, source]))
        nth[has_id] = 0
        identity = _codes([group, nth])
    first = _first(identity)
    differing = 0
    if has_id.any() and not first.all():
        again = ~first & has_id
        origin = np.zeros(n, np.int64)
        origin[identity[first]] = np.flatnonzero(first)
        whence = origin[identity]
        unlike = ts != ts[whence]
        for name in ("price", "quantity"):
            values = _bits(rows.column(name))
            unlike |= values != values[whence]
        differing = int((again & unlike).sum())
    return first, identity, differing


def _apart(ts: Ints, source: Ints) -> bool:
    """No two sources share an instant, told quickly: each begins after the one before ends."""
    starts = np.flatnonzero(np.diff(source, prepend=-1))
    if len(starts) < 2:
        return True
    return bool(
        (np.minimum.reduceat(ts, starts)[1:] > np.maximum.accumulate(np.maximum.reduceat(ts, starts))[:-1]).all()
    )


def _bits(column: pa.ChunkedArray) -> Ints:
    """Values as integers that are equal where the values are; NULL is a value of its own, -0.0 is 0.0."""
    array = column.combine_chunks()
    if pa.types.is_floating(array.type):
        values = array.fill_null(float("nan")).to_numpy(zero_copy_only=False) + 0.0
        return np.asarray(values.view(np.int64))
    codes = array.dictionary_encode().indices.fill_null(-1)
    return np.asarray(codes.to_numpy(zero_copy_only=False), np.int64)


def _codes(columns: Sequence[Ints]) -> Ints:
    """Numbers 0, 1, 2 … for the distinct combinations, in order of first appearance."""
    code: Ints | None = None
    for column in columns:
        encoded = pa.array(column).dictionary_encode()
        indices = np.asarray(encoded.indices.to_numpy(), np.int64)
        if code is None:
            code = indices
        else:
            pair = code * len(encoded.dictionary) + indices
            code = np.asarray(pa.array(pair).dictionary_encode().indices.to_numpy(), np.int64)
    assert code is not None
    return code


def _nth(group: Ints) -> Ints:
    """For each row, how many rows of its group came before it."""
    order = np.argsort(group, kind="stable")
    by_group = group[order]
    begin = np.flatnonzero(np.diff(by_group, prepend=-1))
    rank = np.arange(len(group)) - np.repeat(begin, np.diff(begin, append=len(group)))
    nth = np.empty(len(group), np.int64)
    nth[order] = rank
    return nth


def _first(codes: Ints) -> Bools:
    """Rows whose code appears for the first time; codes are numbered in order of appearance."""
    return np.asarray(codes > np.maximum.accumulate(np.concatenate(([-1], codes[:-1]))))


# ── order ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _sequence(
    rows: pa.Table, ts: Ints, ids: Ints, source: Ints, keep: Bools, identity: Ints | None, stored: int
) -> Ints:
    """The seq of every kept row."""
    given = rows.column("seq").combine_chunks()
    has_seq = given.is_valid().to_numpy(zero_copy_only=False)
    seq: Ints = np.where(has_seq, given.fill_null(0).to_numpy(zero_copy_only=False), ids)
    ranked = ids < 0
    settled = has_seq | ~ranked
    if settled.all() and stored == 0:
        return seq
    if identity is not None:
        for members in _contested(ts, source, keep & ranked):
            _settle(members, source, keep, identity, ranked, has_seq, stored, seq)
            settled[members] = True
    rest = np.flatnonzero(keep & ~settled)
    if len(rest):
        if (np.diff(ts[rest]) < 0).any():
            rest = rest[np.argsort(ts[rest], kind="stable")]
        begin = np.flatnonzero(np.concatenate(([True], np.diff(ts[rest]) != 0)))
        seq[rest] = np.arange(len(rest)) - np.repeat(begin, np.diff(begin, append=len(rest)))
    return seq


def _contested(ts: Ints, source: Ints, ranked: Bools) -> list[list[int]]:
    """The rows of each instant at which rows ordered by rank come from more than one source.

    Dropped repetitions are among them: they say where the new rows stand between the old.
    """
    at = np.flatnonzero(ranked)
    if not len(at):
        return []
    order = at[np.argsort(ts[at], kind="stable")]
    t, s = ts[order], source[order]
    begin = np.flatnonzero(np.concatenate(([True], np.diff(t) != 0)))
    mixed = np.minimum.reduceat(s, begin) != np.maximum.reduceat(s, begin)
    groups: dict[int, list[int]] = {int(us): [] for us in t[begin[mixed]]}
    if groups:
        for row in np.flatnonzero(np.isin(ts, t[begin[mixed]])).tolist():
            groups[int(ts[row])].append(row)
    return list(groups.values())


def _settle(
    members: list[int],
    source: Ints,
    keep: Bools,
    identity: Ints,
    ranked: Bools,
    has_seq: Bools,
    stored: int,
    seq: Ints,
) -> None:
    """Gives the rows of one instant, which come from several sources, their seq."""
    members = [row for row in members if ranked[row]]
    old = [row for row in members if row < stored]
    new = [row for row in members if row >= stored and keep[row]]
    by_rank = [int(seq[row]) for row in old] == list(range(len(old))) and not any(has_seq[row] for row in new)
    if by_rank:
        woven: list[int] = []
        for number in sorted({int(source[row]) for row in members}):
            woven = _weave(woven, [row for row in members if source[row] == number], identity, keep)
        for rank, row in enumerate(woven):
            seq[row] = rank
        return
    # Some carry a sequence of their source's: the others follow them.
    last = max(int(seq[row]) for row in old + new if has_seq[row])
    for row in new:
        if not has_seq[row]:
            last += 1
            seq[row] = last


def _weave(standing: list[int], arriving: list[int], identity: Ints, keep: Bools) -> list[int]:
    """New rows go before the known row that follows them in their own source, or to the end."""
    where = {int(identity[row]): row for row in standing}
    before: dict[int, list[int]] = {}
    pending: list[int] = []
    for row in arriving:
        known = where.get(int(identity[row]))
        if known is None:
            if keep[row]:
                pending.append(row)
        elif pending:
            before.setdefault(known, []).extend(pending)
            pending = []
    woven: list[int] = []
    for row in standing:
        woven += [*before.get(row, ()), row]
    return woven + pending


def _rising(ts: Ints, seq: Ints) -> bool:
    step = np.diff(ts)
    return bool(((step > 0) | ((step == 0) & (np.diff(seq) > 0))).all())


def _part_ties(ts: Ints, seq: Ints) -> None:
    """Moves repetitions of (ts, seq) in sorted rows up to the next free number, in place."""
    for clash in np.flatnonzero((np.diff(ts) == 0) & (np.diff(seq) == 0)).tolist():
        at = clash + 1
        while at < len(seq) and ts[at] == ts[at - 1] and seq[at] <= seq[at - 1]:
            seq[at] = seq[at - 1] + 1
            at += 1


# ── candles ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _merge_candles(existing: pa.Table | None, sources: Sequence[pa.Table]) -> Merged:
    stored = 0 if existing is None else existing.num_rows
    pieces = [existing, *sources] if existing is not None else list(sources)
    rows = pa.concat_tables([piece.cast(sources[0].schema) for piece in pieces]).combine_chunks()
    ts = instants(rows)
    order = np.argsort(ts, kind="stable")
    last = np.concatenate((np.diff(ts[order]) != 0, [True]))
    chosen = order[last]
    known = np.isin(ts[chosen], ts[:stored])
    added = int((~known).sum())
    result = rows.take(pa.array(chosen))
    result = result.set_column(1, OHLCV.schema.field("seq"), pa.array(np.zeros(len(chosen), np.int64)))
    result = result.cast(OHLCV.schema).combine_chunks()
    replaced = 0
    if existing is not None:
        now = result.filter(pa.array(known))
        unlike = np.zeros(stored, np.bool_)
        for name in OHLCV.schema.names[2:]:
            before, after = existing.column(name), now.column(name)
            if pa.types.is_integer(before.type):
                before, after = before.cast(pa.float64(), safe=False), after.cast(pa.float64(), safe=False)
            unlike |= _bits(before) != _bits(after)
        replaced = int(unlike.sum())
    present = rows.num_rows - stored - added - replaced
    if added == 0 and replaced == 0:
        return Merged(None, 0, present)
    return Merged(result, added, present, replaced)


# ── changes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def difference(before: pa.Table | None, after: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Rows of `before` that are not in `after`, and rows of `after` that are not in `before`."""
    if before is None or before.num_rows == 0:
        return after.slice(0, 0), after
    both = pa.concat_tables([before, after])
    codes = _codes([_bits(both.column(name)) for name in after.column_names])
    old, new = codes[: before.num_rows], codes[before.num_rows :]
    return before.filter(pa.array(~np.isin(old, new))), after.filter(pa.array(~np.isin(new, old)))
