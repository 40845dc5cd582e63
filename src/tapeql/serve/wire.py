"""What travels beside Arrow batches: the request, and the error record.

A request is the text of a query in UTF-8, or, where it has parameters or settings, the JSON object

    {"query": "CANDLES …", "params": {"start": "2025-03-10"}, "settings": {"tz": "UTC"}, "now": "2025-03-11T00:00:00Z"}

of which only `query` must be there. No query starts with a brace, so the two cannot be confused.

An error carries a `google.rpc.Status` as `extra_info`, whose one detail is a `google.protobuf.StringValue` of JSON:

    {"kind": "QueryError", "message": "…", "diagnostics": [{"code": "E102", …}], "limit": null}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tapeql import errors, limits
from tapeql.errors import Diagnostic, LimitError, QueryError, TapeQLError
from tapeql.export.info import diagnostic, record

KINDS: Final[dict[str, type[TapeQLError]]] = {
    kind.__name__: kind
    for kind in (errors.DataError, errors.StoreError, errors.ConnectionFailed, errors.Cancelled, TapeQLError)
}

RECORD_BYTES: Final = 3_000
"""An error travels in HTTP/2 headers, of which clients accept 8 KiB in all and which repeat the message twice."""

MESSAGE_CHARACTERS: Final = 200
"""Of a reason too long to fit: at four bytes a character, a reason and a hint stay within the record."""


@dataclass(frozen=True, slots=True)
class Request:
    """A text with what it is read with; `now` is ISO 8601 text, None for the server's own clock."""

    query: str
    params: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    now: str | None = None

    def encode(self) -> bytes:
        if not (self.params or self.settings or self.now) and not self.query.lstrip().startswith("{"):
            return self.query.encode()
        envelope: dict[str, Any] = {"query": self.query}
        envelope |= {"params": dict(self.params)} if self.params else {}
        envelope |= {"settings": dict(self.settings)} if self.settings else {}
        envelope |= {"now": self.now} if self.now else {}
        return json.dumps(envelope, ensure_ascii=False).encode()


def decode_request(encoded: bytes) -> Request:
    """The request of a command or a ticket. Raises QueryError when it is neither text nor a proper envelope."""
    if len(encoded) > limits.REQUEST_BYTES:
        raise _refused(f"the request is larger than {limits.REQUEST_BYTES:,} bytes")
    try:
        text = encoded.decode()
    except UnicodeDecodeError:
        raise _refused("the command is not UTF-8 text") from None
    if not text.lstrip().startswith("{"):
        return Request(text)
    try:
        envelope = json.loads(text)
    except (ValueError, RecursionError):
        raise _refused("the command starts with `{` but is not a JSON object") from None
    unknown = envelope.keys() - {"query", "params", "settings", "now"}
    if unknown:
        raise _refused(f"the envelope has an unknown key `{min(unknown)}`")
    query, now = envelope.get("query"), envelope.get("now")
    params, settings = envelope.get("params", {}), envelope.get("settings", {})
    if not (isinstance(query, str) and isinstance(params, dict) and isinstance(settings, dict)):
        raise _refused("the envelope must hold `query` as text, `params` and `settings` as objects")
    if not all(value is None or isinstance(value, str | int | float) for value in params.values()):
        raise _refused("parameters are text, numbers, true, false or null")
    if not (now is None or isinstance(now, str)):
        raise _refused("`now` must be an instant as text")
    return Request(query, params, {str(k): str(v) for k, v in settings.items()}, now)


def _refused(reason: str) -> QueryError:
    return QueryError([Diagnostic("E017", reason, hints=('send the text, or {"query": "…", "params": {…}}',))])


# ── errors ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def encode_error(error: TapeQLError) -> bytes:
    """The error's record; diagnostics that do not fit are left out from the end, the first is shortened at most."""
    kind = next((k for k in ("QueryError", "LimitError", *KINDS) if type(error).__name__ == k), "TapeQLError")
    found = list(error.diagnostics) if isinstance(error, QueryError) else []
    while True:
        encoded = json.dumps(
            {
                "kind": kind,
                "message": "" if found else _short(str(error)),
                "diagnostics": [record(d) for d in found],
                "limit": error.limit if isinstance(error, LimitError) else None,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        if len(encoded) <= RECORD_BYTES:
            return encoded
        if len(found) > 1:
            found.pop()
        else:
            found = [
                replace(d, reason=_short(d.reason), hints=tuple(map(_short, d.hints[:1])), fix=None) for d in found
            ]


def _short(text: str) -> str:
    return text if len(text) <= MESSAGE_CHARACTERS else text[: MESSAGE_CHARACTERS - 1] + "…"


def decode_error(encoded: bytes, source: str) -> TapeQLError:
    """The error of a record; `source` is the text that was sent."""
    found = json.loads(encoded)
    match found["kind"]:
        case "QueryError":
            return QueryError([diagnostic(d) for d in found["diagnostics"]], source)
        case "LimitError":
            return LimitError(found["message"], found["limit"])
        case kind:
            return KINDS.get(kind, TapeQLError)(found["message"])


# ── google.rpc.Status, of which we need three fields ──────────────────────────────────────────────────────────────────

_STRING_VALUE: Final = b"type.googleapis.com/google.protobuf.StringValue"


def encode_status(code: int, message: str, detail: bytes) -> bytes:
    """google.rpc.Status{1: code, 2: message, 3: [Any{1: type_url, 2: value}]}; `code` is the gRPC status code."""
    any_detail = _field(1, _STRING_VALUE) + _field(2, _field(1, detail))
    return b"\x08" + _varint(code) + _field(2, message.encode()) + _field(3, any_detail)


def decode_status(status: bytes) -> bytes | None:
    """The JSON record of a Status that `encode_status` wrote; None for any other bytes."""
    try:
        any_detail = _fields(status)[3]
        parts = _fields(any_detail)
        return _fields(parts[2])[1] if parts[1] == _STRING_VALUE else None
    except (KeyError, IndexError):
        return None


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _fields(message: bytes) -> dict[int, bytes]:
    """Length-delimited fields by number, the last of each; varint fields are passed over."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        value, at = _read_varint(message, at)
        if key & 7 == 2:
            found[key >> 3] = message[at : at + value]
            at += value
    return found


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            return value, at
