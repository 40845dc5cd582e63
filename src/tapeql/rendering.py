"""Diagnostics as people read them, with the line and a caret, and as records for doors that speak JSON."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from tapeql.diagnostics import NOWHERE, Diagnostic

_COLUMNS = 110
_LINES = 3
_TAB = "    "


def render(diagnostics: Sequence[Diagnostic], source: str) -> str:
    """One block for each diagnostic, separated by empty lines; `source` is the text that the spans count in."""
    return "\n\n".join(_block(diagnostic, source) for diagnostic in diagnostics)


def as_record(diagnostic: Diagnostic, source: str) -> dict[str, Any]:
    """Code, line and column (from 1, in characters), span (offsets from 0), reason, hints and fix, ready for JSON."""
    span, fix = diagnostic.span, diagnostic.fix
    line_start = source.rfind("\n", 0, span.start) + 1
    return {
        "code": diagnostic.code,
        "line": source.count("\n", 0, span.start) + 1,
        "column": span.start - line_start + 1,
        "span": [span.start, span.end],
        "reason": diagnostic.reason,
        "hints": list(diagnostic.hints),
        "fix": {"span": [fix.span.start, fix.span.end], "text": fix.text} if fix else None,
    }


def _block(diagnostic: Diagnostic, source: str) -> str:
    lines = [f"{diagnostic.code} {_printable(diagnostic.reason)}"]
    gutter = ""
    if diagnostic.span != NOWHERE and source:
        marked = _marked_lines(diagnostic, source)
        gutter = " " * max(len(number) for number, *_ in marked)
        for number, text, carets in marked:
            lines.append(f"  {number:>{len(gutter)}} │ {text}".rstrip())
            if carets:
                lines.append(f"  {gutter} │ {carets}")
    lines += [f"  {gutter or ' '} = {_printable(hint)}" for hint in diagnostic.hints]
    return "\n".join(lines)


def _marked_lines(diagnostic: Diagnostic, source: str) -> list[tuple[str, str, str]]:
    """(line number, line, carets) of the lines that the span touches; of many, the first and the last."""
    span = diagnostic.span
    marked: list[tuple[str, str, str]] = []
    line_start = 0
    for number, line in enumerate(source.split("\n"), 1):
        start, end = max(span.start - line_start, 0), min(span.end - line_start, len(line))
        touches = span.start <= line_start + len(line) and (span.end > line_start or span.start >= line_start)
        if touches:
            if marked:
                start = len(line) - len(line.lstrip())
            marked.append((str(number), *_mark(line.rstrip("\r"), start, max(end, start + 1))))
        line_start += len(line) + 1
    if len(marked) > _LINES:
        return [marked[0], ("", "…", ""), marked[-1]]
    return marked


def _mark(line: str, start: int, end: int) -> tuple[str, str]:
    """The line as shown and the carets under [start, end), both cut to a window around the carets."""
    first = max(0, start - _COLUMNS) if len(line) > 3 * _COLUMNS else 0
    cells = [_printable(character) for character in line[first : first + 3 * _COLUMNS]]
    widths = [_width(cell) for cell in cells]
    return _window(cells, widths, start - first, end - first, first > 0, first + len(cells) < len(line))


def _window(cells: list[str], widths: list[int], start: int, end: int, cut: bool, goes_on: bool) -> tuple[str, str]:
    """As many cells around [start, end) as fit: a third of them before it where there is a choice."""
    first, last = 0, len(cells)
    while last > end and sum(widths[first:last]) > _COLUMNS and sum(widths[first:end]) < _COLUMNS * 2 // 3:
        last -= 1
    while first < start and sum(widths[first:last]) > _COLUMNS and sum(widths[first:start]) > _COLUMNS // 3:
        first += 1
    while sum(widths[first:last]) > _COLUMNS:
        last -= 1
    before, after = "…" if first or cut else "", "…" if last < len(cells) or goes_on else ""
    indent = len(before) + sum(widths[first:start])
    carets = max(1, sum(widths[start : min(end, last)]))
    return f"{before}{''.join(cells[first:last])}{after}", " " * indent + "^" * carets


def _printable(text: str) -> str:
    """Tabs widened; control characters, which could drive a terminal, replaced by their pictures."""
    return "".join(_picture(character) for character in text)


def _picture(character: str) -> str:
    if character == "\t":
        return _TAB
    if character.isprintable() or unicodedata.category(character) == "Mn":
        return character
    return chr(0x2400 + ord(character)) if ord(character) < 0x20 else "�"


def _width(text: str) -> int:
    """Terminal columns."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
