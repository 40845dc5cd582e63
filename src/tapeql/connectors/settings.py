"""Where a venue is and what opens it: the environment first, then a file, then the venue's own addresses.

TAPEQL_BINANCE_WS_URL  TAPEQL_BINANCE_REST_URL        base addresses
TAPEQL_ALPACA_API_KEY  TAPEQL_ALPACA_API_SECRET       a credential, or …_FILE: the file that holds it
TAPEQL_CONFIG (else ~/.config/tapeql/venues.toml)     [alpaca] api_key = "…", ws_url = "…", feed = "sip"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tapeql.connectors.venue import Venue
from tapeql.errors import DataError

CONFIG: Final = "TAPEQL_CONFIG"
DEFAULT_FILE: Final = "~/.config/tapeql/venues.toml"


MOST: Final = float(1 << 31)
HTTP: Final = ("http", "https")
SCHEMES: Final = (HTTP, ("ws", "wss"), ("tcp",))
"""What may stand for what a venue's own address begins with."""


class Secret:
    """Text that only `reveal` shows: it is no str, so that nothing joins, slices or serializes it by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"


@dataclass(frozen=True, slots=True)
class Settings:
    """One venue's settings. `options` are the venue's own words (a feed, an account's host)."""

    venue: Venue
    ws_url: str
    rest_url: str
    credentials: Mapping[str, Secret] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def credential(self, name: str) -> str:
        """The secret. Raises DataError naming how to give it."""
        found = self.credentials.get(name)
        if not found:
            variable = variable_of(self.venue.name, name)
            raise DataError(
                f"{self.venue.title} needs {variable}: set it, or {variable}_FILE, "
                f"or write {name} under [{self.venue.name}] in {DEFAULT_FILE}"
            )
        return found.reveal()

    def number(self, name: str, default: float) -> float:
        """An option that is a number above 0. Raises DataError."""
        text = self.options.get(name)
        try:
            found = float(default if text is None else text)
        except ValueError:
            found = 0.0
        if not 0.0 < found < MOST:
            raise DataError(f"{variable_of(self.venue.name, name)} must be a number above 0, not {text!r}")
        return found

    def whole(self, name: str, default: int) -> int:
        """An option that is a whole number above 0. Raises DataError."""
        found = self.number(name, default)
        if not found.is_integer():
            raise DataError(f"{variable_of(self.venue.name, name)} must be a whole number above 0, not {found:g}")
        return int(found)

    def address(self, name: str, usual: str) -> str:
        """An option that is a base address, without a slash at its end. Raises DataError."""
        return _address(variable_of(self.venue.name, name), self.options.get(name), usual)


def variable_of(venue: str, name: str) -> str:
    return f"TAPEQL_{venue}_{name}".upper().replace("-", "_")


def settings_of(venue: Venue, environ: Mapping[str, str] | None = None) -> Settings:
    """Reads the settings of a venue. Raises DataError for a file that cannot be read and for missing credentials."""
    environ = os.environ if environ is None else environ
    written = _section(venue.name, environ)

    def value(name: str) -> str | None:
        variable = variable_of(venue.name, name)
        if environ.get(variable):
            return environ[variable]
        path = environ.get(f"{variable}_FILE") or written.get(f"{name}_file")
        return _content(path, variable) if path else written.get(name)

    secrets = {name: Secret(found) for name in (*venue.credentials, *venue.optional) if (found := value(name))}
    known = {"ws_url", "rest_url", *venue.credentials, *venue.optional}
    prefix = variable_of(venue.name, "")
    options = {name: text for name, text in written.items() if name.removesuffix("_file") not in known}
    for variable, text in environ.items():
        name = variable.removeprefix(prefix).lower()
        if variable.startswith(prefix) and name.removesuffix("_file") not in known and text:
            options[name] = text
    settings = Settings(
        venue,
        _address(variable_of(venue.name, "ws_url"), value("ws_url"), venue.ws_url),
        _address(variable_of(venue.name, "rest_url"), value("rest_url"), venue.rest_url),
        secrets,
        options,
    )
    for name in venue.credentials:
        settings.credential(name)
    return settings


def _section(venue: str, environ: Mapping[str, str]) -> dict[str, str]:
    try:
        path = Path(environ.get(CONFIG) or DEFAULT_FILE).expanduser()
    except RuntimeError:
        # A user without a home has no file there.
        return {}
    try:
        parsed: dict[str, Any] = tomllib.loads(path.read_text())
    except FileNotFoundError:
        if environ.get(CONFIG):
            raise DataError(f"{CONFIG} names {path}, which is not there") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {_why(error)}") from None
    except tomllib.TOMLDecodeError as error:
        # The place alone: what the parser says of the text may hold a secret.
        place = str(error).rpartition("(")[2].rstrip(")")
        raise DataError(f"{path} is not TOML ({place})") from None
    section = parsed.get(venue, {})
    if not isinstance(section, dict):
        raise DataError(f"{path}: [{venue}] must be a table")
    return {name: str(text) for name, text in section.items()}


def _content(path: str, variable: str) -> str:
    try:
        return Path(path).expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        raise DataError(f"{variable}: {path} cannot be read: {_why(error)}") from None


def _address(variable: str, text: str | None, usual: str) -> str:
    """A base address, to which paths are appended. Raises DataError, which does not repeat it: it may hold a key."""
    if not text:
        return usual.rstrip("/")
    try:
        parts = urlsplit(text)
        sound = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    kinds = next((kinds for kinds in SCHEMES if urlsplit(usual).scheme in kinds), HTTP)
    if not sound or any(c.isspace() for c in text) or parts.scheme not in kinds:
        raise DataError(f"{variable} must be like {usual or 'http://host:port'}")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise DataError(f"{variable} must be an address alone, without user, query or fragment")
    return text.rstrip("/")


def _why(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__
