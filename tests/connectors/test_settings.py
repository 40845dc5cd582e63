"""Where venues live and what opens them: variables, files, and what must never be shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tapeql.connectors.settings import settings_of
from tapeql.connectors.venue import Secret, Settings, Venue, variable_of
from tapeql.errors import DataError

SECRET = "tell-nobody-7f3a"


def no_connector(settings: object, clock: object) -> object:
    raise AssertionError


ACME = Venue(
    name="acme",
    title="Acme",
    ws_url="wss://stream.acme.test",
    rest_url="https://api.acme.test/v1",
    connector=no_connector,  # type: ignore[arg-type]
    credentials=("api_key",),
    optional=("api_secret",),
)


def settings(file: Path | None = None, **variables: str) -> Settings:
    given = {f"TAPEQL_ACME_{name.upper()}": value for name, value in variables.items()}
    return settings_of(ACME, given | ({"TAPEQL_CONFIG": str(file)} if file else {}))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_variables_are_named_after_venue_and_setting() -> None:
    """One rule for all names."""
    assert variable_of("acme", "api_key") == "TAPEQL_ACME_API_KEY"


def test_the_environment_goes_before_the_file_and_the_file_before_the_venue(tmp_path: Path) -> None:
    """Each source overrides what stands behind it, setting by setting."""
    file = tmp_path / "venues.toml"
    file.write_text('[acme]\napi_key = "from-file"\nrest_url = "http://file:1"\nfeed = "iex"\ndepth = 50\n')
    read = settings(file, api_key="from-environment", feed="sip")
    assert read.credential("api_key") == "from-environment"
    assert (read.ws_url, read.rest_url) == (ACME.ws_url, "http://file:1")
    assert read.options == {"feed": "sip", "depth": "50"}
    assert settings(file).credential("api_key") == "from-file"


def test_the_default_file_is_read_where_none_is_named(home: Path) -> None:
    """~/.config/tapeql/venues.toml."""
    folder = home / ".config" / "tapeql"
    folder.mkdir(parents=True)
    (folder / "venues.toml").write_text(f'[acme]\napi_key = "{SECRET}"\n')
    assert settings().credential("api_key") == SECRET


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    """The variable, or the entry of the file, with _FILE names it; the line's end does not count."""
    (tmp_path / "key").write_text(f"{SECRET}\n")
    assert settings(api_key_file=str(tmp_path / "key")).credential("api_key") == SECRET
    file = tmp_path / "venues.toml"
    file.write_text(f'[acme]\napi_key_file = "{tmp_path / "key"}"\n')
    read = settings(file)
    assert read.credential("api_key") == SECRET
    assert read.options == {}


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_secret_is_none(tmp_path: Path, text: str) -> None:
    """A file that holds nothing is as good as no file."""
    (tmp_path / "key").write_text(text)
    with pytest.raises(DataError, match=r"Acme needs TAPEQL_ACME_API_KEY: set it, or TAPEQL_ACME_API_KEY_FILE"):
        settings(api_key_file=str(tmp_path / "key"))


def test_a_secret_shows_itself_to_nobody() -> None:
    """It is no text: it cannot be joined, sliced, encoded or serialized, and its picture is stars."""
    secret = Secret(SECRET)
    assert {repr(secret), str(secret), f"{secret}", "%s" % secret} == {"Secret(***)"}  # noqa: UP031
    with pytest.raises(TypeError):
        "".join([secret])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        json.dumps(secret)
    read = settings(api_key=SECRET, api_secret=SECRET, token=SECRET)
    assert SECRET not in f"{read} {read!r} {read.credentials}"
    assert read.credential("api_secret") == SECRET


@pytest.mark.parametrize(
    "text",
    [
        f"[acme]\napi_key = {SECRET}",
        f'[acme]\napi_key = "{SECRET}',
        f'api_key = "{SECRET}\\q"',
        f'[acme]\n"{SECRET}" = 1\n"{SECRET}" = 2',
        f"[{SECRET}]\n[{SECRET}]",
        "acme = 7",
        "\xff",
    ],
)
def test_a_file_that_cannot_be_read_is_told_by_name_and_place(tmp_path: Path, text: str) -> None:
    """The error names the file, never what stands in it."""
    file = tmp_path / "venues.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=r"venues\.toml") as caught:
        settings(file)
    assert SECRET not in str(caught.value)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    """A file that was asked for must be there."""
    with pytest.raises(DataError, match=r"TAPEQL_CONFIG names .*nowhere\.toml"):
        settings(tmp_path / "nowhere.toml", api_key="k")
    with pytest.raises(DataError, match=r"TAPEQL_ACME_API_KEY: .*nowhere cannot be read: No such file"):
        settings(api_key_file=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:8080",
        "ftp://host",
        "ws://",
        "ws://host:port",
        "ws://host:0",
        "ws://ho st",
        "ws://user:tell-nobody-7f3a@host",
        "ws://host/?key=tell-nobody-7f3a",
        "ws://host/#tell-nobody-7f3a",
    ],
)
def test_addresses_are_addresses_and_hold_no_secret(address: str) -> None:
    """What no path can be appended to is refused by the variable's name, and not repeated."""
    for name, given in (("ws_url", address), ("rest_url", address.replace("ws://", "http://"))):
        with pytest.raises(DataError, match=rf"TAPEQL_ACME_{name.upper()}") as caught:
            settings(api_key="k", **{name: given})
        assert SECRET not in str(caught.value)


def test_an_address_is_told_what_it_should_be_like() -> None:
    """By the venue's own."""
    with pytest.raises(DataError, match=r"TAPEQL_ACME_WS_URL must be like wss://stream\.acme\.test"):
        settings(api_key="k", ws_url="http://host")


@pytest.mark.parametrize("address", ["ws://[::1]:9443", "ws://127.0.0.1:9001/prefix/"])
def test_addresses_may_have_ports_and_paths(address: str) -> None:
    """A slash at the end is dropped: paths are appended."""
    assert settings(api_key="k", ws_url=address).ws_url == address.rstrip("/")
