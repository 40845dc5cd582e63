"""Texts to plans over a small lake, and rows back from an engine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from tapeql.cancel import Cancel
from tapeql.kernels.context import Context
from tapeql.language.parse import parse
from tapeql.operators.operator import Plan
from tapeql.plan.build import build
from tapeql.query.settings import Settings
from tapeql.run.locate import located
from tapeql.storage.snapshot import Snapshot
from tapeql.words.resolve import resolve
from tests.tapes import us

NOW_US = us("2025-03-20T00:00")


def plan_of(text: str, snapshot: Snapshot) -> Plan:
    """The plan of a text, with the start of its reading found."""
    (statement,) = parse(text).statements
    plan = build(resolve(statement, snapshot, Settings(), {}, NOW_US, text), snapshot)
    return located(plan, context(snapshot)).plan


def context(snapshot: Snapshot) -> Context:
    return Context(snapshot, NOW_US, Cancel())


def rows_of(plan: Plan, batches: Iterable[pa.RecordBatch]) -> list[dict[str, Any]]:
    """Plain rows; the batches must have the plan's very schema."""
    return pa.Table.from_batches(list(batches), plan.schema).to_pylist()
