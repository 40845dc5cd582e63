"""What makes two rows the same row, and in which order rows stand: the rules every store keeps.

A row is identified by the key of its table, else by ts, its content and the n-th occurrence within its source: a trade by
its trade_id, else by (ts, price, quantity, side, n-th occurrence); a candle by ts. A known trade, quote or book update
stays as stored, a known candle or gap is replaced. So importing a file twice, or files that overlap, changes nothing.

`seq` is the one given, else the numeric id, else the place in source order among the rows of the same ts; (ts, seq) is
unique. Where known rows are replaced, `seq` counts the rows of the same ts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.storage.rows import instants
from tapeql.storage.schema import Table

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_SAFE_DIGITS: Final = 18
_NUMERIC_ID: Final = r"^(0|[1-9][0-9]{0,17})$"


@dataclass(frozen=True, slots=True)
class Merged:
    """`rows` is the whole partition after the merge, sorted by (ts, seq), or None where nothing changed.

    added      rows that were not there
    present    rows that were there already, or twice in one source
    replaced   known rows whose values changed, be it from source to source
    differing  of the present ones: those with a known id and another instant, or other numbers
    """

    rows: pa.Table | None
    added: int
    present: int
    replaced: int = 0
    differing: int = 0

    @property
    def counted(self) -> Merged:
        """Without the rows, which are many."""
        return replace(self, rows=None)


def merge(table: Table, existing: pa.Table | None, sources: Sequence[pa.Table]) -> Merged:
    """Merges sources, each conformed and in source order, into the stored rows of a partition (sorted by ts, seq)."""
    if existing is None and len(sources) == 1 and _are_apart(table, sources[0]):
        return _all_new(table, sources[0])
    if table.replaces:
        return _merge_replacing(table, existing, sources)
    stored = 0 if existing is None else existing.num_rows
    pieces = [existing, *sources] if existing is not None else list(sources)
    rows = pa.concat_tables([piece.cast(sources[0].schema) for piece in pieces]).combine_chunks()
    source = np.repeat(np.arange(len(pieces)), [piece.num_rows for piece in pieces])
    ts = instants(rows)
    ids, has_id = numbers(table, rows)

    keep, identity, differing = _distinct(table, rows, ts, ids, has_id, source, stored)
    if table.changes:
        keep[stored:] &= _changed(table, rows, ts, keep)[stored:]
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


def _are_apart(table: Table, rows: pa.Table) -> bool:
    """No two rows of a source can be the same, told quickly: there is one, or its keys are instants that rise."""
    return rows.num_rows == 1 or (table.key == ("ts",) and bool((np.diff(instants(rows)) > 0).all()))


def _all_new(table: Table, rows: pa.Table) -> Merged:
    if table.replaces and not table.number:
        seq = pa.array(np.zeros(rows.num_rows, np.int64))
    else:
        seq = rows.column("seq").combine_chunks().fill_null(0)
        if table.number:
            ids, _ = numbers(table, rows)
            seq = pc.if_else(rows.column("seq").is_valid(), seq, pa.array(np.maximum(ids, 0)))
    columns = [seq if name == "seq" else column for name, column in zip(rows.column_names, rows.columns, strict=True)]
    return Merged(pa.Table.from_arrays(columns, schema=table.schema), rows.num_rows, 0)


def unknown(table: Table, existing: pa.Table, rows: pa.Table) -> tuple[Bools, int]:
    """Which rows of one source are not among the existing ones and not repeated, and how many of the others differ.

    Both need only ts and the columns of the table's key and content; `existing` holds every row that could be the same.
    """
    both = pa.concat_tables([existing, rows.select(existing.column_names)]).combine_chunks()
    source = np.repeat(np.arange(2), [existing.num_rows, rows.num_rows])
    ids, has_id = numbers(table, both)
    keep, _, differing = _distinct(table, both, instants(both), ids, has_id, source, existing.num_rows)
    return keep[existing.num_rows :], differing


def free_places(taken_ts: Ints, taken_seq: Ints, ts: Ints, seq: Ints) -> None:
    """Moves rows sorted by (ts, seq) whose place is taken up to the next free seq of their ts, in place."""
    near = np.isin(taken_ts, ts)
    taken = set(zip(taken_ts[near].tolist(), taken_seq[near].tolist(), strict=True))
    contested = set(taken_ts[near].tolist()) | set(ts[1:][(np.diff(ts) == 0) & (np.diff(seq) <= 0)].tolist())
    for row in np.flatnonzero(np.isin(ts, list(contested))).tolist():
        place = (int(ts[row]), int(seq[row]))
        while place in taken:
            place = (place[0], place[1] + 1)
        seq[row] = place[1]
        taken.add(place)


def reverse(rows: pa.Table) -> pa.Table:
    """A source written newest first, brought to the order things happened in."""
    return rows.take(pa.array(np.arange(rows.num_rows - 1, -1, -1)))


# ── identity ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def numbers(table: Table, rows: pa.Table) -> tuple[Ints, Bools]:
    """The numeric ids (-1 elsewhere), and which rows have a key at all."""
    n = rows.num_rows
    none = np.full(n, -1, np.int64)
    if not table.number:
        return none, np.ones(n, np.bool_)
    column = rows.column(table.number)
    if column.null_count == n:
        return none, np.zeros(n, np.bool_)
    column = column.combine_chunks()
    has_id = column.is_valid().to_numpy(zero_copy_only=False)
    if column.type == pa.int64():
        return np.maximum(column.fill_null(-1).to_numpy(zero_copy_only=False), -1), has_id
    plain = _of_one_length(column)
    if plain is not None:
        return plain, has_id
    numeric = pc.fill_null(pc.match_substring_regex(column, _NUMERIC_ID), False)
    ids = pc.if_else(numeric, column, pa.scalar(None, pa.string())).cast(pa.int64()).fill_null(-1)
    return ids.to_numpy(zero_copy_only=False), has_id


def _of_one_length(column: pa.Array) -> Ints | None:
    """Ids that are all numbers of as many digits, read without a closer look; None where they are not."""
    length = pc.min_max(pc.binary_length(column)).as_py()
    if column.null_count or length["min"] != length["max"] or length["max"] > _SAFE_DIGITS:
        return None
    try:
        ids: Ints = column.cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    return ids if ids.min() >= 10 ** (length["max"] - 1) else None


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
    if all_numeric and len(table.key) == 1:
        identity = _codes([ids])
    else:
        content = _codes([ts, *(_bits(rows.column(name)) for name in table.content)])
        named = np.zeros(n, np.int64)
        if has_id.any():
            named = _codes([_bits(rows.column(name)) for name in table.key]) + 1
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
        for name in table.content:
            if pa.types.is_floating(table.schema.field(name).type):
                values = _bits(rows.column(name))
                unlike |= values != values[whence]
        differing = int((again & unlike).sum())
    return first, identity, differing


def _changed(table: Table, rows: pa.Table, ts: Ints, keep: Bools) -> Bools:
    """Which rows say something else than the one before them."""
    says = _codes([_bits(rows.column(name)) for name in table.key if name != "ts"])
    order = np.flatnonzero(keep)
    order = order[np.argsort(ts[order], kind="stable")]
    changed = np.zeros(rows.num_rows, np.bool_)
    changed[order] = np.diff(says[order], prepend=-1) != 0
    return changed


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
    if pa.types.is_list(array.type):
        array = pc.binary_join(array.cast(pa.list_(pa.string())), " ")
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


# ── replacing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _merge_replacing(table: Table, existing: pa.Table | None, sources: Sequence[pa.Table]) -> Merged:
    stored = 0 if existing is None else existing.num_rows
    pieces = [existing, *sources] if existing is not None else list(sources)
    rows = pa.concat_tables([piece.cast(sources[0].schema) for piece in pieces]).combine_chunks()
    key = _codes([_bits(rows.column(name)) for name in table.key])
    first = np.flatnonzero(_first(key))
    last = np.empty(len(first), np.int64)
    last[key] = np.arange(rows.num_rows)
    known = first < stored
    unlike = np.zeros(len(first), np.bool_)
    for name in table.schema.names:
        if name != "seq":
            values = _bits(rows.column(name))
            unlike |= values[first] != values[last]
    # A new row whose values changed since it first came is replaced too, as if its sources had come one by one.
    added, replaced = int((~known).sum()), int(unlike.sum())
    present = rows.num_rows - stored - added - replaced
    if added == 0 and replaced == 0:
        return Merged(None, 0, present)
    # Keys are numbered by their first appearance: rows of one ts stay in that order.
    order = last[np.argsort(instants(rows)[last], kind="stable")]
    result = rows.take(pa.array(order))
    ts = instants(result)
    begin = np.flatnonzero(np.diff(ts, prepend=ts[0] - 1))
    seq = np.arange(len(ts)) - np.repeat(begin, np.diff(begin, append=len(ts)))
    result = result.set_column(1, table.schema.field("seq"), pa.array(seq)).cast(table.schema)
    return Merged(result.combine_chunks(), added, present, replaced)


# ── changes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def difference(before: pa.Table | None, after: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Rows of `before` that are not in `after`, and rows of `after` that are not in `before`."""
    if before is None or before.num_rows == 0:
        return after.slice(0, 0), after
    both = pa.concat_tables([before, after])
    codes = _codes([_bits(both.column(name)) for name in after.column_names])
    old, new = codes[: before.num_rows], codes[before.num_rows :]
    return before.filter(pa.array(~np.isin(old, new))), after.filter(pa.array(~np.isin(new, old)))
