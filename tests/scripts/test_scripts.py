"""Every script says the truth about every engine and about the oracle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.properties.stores import shelf
from tests.scripts.runner import failure, read
from tests.servers import PostgresServer

SCRIPTS = sorted(Path(__file__).parent.glob("*.tape"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_script(path: Path, tmp_path: Path, postgres_server: PostgresServer) -> None:
    """What a script expects is what it gets, whoever is asked."""
    script = read(path.read_text())
    assert script.checks
    with shelf(script.tape, tmp_path / "lake", postgres_server.create_database()) as loaded:
        for check in script.checks:
            for name, ask in {**loaded.engines, "oracle": loaded.oracle}.items():
                wrong = failure(check, loaded, ask(check.query))
                assert wrong is None, f"{name}: {check.query}\n{wrong}"
