"""Did you mean: the known names closest to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """Up to `limit` candidates that are at most a third of the word's letters away, best first; case is ignored.

    One step inserts, deletes or changes a letter, or swaps two neighbours. A candidate that the word abbreviates
    (`vol` for `volume`) is near too.
    """
    wanted = word.casefold()
    allowed = max(1, len(wanted) // 3)
    ranked: list[tuple[int, bool, str]] = []
    for candidate in dict.fromkeys(candidates):
        other = candidate.casefold()
        if abs(len(other) - len(wanted)) <= allowed:
            steps = _distance(wanted, other)
            if steps <= allowed and steps < len(wanted):
                ranked.append((steps, sorted(wanted) != sorted(other), candidate))
                continue
        if len(wanted) >= 3 and other.startswith(wanted):
            ranked.append((allowed + 1, True, candidate))
    return [candidate for *_, candidate in sorted(ranked)[:limit]]


def _distance(a: str, b: str) -> int:
    """Edit distance with swaps of neighbours, row by row."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, row = row, [i]
        for j, y in enumerate(b, 1):
            steps = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                steps = min(steps, before[j - 2] + 1)
            row.append(steps)
        before = above
    return row[-1]
