"""The listening side: sockets, clients that say too little, and an end that is no error."""

import asyncio
import contextlib
import importlib
import importlib.util
import os
import re
import socket
import ssl
from collections.abc import Generator, Iterable
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE = 10.0
"""Seconds that a client has for its whole request, the TLS handshake apart, which has as many."""
KEEP_ALIVE = 75
"""Longer than a minute between two scrapes, so that Prometheus may keep its connection."""
_FIRST_PASSED = 3
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<host>[^:\[\]]*)):(?P<port>\d{1,5})")


class Server(uvicorn.Server):
    """uvicorn on sockets of ours, that leaves signals to the command."""

    def __init__(self, app: ASGIApp, context: ssl.SSLContext | None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_protocol(),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=1,
            )
        )
        self._context = context

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        loop = asyncio.get_running_loop()
        for each in sockets or ():
            server = await loop.create_server(
                self._connection,
                sock=each,
                ssl=self._context,
                ssl_handshake_timeout=PATIENCE if self._context else None,
            )
            self.servers.append(server)

    def _connection(self) -> asyncio.Protocol:
        kind = self.config.http_protocol_class
        connection: asyncio.Protocol = kind(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return connection


if TYPE_CHECKING:
    _Base = H11Protocol
else:
    _Base = object


class _Patience(_Base):
    """Closes a connection on which no whole request comes: uvicorn waits for ever for the first, and for the rest."""

    _impatience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before or (self.cycle and not self.cycle.response_complete):
            self._stop_waiting()
        elif self._impatience is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._impatience = self.loop.call_later(PATIENCE, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._impatience is not None:
            self._impatience.cancel()
            self._impatience = None


class _H11(_Patience, H11Protocol):
    pass


def _protocol() -> type[asyncio.Protocol]:
    """The parser in C where the extra `speed` brought one."""
    if importlib.util.find_spec("httptools") is None:
        return _H11
    module = importlib.import_module("uvicorn.protocols.http.httptools_impl")
    return type("_HttpTools", (_Patience, module.HttpToolsProtocol), {})


def listen(addresses: Iterable[str]) -> list[socket.socket]:
    """A socket for each `host:port`, `:port` (every address of the machine) or `[::1]:port`.

    Raises OSError, or ValueError for what is no address, in words for the user.
    """
    listening: list[socket.socket] = []
    try:
        listening.extend(map(_listen, addresses))
    except (OSError, ValueError):
        for each in listening:
            each.close()
        raise
    return listening


def _listen(address: str) -> socket.socket:
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match["port"]) > 65535:  # noqa: PLR2004
        raise ValueError(f"{address!r} is no address to listen on; write host:port, :port or [::1]:port")
    host, port = match["six"] or match["host"], int(match["port"])
    if not host and socket.has_dualstack_ipv6():
        return _bind(address, socket.AF_INET6, ("::", port), dualstack=True)
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ValueError(f"cannot listen on {address}: {error.strerror}") from None
    family, _, _, _, bound = found[0]
    return _bind(address, family, bound, dualstack=False)


def _bind(address: str, family: int, bound: tuple[object, ...], *, dualstack: bool) -> socket.socket:
    try:
        return socket.create_server(bound, family=family, dualstack_ipv6=dualstack, backlog=2048)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {address}: {error.strerror}") from None


def passed_by_systemd() -> list[socket.socket]:
    """The sockets of a systemd socket unit. Raises ValueError where none were passed to this process."""
    count = os.environ.get("LISTEN_FDS", "0")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit() or int(count) < 1:
        raise ValueError("systemd passed no socket: --web.systemd-socket needs a .socket unit beside the service")
    return [socket.socket(fileno=_FIRST_PASSED + each) for each in range(int(count))]
