"""Files gone wrong are refused, or right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.importers.accidents import ACCIDENTS
from tests.importers.mutants import run
from tests.importers.specimens import case_sheets


def test_mutants_are_refused_or_right() -> None:
    """A few hundred files with one accident each: every outcome is one that may be, and each accident was met."""
    tally = run(250, 1)
    assert not tally.failures, "\n".join(tally.failures)
    assert set(tally.outcomes) == set(ACCIDENTS)
    assert sum(tally.outcomes.values(), Counter())["refused"] > 100


@pytest.mark.shared
def test_mutants_of_files_people_have(shared_data: Path) -> None:
    """The same of the shared cases."""
    tally = run(50, 2, cases=list(case_sheets(shared_data.parent / "cases" / "files")))
    assert not tally.failures, "\n".join(tally.failures)
