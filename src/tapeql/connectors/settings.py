"""Where a venue is and what opens it: the environment first, then a file, then the venue's own addresses.

TAPEQL_BINANCE_WS_URL  TAPEQL_BINANCE_REST_URL        base addresses
TAPEQL_ALPACA_API_KEY  TAPEQL_ALPACA_API_SECRET       a credential, or …_FILE: the file that holds it
TAPEQL_CONFIG (else ~/.config/tapeql/venues.toml)     [alpaca] api_key = "…", ws_url = "…", feed = "sip"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tapeql.connectors.venue import DEFAULT_FILE, Secret, Settings, Venue, base_address, variable_of
from tapeql.errors import DataError

CONFIG: Final = "TAPEQL_CONFIG"


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
        base_address(variable_of(venue.name, "ws_url"), value("ws_url"), venue.ws_url),
        base_address(variable_of(venue.name, "rest_url"), value("rest_url"), venue.rest_url),
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


def _why(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__
