"""The HTTP server: listening sockets, accepted connections, and the shutdown."""

import asyncio
import contextlib
import errno
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
_FIRST_SYSTEMD_SOCKET = 3
_ADDRESS = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?P<host>[^:\[\]]*)):(?P<port>\d{1,5})")
_ADVICE = {
    errno.EADDRINUSE: "stop the process that uses it, or choose another port with --web.listen-address=:PORT",
    errno.EACCES: "choose a port above 1023 with --web.listen-address=:PORT",
}
RENDER_THREADS = 2
"""Threads that render pages and check passwords."""


class Server(uvicorn.Server):
    """uvicorn on given sockets; cli.py handles the signals. `source` has the TLS settings of each new connection."""

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
                timeout_keep_alive=connections.KEEP_ALIVE_TIMEOUT,
                timeout_graceful_shutdown=1,
            )
        )
        self._source = source
        self.limiter = ConnectionLimiter(connections.max_connections())
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """Stop serving; a second call drops the open requests. Call it in the thread of the event loop."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stopped.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=[])
        # More threads would not be faster, as they share the interpreter lock, and each one has its own memory arena.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(RENDER_THREADS, "render"))
        self._listening = [asyncio.create_task(self._accept(listener)) for listener in sockets or ()]

    async def main_loop(self) -> None:
        """The loop of uvicorn would wake ten times a second, to update the Date header and to check whether to stop."""
        await self._stopped.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        await super().shutdown(sockets)

    async def _accept(self, listener: socket.socket) -> None:
        """Accept connections. asyncio's own server does not report a connection before the end of its TLS handshake."""
        listener.settimeout(0)
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listener)
            except OSError:  # the client has closed it already, or no file descriptor is free
                self.limiter.make_room()
                await asyncio.sleep(ACCEPT_RETRY_DELAY)
                continue
            task = asyncio.create_task(self._admit(accepted))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            await asyncio.sleep(0)  # while clients are waiting, sock_accept() never yields to other tasks

    async def _admit(self, accepted: socket.socket) -> None:
        with contextlib.suppress(
            OSError
        ):  # asyncio sets it only for its own sockets; without it, a scrape takes 40 ms more
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self._connection(self.config, self.server_state, self.lifespan.state)
        access = self._source.current()
        connection.attach(self.limiter, accepted, access.allowed_sans)
        if not self.limiter.admit(connection):
            accepted.close()
            return
        timeout = connections.CLIENT_TIMEOUT if access.context else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, accepted, ssl=access.context, ssl_handshake_timeout=timeout
            )
        except OSError:  # the TLS handshake failed or timed out
            self.limiter.remove(connection)
            accepted.close()


def listen(addresses: Iterable[str]) -> list[socket.socket]:
    """A socket for each `host:port`, `:port` (all addresses of this machine) or `[::1]:port`.

    Raises OSError, or ValueError for an invalid address; the message is for the user.
    """
    listening: list[socket.socket] = []
    try:
        listening.extend(map(_listen, addresses))
    except (OSError, ValueError):
        for listener in listening:
            listener.close()
        raise
    return listening


def _listen(address: str) -> socket.socket:
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match["port"]) > 65535:  # noqa: PLR2004
        raise ValueError(f"invalid address {address!r}; use host:port, :port or [::1]:port")
    host, port = match["ipv6"] or match["host"], int(match["port"])
    if not host and socket.has_dualstack_ipv6():
        return _bind(address, socket.AF_INET6, ("::", port), dualstack=True)
    try:
        resolved = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ValueError(f"cannot listen on {address}: {error.strerror}") from None
    family, _, _, _, bound = resolved[0]
    return _bind(address, family, bound, dualstack=False)


def _bind(address: str, family: int, bound: tuple[object, ...], *, dualstack: bool) -> socket.socket:
    try:
        return socket.create_server(bound, family=family, dualstack_ipv6=dualstack, backlog=2048)
    except OSError as error:
        advice = f"; {_ADVICE[error.errno]}" if error.errno in _ADVICE else ""
        raise OSError(error.errno, f"cannot listen on {address}: {error.strerror}{advice}") from None


def systemd_sockets() -> list[socket.socket]:
    """The sockets of a systemd socket unit. Raises ValueError if systemd passed none to this process."""
    count = os.environ.get("LISTEN_FDS", "0")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdigit() or int(count) < 1:
        raise ValueError(
            "no socket from systemd (LISTEN_FDS); --web.systemd-socket needs a .socket unit for the service"
        )
    return [socket.socket(fileno=_FIRST_SYSTEMD_SOCKET + index) for index in range(int(count))]
