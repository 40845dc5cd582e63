"""One connection to a Redis server, which never comes back behind its user's back."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final, TypeAlias
from urllib.parse import unquote, urlsplit

from redis.asyncio.connection import Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from tapeql.collect.bus.contract import BusDown
from tapeql.errors import DataError
from tapeql.limits import BUS_TIMEOUT_S

Command: TypeAlias = tuple[str | bytes | int, ...]
Reply: TypeAlias = Any
"""What Redis answers: bytes, int, None, lists of these, or the ResponseError it answers."""


class Address:
    """A Redis URL, read; says it without user, password and options. Raises DataError for one that cannot be read."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "localhost", parts.port or 6379
            self._options: dict[str, Any] = dict(parse_url(url))
        except ValueError:
            raise DataError(
                "the URL of the bus cannot be read; it is redis://USER:PASSWORD@HOST:PORT/NUMBER, where a password "
                "writes `@` as %40, `:` as %3A, `/` as %2F, `?` as %3F, `#` as %23 and `%` as %25"
            ) from None
        self.name: Final = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}{parts.path}"
        secrets = {parts.password or "", unquote(parts.password or ""), parts.query}
        secrets |= {unquote(found) for found in re.findall(r"password=([^&]*)", parts.query)}
        self._secrets = sorted(filter(None, secrets), key=len, reverse=True)

    def connection(self) -> Connection:
        options = {
            "socket_timeout": None,
            **self._options,
            # Coming back silently would hide that the server lost its memory meanwhile.
            "retry": Retry(NoBackoff(), 0),
            "health_check_interval": 0,
            "protocol": 2,
            "decode_responses": False,
            "driver_info": None,
        }
        made: Connection = options.pop("connection_class", Connection)(**options)
        return made

    def down(self, reason: object) -> BusDown:
        text = " ".join(str(reason).split()) or type(reason).__name__
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return BusDown(f"the bus {self.name} cannot be used: {text}")


class RedisConnection:
    """Sends commands and reads their replies, one call at a time. `lost` tells that an established connection broke."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._connection = address.connection()
        self._one = asyncio.Lock()
        self.lost = False

    async def call(self, *commands: Command, timeout_s: float = BUS_TIMEOUT_S) -> list[Reply]:
        """The replies, one for each command; an error that the server answers is a reply. Raises BusDown."""
        async with self._one:
            connection, established = self._connection, self._connection.is_connected
            try:
                async with asyncio.timeout(timeout_s):
                    if not established:
                        await connection.connect()  # type: ignore[no-untyped-call]
                        established = True
                    await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
                    return [await _reply(connection) for _ in commands]
            except BaseException as error:
                # Replies are still to come, and must not be read as those of the next call.
                await connection.disconnect(nowait=True)
                self.lost |= established
                if not isinstance(error, RedisError | OSError):
                    raise
                reason = f"no answer within {timeout_s:g} s" if type(error) is TimeoutError else error
                raise self._address.down(reason) from None

    async def one(self, command: Command, timeout_s: float = BUS_TIMEOUT_S) -> Reply:
        """The reply to one command; an error that the server answers is raised as BusDown."""
        (reply,) = await self.call(command, timeout_s=timeout_s)
        if isinstance(reply, ResponseError):
            raise self._address.down(reply)
        return reply

    async def close(self) -> None:
        await self._connection.disconnect(nowait=True)


async def _reply(connection: Connection) -> Reply:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error
