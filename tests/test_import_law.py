"""A room imports only rooms to its left, and the leaves that any room may import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "tapeql"
PIPELINE = (
    "language",
    "query",
    "rows",
    "kernels",
    "sql",
    "operators",
    "words",
    "plan",
    "run",
    "export",
    "serve",
    "shell",
)
LEAVES = {"diagnostics", "errors", "cancel", "limits", "rendering", "cache", "arrow", "functions", "calendars", "tapes"}
MEETING_POINT = {"storage.schema", "storage.snapshot"}
MAY_IMPORT = {
    **{room: {*PIPELINE[: place + 1], *LEAVES, *MEETING_POINT} for place, room in enumerate(PIPELINE)},
    **{leaf: {*LEAVES} for leaf in LEAVES},
    "storage": {"storage", *LEAVES},
    "connectors": {"connectors", "errors", "limits", "tapes"},
    "collect": {"collect", "connectors", "storage", "calendars", "errors", "limits"},
}
MAY_IMPORT["run"] |= {"storage"}
MAY_IMPORT["serve"] |= {"storage", "connectors", "collect"}
MAY_IMPORT["shell"] |= {"storage", "connectors", "collect", "__init__"}
OUTSIDE_THE_LAW = {"__init__", "__main__"}
"""The public face, which opens every door."""


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """What a module imports of this package, at any depth of its code, as dotted names below `tapeql`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name == "tapeql" or name.startswith("tapeql.__"):
                yield "__init__"
            elif name.startswith("tapeql."):
                yield name.removeprefix("tapeql.")


def allowed(room: str, name: str) -> bool:
    parts = name.split(".")
    return bool({parts[0], ".".join(parts[:2])} & MAY_IMPORT[room])


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_left(path: Path) -> None:
    """No room knows the rooms to its right, and the feed side never imports the language side."""
    room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if room in OUTSIDE_THE_LAW:
        return
    assert room in MAY_IMPORT, f"{room} has no place in the house"
    wrong = sorted({name for name in imported(path) if not allowed(room, name)})
    assert not wrong, f"{room} may not import {wrong}"


def test_the_law_bites() -> None:
    """A plan may not import an engine, nor the storage side the query side."""
    assert not allowed("plan", "run.execute.execute")
    assert not allowed("kernels", "operators.operator.Plan")
    assert not allowed("storage", "query.nodes.Query")
    assert not allowed("collect", "query.nodes.Query")
    assert not allowed("connectors", "storage.schema.TABLES")
    assert allowed("plan", "storage.snapshot.Snapshot")
    assert not allowed("plan", "storage.lake.Lake")


def reached(start: str, imports: dict[str, set[str]]) -> set[str]:
    """Every module that a module needs, through others."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        new = imports[ahead.pop()] - found
        found |= new
        ahead += new
    return found


def test_no_circles() -> None:
    """No module needs itself, inside rooms or across them."""
    dotted = {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path for path in modules()
    }
    imports: dict[str, set[str]] = {}
    for name, path in dotted.items():
        wanted = set(imported(path))
        parents = {found.rpartition(".")[0] for found in wanted - dotted.keys()}
        imports[name] = ((wanted | parents) & dotted.keys()) - {name, "__init__"}
    circular = {name for name in imports if name in reached(name, imports)}
    assert not circular, sorted(circular)
