"""The listening side: sockets, clients that say too little, and an end that is no error."""

import asyncio
import contextlib
import os
import re
import socket
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor

import uvicorn
from starlette.types import ASGIApp

from . import connections
from .access import Source
from .connections import ConnectionLimiter

ACCEPT_RETRY_DELAY = 0.1
_FIRST_PASSED = 3
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<host>[^:\[\]]*)):(?P<port>\d{1,5})")
RENDERERS = 2
"""Threads in which pages are rendered and passwords compared."""


class Server(uvicorn.Server):
    """uvicorn on sockets of ours, that leaves signals to the command. `source` has the TLS of each new connection."""

    def __init__(self, app: ASGIApp, source: Source) -> None:
        self._connection = connections.protocol()
        super().__init__(
            uvicorn.Config(
                app,
                http=self._connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=connections.KEEP_ALIVE,
                timeout_graceful_shutdown=1,
            )
        )
        self._source = source
        self.limiter = ConnectionLimiter(connections.most())
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Stop serving; a second call drops the open requests. For the thread of the event loop."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stopped.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        # They share one interpreter lock, and each has a heap of its own that fills up: more of them bring nothing.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(RENDERERS, "render"))
        self._listening = [asyncio.create_task(self._accept(each)) for each in sockets or ()]

    async def main_loop(self) -> None:
        """uvicorn's own wakes ten times a second, to update the Date header and to check whether to stop."""
        await self._stopped.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for each in self._listening:
            each.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        await super().shutdown(sockets)

    async def _accept(self, listener: socket.socket) -> None:
        """Ours and not asyncio's, which knows nobody before the end of the TLS handshake."""
        listener.settimeout(0)
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listener)
            except OSError:  # gone again, or no file descriptor is left
                self.limiter.make_room()
                await asyncio.sleep(ACCEPT_RETRY_DELAY)
                continue
            welcome = asyncio.create_task(self._welcome(accepted))
            self._tasks.add(welcome)
            welcome.add_done_callback(self._tasks.discard)
            await asyncio.sleep(0)  # while others queue for it, sock_accept() lets nobody else run

    async def _welcome(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError):  # asyncio forgets it for sockets that it did not make: 40 ms a scrape
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        guest = self._connection(self.config, self.server_state, self.lifespan.state)
        guest.belongs_to(self.limiter, accepted)
        if not self.limiter.admit(guest):
            accepted.close()
            return
        context = self._source.current().context
        patience = connections.CLIENT_TIMEOUT if context else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: guest, accepted, ssl=context, ssl_handshake_timeout=patience
            )
        except OSError:  # no TLS, or none in time
            self.limiter.remove(guest)
            accepted.close()


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
        raise ValueError(f"invalid address {address!r}; use host:port, :port or [::1]:port")
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
        raise ValueError(
            "no socket from systemd (LISTEN_FDS); --web.systemd-socket needs a .socket unit for the service"
        )
    return [socket.socket(fileno=_FIRST_PASSED + each) for each in range(int(count))]
