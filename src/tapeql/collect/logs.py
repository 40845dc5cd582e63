"""Structured logs: a JSON object a line, with the time in UTC and what happened as fields."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import IO, Any, Final

_ORDINARY: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """ts, level, event, logger, then the record's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
        }
        line |= {name: value for name, value in vars(record).items() if name not in _ORDINARY}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class PlainLines(logging.Formatter):
    """For a terminal: time, event, fields."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        fields = " ".join(f"{k}={v}" for k, v in vars(record).items() if k not in _ORDINARY and v is not None)
        text = f"{at} {record.levelname.lower():7} {record.getMessage()} {fields}".rstrip()
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def log_to(stream: IO[str] = sys.stderr, *, level: str = "info", as_json: bool | None = None) -> None:
    """Sends the product's logs to a stream: as JSON unless it is a terminal."""
    writer = logging.StreamHandler(stream)
    writer.setFormatter(PlainLines() if as_json is False or (as_json is None and stream.isatty()) else JsonLines())
    root = logging.getLogger("tapeql")
    root.handlers[:] = [writer]
    root.setLevel(level.upper())
    root.propagate = False
