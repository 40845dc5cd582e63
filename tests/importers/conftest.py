"""What tests of importing ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tapeql.storage.import_files import import_files
from tapeql.storage.lake import Lake
from tests.importers.stored import Row, Series, stored

Import = Callable[..., Mapping[Series, Sequence[Row]]]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def imported(lake: Lake, tmp_path: Path) -> Import:
    """`imported("data/XBTUSD.csv", text, symbol="x:A") -> rows by series`: one file into an empty lake."""

    def import_text(name: str, text: str, **flags: Any) -> Mapping[Series, Sequence[Row]]:
        path = tmp_path / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        import_files(lake, [path], **flags)
        return stored(lake)

    return import_text
