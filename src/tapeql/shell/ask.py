"""`tapeql query`: one sentence, its answer in the format asked for, its notes on standard error."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

from tapeql.export import formats
from tapeql.run.result import Result
from tapeql.serve.connect import connect
from tapeql.shell import interrupt, table
from tapeql.shell.command import DONE, target, usage
from tapeql.shell.telling import told


def ask(options: argparse.Namespace) -> int:
    """Answers the query of the command line. Raises what `Database.run` raises, Usage and OSError."""
    output: str | None = options.output
    form: str = options.format or (output and formats.by_suffix(output)) or "table"
    text = written(options.text)
    params = parameters(options.param)
    with connect(target(options), getattr(options, "now", None)) as database:
        answer = database.run(text, **params)
        result = Result(answer.schema, interrupt.watched(answer.batches), answer.info)
        if output is None:
            write(result, form, sys.stdout.buffer, terminal_width() if sys.stdout.isatty() else None)
            sys.stdout.buffer.flush()
        else:
            with replaced(output) as sink:
                write(result, form, sink, None)
    notes = [*result.info.get("notes", ()), *result.info.get("warnings", ())]
    if form != "table":
        notes = [note for note in notes if not note.code.startswith("N")]
    sys.stderr.write(told(notes, text))
    return DONE


def write(result: Result, form: str, sink: BinaryIO, width: int | None) -> None:
    """Writes a result as a table or in one of the export formats."""
    if form == "table":
        sink.write(table.render(result.schema, result.batches, width).encode())
    else:
        formats.load(form).write(result, sink)


def written(text: str) -> str:
    """The query itself: as given, from standard input (`-`) or from a file (`@FILE`)."""
    if text == "-":
        return _decoded(sys.stdin.buffer.read(), "standard input")
    if text.startswith("@"):
        with open(text[1:], "rb") as file:
            return _decoded(file.read(), text[1:])
    return text


def parameters(given: Sequence[str]) -> dict[str, Any]:
    """NAME=VALUE pairs; a value that reads as a number, true or false is one, anything else is text."""
    found: dict[str, Any] = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        name = name.removeprefix("$")
        if not equals or not name.isidentifier():
            raise usage(f"--param is NAME=VALUE, not `{pair}`")
        if name in found:
            raise usage(f"--param {name} is given twice")
        found[name] = _value(value)
    return found


@contextmanager
def replaced(path: str) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when all of it is written, and leaves no trace when it is not."""
    if os.path.exists(path) and not os.path.isfile(path):
        # A pipe or a device is written to; it must not be replaced by a file.
        with open(path, "wb") as sink:
            yield sink
        return
    place = os.path.realpath(path)
    temporary = None
    try:
        with interrupt.held():
            number, temporary = _temporary(place, path)
        with os.fdopen(number, "wb") as sink:
            yield sink
            sink.flush()
            os.fchmod(number, os.stat(place).st_mode & 0o7777 if os.path.exists(place) else 0o666 & ~_umask())
            os.fsync(number)
        with interrupt.held():
            interrupt.check()
            os.replace(temporary, place)
            temporary = None
    finally:
        if temporary is not None:
            os.unlink(temporary)


def terminal_width() -> int:
    return shutil.get_terminal_size((120, 24)).columns


def _temporary(place: str, path: str) -> tuple[int, str]:
    """A new file beside `place`; errors name the `path` that was asked for."""
    folder, name = os.path.split(place)
    try:
        return tempfile.mkstemp(dir=folder, prefix=f".{name}.")
    except FileNotFoundError as error:
        raise FileNotFoundError(error.errno, f"there is no folder {folder}", path) from None
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _decoded(text: bytes, place: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise usage(f"{place} is not UTF-8 text") from None


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return text == "true"
    # `2025` stays a number; a date parameter takes it as a year all the same.
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if abs(value) < float("inf") else text
    return text
