"""Result information and diagnostics as JSON, the one form they have in files and on the wire.

Information is what is known when a result ends: notes, warnings, counts, source, engine, snapshot. A diagnostic is
`{"code", "reason", "span": [start, end], "hints": […], "fix": {"span", "text"} | null}`.
"""

from __future__ import annotations

import json
from typing import Any, Final

from tapeql.errors import Diagnostic, Fix, Span

INFO_KEY: Final = b"tapeql.info"
"""The key of result information in file footers and batch metadata."""


def record(diagnostic: Diagnostic) -> dict[str, Any]:
    """A diagnostic as JSON values."""
    fix = diagnostic.fix
    return {
        "code": diagnostic.code,
        "reason": diagnostic.reason,
        "span": [diagnostic.span.start, diagnostic.span.end],
        "hints": list(diagnostic.hints),
        "fix": {"span": [fix.span.start, fix.span.end], "text": fix.text} if fix else None,
    }


def diagnostic(record: dict[str, Any]) -> Diagnostic:
    """The diagnostic of a record."""
    fix = record.get("fix")
    return Diagnostic(
        record["code"],
        record["reason"],
        Span(*record["span"]),
        tuple(record["hints"]),
        Fix(Span(*fix["span"]), fix["text"]) if fix else None,
    )


def encode_info(info: dict[str, Any]) -> bytes:
    """The same bytes for the same information, whatever the order it became known in."""
    return json.dumps(info, default=_plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def decode_info(encoded: bytes) -> dict[str, Any]:
    """What `encode_info` wrote, with diagnostics as diagnostics again; other keys are plain JSON values."""
    found: dict[str, Any] = json.loads(encoded, object_hook=_lift)
    return found


def _plain(value: object) -> object:
    if isinstance(value, Diagnostic):
        return record(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if hasattr(value, "item"):
        return value.item()
    return str(value)


def _lift(found: dict[str, Any]) -> object:
    return diagnostic(found) if {"code", "reason", "span", "hints"} <= found.keys() else found
