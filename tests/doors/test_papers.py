"""What the papers promise is there."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tapeql import __version__
from tapeql.collect.timing import Timing
from tapeql.connectors import venue_named
from tapeql.connectors.venue import variable_of
from tapeql.shell.cli import parser
from tapeql.storage.importers.layout import layouts

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
TESTS = "python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt -e '.[test]' && .venv/bin/pytest"


def test_ci_runs_the_readmes_test_command() -> None:
    """The one command that README, CONTRIBUTING and CI name is the same."""
    for paper in ("README.md", "CONTRIBUTING.md", ".ci/run"):
        assert TESTS in (ROOT / paper).read_text()
    assert os.access(ROOT / ".ci/run", os.X_OK)


def commands() -> list[str]:
    lines = [line.strip().partition("  #")[0] for line in README.splitlines() if line.startswith("    tapeql ")]
    assert len(lines) > 8
    return lines


@pytest.mark.parametrize("line", commands())
def test_the_readmes_commands_exist(line: str) -> None:
    """Every `tapeql …` line of the README is a command line that is understood."""
    parser().parse_args(shlex.split(line)[1:])


def test_links_lead_somewhere() -> None:
    """Every relative link of the papers is a file or a folder."""
    for paper in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", paper.read_text()):
            assert (paper.parent / link).exists(), f"{paper.name}: {link}"


def test_the_version_is_said_once_and_again() -> None:
    """The package, the project file and the changelog name the same version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert project["scripts"] == {"tapeql": "tapeql.shell.cli:main"}


def test_compose_is_valid() -> None:
    """Every service has an image or a Dockerfile, listens on loopback, and uses only declared volumes."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    services = compose["services"]
    assert set(services) == {"tapeql", "collector", "timescaledb", "azurite", "redis"}
    for service in services.values():
        assert ("image" in service) != ("build" in service)
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        named = [v.partition(":")[0] for v in service.get("volumes", []) if not v.startswith((".", "/"))]
        assert set(named) <= set(compose["volumes"])
        if "image" in service:
            assert re.fullmatch(r"[\w./-]+:[\w.-]+", service["image"])
    parser().parse_args(services["tapeql"]["command"])
    collector = parser().parse_args(services["collector"]["command"])
    assert urlsplit(collector.store).hostname in services
    assert urlsplit(collector.bus).hostname in services
    assert set(services["collector"]["depends_on"]) == {"timescaledb", "redis"}
    assert collector.metrics.endswith(services["collector"]["ports"][0].rpartition(":")[2])
    dockerfile = (ROOT / "Dockerfile").read_text()
    for copied in re.findall(r"^COPY (.*) \S+$", dockerfile, re.M):
        assert all((ROOT / name).exists() for name in copied.split())


def unit() -> str:
    """The collector's unit with all that it offers switched on."""
    text = (ROOT / "examples/tapeql-collect.service").read_text()
    return re.sub(r"^#(?=[A-Z]\w+=)", "", text, flags=re.M)


def test_the_unit_runs_a_collector_that_can_drain() -> None:
    """Its command line is understood, its credentials are settings, and it has longer to stop than a collector takes."""
    lines = [line.partition("=") for line in unit().splitlines() if "=" in line and not line.startswith("#")]
    said: dict[str, list[str]] = {}
    for name, _, text in lines:
        said.setdefault(name, []).append(text)
    (started,) = said["ExecStart"]
    options = parser().parse_args(shlex.split(started)[1:])
    assert options.lake.startswith(f"/var/lib/{said['StateDirectory'][0]}/")
    assert (said["Restart"], said["KillSignal"], said["DynamicUser"]) == (["on-failure"], ["SIGTERM"], ["yes"])
    assert int(said["TimeoutStopSec"][0]) > 2 * Timing().drain_s
    kept = {text.partition(":")[0] for text in said["LoadCredential"]}
    named = dict(pair.split("=") for text in said["Environment"] for pair in text.split())
    assert {path.removeprefix("%d/") for path in named.values()} == kept
    assert set(named) == {f"{variable_of('alpaca', name)}_FILE" for name in venue_named("alpaca").credentials}


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing to say, the path of the program apart."""
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze")
    file = tmp_path / "tapeql-collect.service"
    file.write_text(unit().replace("/opt/tapeql/bin/tapeql", sys.executable))
    done = subprocess.run([program, "verify", str(file)], capture_output=True, text=True, timeout=60)
    assert "tapeql-collect" not in done.stderr, done.stderr


def test_only_loopback_without_being_told() -> None:
    """The default addresses of a server and a collector are on this machine."""
    assert parser().parse_args(["serve"]).flight == "127.0.0.1:8815"
    assert parser().parse_args(["collect", "status"]).metrics == "127.0.0.1:9184"


def test_every_layout_is_in_its_paper() -> None:
    """The page on importing lists each layout that is known, and where people get such files."""
    rows = [f"| `{each.name}` | {each.title} | {each.kind} | {each.where} |" for each in layouts() if not each.refusal]
    paper = (ROOT / "docs/importing.md").read_text()
    assert paper.partition("<!-- sources -->\n")[2].partition("<!-- /sources -->")[0].splitlines()[2:] == rows
    assert f"[{len(rows)} layouts]" in README
