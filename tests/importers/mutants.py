"""Files gone wrong: `python -m tests.importers.mutants --count 20000 --seed N [--first N] [--cases FOLDER]`.

Each is refused with a reason, or its rows are right: those that nothing touched are as they were, those that something
touched are as they were, lack what was taken from them, or say what their own cells say in the form of their column.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tapeql.errors import DataError
from tapeql.storage.import_files import import_files
from tapeql.storage.lake import Lake
from tests.importers.accidents import ACCIDENTS, Draft
from tests.importers.judge import Wrong, judge
from tests.importers.sheet import Sheet, save, turned
from tests.importers.specimens import Specimen, case_sheets, specimen
from tests.importers.stored import stored


@dataclass(slots=True)
class Tally:
    """What became of mutants, by accident; failures with how to see them again."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def count(self, accident: str, outcome: str) -> None:
        self.outcomes.setdefault(accident, Counter())[outcome] += 1

    def __str__(self) -> str:
        names = sorted({name for counts in self.outcomes.values() for name in counts})
        lines = [f"{'':<34}" + "".join(f"{name:>12}" for name in names)]
        rows = [*sorted(self.outcomes.items()), ("all", sum(self.outcomes.values(), Counter()))]
        lines += [f"{name:<34}" + "".join(f"{counts[each]:>12}" for each in names) for name, counts in rows]
        return "\n".join(lines)


def run(count: int, seed: int, first: int = 0, cases: Sequence[Sheet] = ()) -> Tally:
    """Mutant n of a seed is the same whatever came before it."""
    tally = Tally()
    for number in range(first, first + count):
        dice = random.Random(f"{seed}.{number}")
        accident = dice.choice(list(ACCIDENTS))
        original = specimen(dice, cases)
        try:
            outcome = _outcome(dice, original, accident)
        except Exception as error:
            outcome = "WRONG" if isinstance(error, Wrong) else "CRASHED"
            trace = "" if isinstance(error, Wrong) else traceback.format_exc()
            tally.failures.append(
                f"--seed {seed} --first {number}: {accident}, {original.sheet.path}: {error}\n{trace}"
            )
        if outcome:
            tally.count(accident, outcome)
    return tally


def _outcome(dice: random.Random, original: Specimen, accident: str) -> str:
    """refused, right, or the excuse; "" where such a file cannot have this accident. Raises Wrong."""
    with tempfile.TemporaryDirectory() as folder:
        written = _write(dice, original, accident, Path(folder))
        if written is None:
            return ""
        path, text = written
        lake = Lake(Path(folder) / "lake")
        try:
            report = import_files(lake, [path], **original.sheet.flags)
        except DataError as error:
            _refused(error, path, lake)
            return "refused"
        return judge(original, text, report, stored(lake))


def _write(dice: random.Random, original: Specimen, accident: str, folder: Path) -> tuple[Path, str | None] | None:
    """The file, and what its text is now; None where only its bytes have changed."""
    sheet, dress = original.sheet, original.dress
    change = ACCIDENTS[accident]
    if accident.startswith("packed"):
        if not (dress.packing or sheet.form == "feather"):
            return None
        path = save(folder, sheet, dress)
        path.write_bytes(change(dice, path.read_bytes()))
        return path, None
    if sheet.form == "feather":
        return None
    draft = Draft.of(turned(sheet) if dress.newest_first else sheet)
    if accident.startswith("bytes"):
        data = change(dice, draft.text(dress.newline).encode(dress.encoding))
    else:
        if change(dice, draft) is False:
            return None
        data = draft.text(dress.newline).encode(dress.encoding, "surrogateescape")
    return save(folder, sheet, dress, data), data.decode(dress.encoding, "replace")


def _refused(error: DataError, path: Path, lake: Lake) -> None:
    first = str(error).splitlines()
    if path.name not in str(error) or len(" ".join(first)) < len(str(path)) + 5:
        raise Wrong(f"a refusal that does not name the file and the reason: {error}")
    if lake.exists():
        raise Wrong(f"refused, but something was written: {error}")


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.importers.mutants", description=__doc__.splitlines()[0])
    options.add_argument("--count", type=int, default=1000)
    options.add_argument("--seed", type=int, help="a new one unless given")
    options.add_argument("--first", type=int, default=0, help="the number of the first one")
    options.add_argument("--cases", type=Path, help="a folder of files people have, to mutate as well")
    told = options.parse_args()
    seed = random.SystemRandom().randrange(2**32) if told.seed is None else told.seed
    print(f"seed {seed}", flush=True)
    tally = run(told.count, seed, told.first, list(case_sheets(told.cases)) if told.cases else ())
    print(*tally.failures, tally, sep="\n")
    return bool(tally.failures)


if __name__ == "__main__":
    sys.exit(main())
