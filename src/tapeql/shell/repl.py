"""`tapeql repl`: ask, see the answer, ask again; completion, highlighting and history where the terminal allows."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tapeql.errors import QueryError, TapeQLError
from tapeql.language import vocabulary
from tapeql.serve.connect import Database, connect
from tapeql.shell import interrupt, table, visible
from tapeql.shell.ask import terminal_width
from tapeql.shell.command import DONE, FAILED
from tapeql.shell.telling import rendered, told

HELP: Final = f"""\
A statement ends with `;`, or with Enter when it is complete.

    CANDLES 1h FROM binance:BTCUSDT WHERE close > sma(20);
    SHOW {" | ".join(vocabulary.choices("show"))};     DESCRIBE rsi;
    EXPLAIN sql | sql full | plan | warmup …;               SET tz = 'America/New_York';

    \\q leaves    \\timing shows or hides times    \\? is this help    Tab completes    Alt-Enter is a new line
"""

MISSING: Final = "tapeql: the repl needs prompt_toolkit: pip install 'tapeql[repl]'\n"


def repl(target: str, now: str | None) -> int:
    """Talks to a person until they leave, or runs what standard input holds. Exit status."""
    with connect(target, now) as database:
        session = Session(database)
        if not sys.stdin.isatty():
            return session.piped(sys.stdin.read())
        try:
            from tapeql.shell.prompt import prompt
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "prompt_toolkit":
                raise
            sys.stderr.write(MISSING)
            return FAILED
        sys.stdout.write(f"TapeQL, asking {visible.cell(database.name)}. \\? helps, \\q leaves.\n")
        return session.talk(prompt(database, _history()))


class Session:
    """One conversation: what it prints, and whether the last statement went well."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._timing = sys.stdin.isatty()

    def talk(self, ask: Callable[[], str]) -> int:
        """Asks until `\\q` or the end of input; Ctrl-C drops the line, or stops the query that runs."""
        while True:
            interrupt.forget()
            try:
                text = ask()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return DONE
            if text.strip() in ("\\q", "quit", "exit"):
                return DONE
            try:
                self.answer(text)
            except KeyboardInterrupt:
                sys.stdout.write("stopped\n")

    def piped(self, script: str) -> int:
        """Runs the statements of a script, each ended by a `;` at the end of a line; stops at the first that fails."""
        text = ""
        for line in [*script.splitlines(), ";"]:
            text += line + "\n"
            if line.rstrip().endswith(";") or line.startswith("\\"):
                if line.strip() == "\\q":
                    break
                status = self.answer(text)
                if status != DONE:
                    return status
                text = ""
        return DONE

    def answer(self, text: str) -> int:
        """Runs one text and prints its answer, or its diagnostics. Exit status."""
        text = text.strip()
        match text.rstrip(";").strip():
            case "":
                return DONE
            case "\\?" | "\\h" | "help":
                sys.stdout.write(HELP)
                return DONE
            case "\\timing":
                self._timing = not self._timing
                sys.stdout.write(f"timing is {'on' if self._timing else 'off'}\n")
                return DONE
            case _:
                pass
        try:
            self._print(text)
            return DONE
        except QueryError as error:
            sys.stderr.write(rendered(error))
            return error.exit_status
        except TapeQLError as error:
            sys.stderr.write(visible.lines(f"{error}\n"))
            return error.exit_status

    def _print(self, text: str) -> None:
        begun = time.perf_counter()
        result = self._database.run(text)
        width = terminal_width() if sys.stdout.isatty() else None
        sys.stdout.write(table.render(result.schema, result.batches, width))
        notes = [*result.info.get("notes", ()), *result.info.get("warnings", ())]
        sys.stdout.write(told(notes, text))
        if self._timing:
            sys.stdout.write(f"{1000 * (time.perf_counter() - begun):.1f} ms\n")
        sys.stdout.flush()


def _history() -> Path:
    """The history file, in the user's state folder."""
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    folder = Path(state) / "tapeql"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "history"
