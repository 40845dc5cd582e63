"""Every layout that is known: what its source writes of a tape is that tape again."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapeql.errors import DataError
from tapeql.storage.import_files import import_files
from tapeql.storage.importers.layout import layouts
from tapeql.storage.lake import Lake
from tests.importers.sheet import Dress, Sheet, random_dress, save
from tests.importers.stored import in_order, stored
from tests.importers.writers import WRITERS, Writer

REFUSALS = {layout.name: layout.refusal for layout in layouts() if layout.refusal}
TITLES = {layout.name: layout.title for layout in layouts()}


def comes_back(sheet: Sheet, dress: Dress) -> str:
    """The file gives just the rows it was written from, under their name; whose file it was taken for."""
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake")
        report = import_files(lake, [save(Path(folder) / "files", sheet, dress)], **sheet.flags)
        assert stored(lake) == {sheet.series: in_order(sheet.expected)}
        return report.files[0].source


def test_every_layout_has_a_writer() -> None:
    """No layout goes untested."""
    assert {writer.layout for writer in WRITERS} == {layout.name for layout in layouts()}


@pytest.mark.parametrize("writer", [w for w in WRITERS if w.layout not in REFUSALS], ids=repr)
@given(dice=st.randoms(use_true_random=False))
@settings(max_examples=4)
def test_a_tape_comes_back(writer: Writer, dice: random.Random) -> None:
    """What a source writes, in any encoding, order and compression, is known as its own and read as the tape it was."""
    sheet = writer.sheet(writer.tape(dice))
    assert comes_back(sheet, random_dress(dice, sheet)) == TITLES[writer.layout]


@pytest.mark.parametrize("writer", [w for w in WRITERS if w.layout in REFUSALS], ids=repr)
def test_what_cannot_be_taken_is_refused_in_words(writer: Writer, tmp_path: Path) -> None:
    """A layout known as one that says too little is refused by name, with what to do instead."""
    sheet = writer.sheet(writer.tape(random.Random(1)))
    with pytest.raises(DataError) as caught:
        import_files(Lake(tmp_path / "lake"), [save(tmp_path, sheet, Dress())], **sheet.flags)
    assert TITLES[writer.layout] in str(caught.value)
    assert REFUSALS[writer.layout] in str(caught.value)
