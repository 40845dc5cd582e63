"""What those who write into a lake by themselves need of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from tapeql.storage.layout import Series
from tapeql.storage.manifest import Entry, Manifest
from tapeql.storage.schema import Table


class LakeFiles(Protocol):
    """A lake's files and manifests."""

    @property
    def path(self) -> Path: ...

    def current(self) -> Manifest: ...

    def stored(self, table: Table, entries: Sequence[Entry]) -> pa.Table: ...

    def writing(self) -> AbstractContextManager[Manifest]: ...

    def publish(self, current: Manifest, added: Sequence[Entry], replaced: Sequence[Entry]) -> Manifest: ...

    def free_name(self, series: Series, partition: int, number: int) -> str: ...
