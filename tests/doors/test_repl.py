"""The repl, typed into through a real terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

import tapeql
from tapeql.shell.demo_tape import NOW
from tapeql.shell.prompt import Colours, Words, is_complete
from tests.doors.processes import Run, environment

BARS = "CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def terminal(tape: Path, state: Path) -> Iterator[pexpect.spawn]:
    """A repl in a terminal of 200 columns."""
    settings = {**environment(), "XDG_STATE_HOME": str(state), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    arguments = ["-m", "tapeql", "--lake", str(tape), "--now", NOW, "repl"]
    child = pexpect.spawn(sys.executable, arguments, env=settings, timeout=60, encoding="utf-8", dimensions=(50, 200))
    child.expect("tapeql>")
    yield child
    child.close(force=True)


def test_a_conversation(terminal: pexpect.spawn, state: Path) -> None:
    """A complete sentence is answered, a wrong one explained, an unfinished one continued; \\q leaves with 0."""
    terminal.send(f"{BARS}\r")
    terminal.expect(r"\(24 rows\)")
    terminal.expect(r"[\d.]+ ms")
    terminal.send("CANDLES 1h FROM binance:BTCUSDT WHERE close > smaa(20);\r")
    terminal.expect("E102 unknown function")
    terminal.expect(r"\^\^\^\^")
    terminal.send("SHOW\r")
    terminal.send("symbols;\r")
    terminal.expect(r"\(2 rows\)")
    terminal.send("SET tz = 'America/New_York';\r")
    terminal.expect("America/New_York")
    terminal.send(f"{BARS} LIMIT 1;\r")
    terminal.expect("2025-03-10T04:00Z")
    terminal.send("\\?\r")
    terminal.expect("Tab completes")
    terminal.send("\\q\r")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 0
    history = (state / "tapeql" / "history").read_text()
    assert BARS in history


def test_tab_completes(terminal: pexpect.spawn) -> None:
    """The stored symbols are offered after FROM, and Tab takes one."""
    terminal.send("CANDLES 1d FROM nas")
    terminal.expect("nasdaq:AAPL")
    terminal.send("\t")
    terminal.expect("nasdaq:AAPL")
    terminal.send(" LIMIT 1;\r")
    terminal.expect(r"\(1 row\)")


def test_ctrl_c_drops_the_line_and_ctrl_d_leaves(terminal: pexpect.spawn) -> None:
    """Neither shows a traceback."""
    terminal.send("CANDLES nonsense")
    terminal.expect("nonsense")
    terminal.sendintr()
    terminal.send("SHOW symbols;\r")
    terminal.expect(r"\(2 rows\)")
    # the prompt after an answer is read raw; an end of file typed before would be the terminal's own
    terminal.expect("tapeql>")
    terminal.sendeof()
    terminal.expect(pexpect.EOF)
    assert "Traceback" not in (terminal.before or "")


def test_a_script_is_run_and_stops_at_the_first_error(ask: Run) -> None:
    """Without a terminal the repl answers what standard input holds, with the exit status of the first failure."""
    done = ask("repl", input=f"SET tz = 'UTC';\n{BARS}\n  LIMIT 2;\n-- a comment\nSHOW symbols")
    assert done.returncode == 0, done.stderr
    assert "(2 rows)" in done.stdout
    assert done.stdout.rstrip().endswith("(2 rows)")
    wrong = ask("repl", input="SHOW nothing;\nSHOW symbols;\n")
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert wrong.stderr.startswith("E0")


def test_without_prompt_toolkit_it_says_what_to_install(tape: Path) -> None:
    """The extra is named instead of a traceback."""
    code = (
        "import sys; sys.modules['prompt_toolkit'] = None\nfrom tapeql.shell.cli import main\nraise SystemExit(main())"
    )
    child = pexpect.spawn(
        sys.executable, ["-c", code, "--lake", str(tape), "repl"], env=environment(), encoding="utf-8"
    )
    child.expect(pexpect.EOF, timeout=60)
    assert "pip install 'tapeql[repl]'" in child.before
    child.wait()
    assert child.exitstatus == 1


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("", True),
        ("SHOW symbols", True),
        ("SHOW", False),
        ("CANDLES 1h FROM", False),
        ("CANDLES 1h FROM binance:BTCUSDT WHERE close > (1", False),
        ("CANDLES 1h FROM binance:BTCUSDT WHERE close >", False),
        ("CANDLES 1h FROM binance:BTCUSDT WHERE close > > 1", True),
        ("CANDLES;", True),
        ("\\q", True),
    ],
)
def test_enter_ends_what_is_complete(text: str, complete: bool) -> None:
    """More text is asked for only where it could help."""
    assert is_complete(text) == complete


def completions(words: Words, text: str) -> list[str]:
    return [c.text for c in words.get_completions(Document(text), CompleteEvent())]


def test_completion_knows_the_language_and_the_tape(tape: Path) -> None:
    """Keywords in capitals, functions and columns in small letters, stored symbols after FROM."""
    with tapeql.connect(tape) as database:
        words = Words(database)
        assert "CANDLES" in completions(words, "CAN")
        assert completions(words, "CANDLES 1h FROM ") == ["binance:BTCUSDT", "nasdaq:AAPL"]
        assert completions(words, "CANDLES 1h FROM binance:B") == ["binance:BTCUSDT"]
        assert {"sma", "spread", "spread_pct", "stddev"} & set(completions(words, "CANDLES 1h FROM a:B WHERE s")) == {
            "sma",
            "spread",
            "spread_pct",
            "stddev",
        }
        assert completions(words, "CANDLES ") == []


def test_colours_keep_the_text() -> None:
    """Highlighting changes no character and knows keywords, functions and symbols."""
    text = "CANDLES 1h FROM binance:BTCUSDT WHERE close > sma(20) -- 'x'"
    parts = Colours().lex_document(Document(text))(0)
    assert "".join(part[1] for part in parts) == text
    kinds = {part[1]: part[0] for part in parts}
    assert kinds["CANDLES"] == "class:keyword"
    assert kinds["sma"] == "class:function"
    assert kinds["binance:BTCUSDT"] == "class:symbol"
    assert kinds["-- 'x'"] == "class:comment"
