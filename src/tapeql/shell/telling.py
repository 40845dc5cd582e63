"""Diagnostics as a terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence

from tapeql.errors import Diagnostic, QueryError
from tapeql.shell import visible


def rendered(error: QueryError) -> str:
    """The diagnostics with their line and caret."""
    from tapeql.rendering import render

    return visible.lines(render(error.diagnostics, error.source)).rstrip("\n") + "\n"


def told(found: Sequence[Diagnostic], source: str) -> str:
    """Notes and warnings of a result, as errors are rendered."""
    from tapeql.rendering import render

    return visible.lines(render(tuple(found), source)).rstrip("\n") + "\n" if found else ""
