"""The sockets: a listener, a thread a connection, and enough HTTP for GET."""

import io
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, parse_headers
from threading import Event, Lock, Thread
from typing import BinaryIO

from envoy_simulator.faults.hooks import Hooks
from envoy_simulator.http_types import Request, Response
from envoy_simulator.listener import Listener
from envoy_simulator.load import LoadCount
from envoy_simulator.received_bytes import ReceivedBytes, RecordingReader
from envoy_simulator.steps import Close, Connection, Step

_IDLE_SECONDS = 75.0
"""Seconds after which an idle connection is closed, before its first byte or between two requests."""

_LONGEST_LINE = 16384
_TLS_HANDSHAKE = b"\x16"


class Server:
    """Listens from `start` to `close`. `respond` returns the response to a request.

    `keep_alive`: whether the firmware keeps connections open. `context`: its TLS context, or None. Both are called for
    every connection, because a firmware update changes them.
    """

    def __init__(
        self,
        respond: Callable[[Request], Response],
        *,
        load: LoadCount,
        received: ReceivedBytes,
        faults: Hooks,
        keep_alive: Callable[[], bool],
        context: Callable[[], ssl.SSLContext | None],
    ) -> None:
        self._respond = respond
        self._load = load
        self._received = received
        self._faults = faults
        self._keep_alive = keep_alive
        self._context = context
        self._lock = Lock()
        self._connections: dict[Thread, Connection] = {}
        self.closing = Event()

    def start(self, host: str, port: int) -> tuple[str, int]:
        """Bind and listen. The address that is bound."""
        self._listener = Listener(host, port, self._faults.listening)
        self._listener.follow()
        self._acceptor = Thread(target=self._accept, name="simulated gateway", daemon=True)
        self._acceptor.start()
        return self._listener.usual.host, self._listener.usual.port

    def close(self) -> None:
        """Close the listener and all connections, and wait until their threads have ended."""
        self.closing.set()
        self._listener.wake()
        self._acceptor.join()
        for thread in self._hang_up():
            thread.join()

    def follow_faults(self) -> None:
        """Close the connections that a fault acts on, and move the listener before this returns."""
        if self.closing.is_set():
            return
        self._hang_up(only_faulty=True)
        if self._listener.follow():
            self._hang_up()

    def _hang_up(self, *, only_faulty: bool = False) -> list[Thread]:
        with self._lock:
            ending = {
                thread: connection
                for thread, connection in self._connections.items()
                if connection.faulty or not only_faulty
            }
        for connection in ending.values():
            connection.end()
        return list(ending)

    def _accept(self) -> None:
        while not self.closing.is_set():
            if self._listener.follow():
                self._hang_up()
            self._listener.accept(self._take)
        self._listener.close()

    def _take(self, accepted: socket.socket) -> None:
        connection = Connection(accepted, self._received.append)
        thread = Thread(target=self._attend, args=(connection,), name="connection", daemon=True)
        with self._lock:
            # Ended threads are removed here and not by themselves, so that `close` waits for every thread.
            self._connections = {thread: kept for thread, kept in self._connections.items() if thread.is_alive()}
            self._connections[thread] = connection
            thread.start()

    def _attend(self, connection: Connection) -> None:
        """Serve one connection to its end, on its own thread, so that a silent client blocks no other."""
        bare = connection.socket
        try:
            with self._load.connection(), suppress(OSError):
                bare.settimeout(_IDLE_SECONDS)
                bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if connection.perform(self._faults.connection()):
                    self._serve(connection)
        finally:
            _send_close_notify(connection.socket)
            connection.socket.close()
            bare.close()

    def _serve(self, connection: Connection) -> None:
        context = self._faults.context(self._context())
        if context is not None:
            self._secure(connection, context)
        elif connection.socket.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
            return
        turn = 0
        with io.BufferedReader(RecordingReader(connection.socket, self._received)) as stream:
            while (request := _read(stream, turn := turn + 1)) is not None:
                if not self._exchange(connection, request):
                    return

    def _secure(self, connection: Connection, context: ssl.SSLContext) -> None:
        """Perform the TLS handshake. An SSLError is an OSError and ends the connection."""
        secured = context.wrap_socket(connection.socket, server_side=True, do_handshake_on_connect=False)
        connection.socket = secured
        if connection.over.is_set():  # `end` has shut down the bare socket only
            raise ConnectionAbortedError
        secured.do_handshake()

    def _exchange(self, connection: Connection, request: Request) -> bool:
        """Respond to a request. Return True if the connection stays open."""
        keep_alive = self._keep_alive() and request.headers.get("connection", "").lower() != "close"
        # A request that is not GET may have a body, which is not read.
        keep_alive = keep_alive and request.method == "GET"
        with self._load.request(request.method, request.path):
            response = self._faults.request(request, connection.socket, self._respond)
            if response is None:
                return False
            self._load.responded(request.path, response.status)
            wire = response.encode(keep_alive=keep_alive, with_body=request.method != "HEAD")
            if response.delivery is not None:
                healthy: list[Step] = [wire] if keep_alive else [wire, Close()]
                return connection.perform(response.delivery(iter(healthy)))
            connection.socket.sendall(wire[:-1])
        # The last byte is sent after the request was counted, so that no client can begin another request while this
        # one still counts as in flight.
        connection.socket.sendall(wire[-1:])
        return keep_alive


def _send_close_notify(connection: socket.socket) -> None:
    """Send the close_notify alert of TLS, without waiting for the client's."""
    if isinstance(connection, ssl.SSLSocket) and connection.fileno() >= 0:
        with suppress(OSError, ValueError):
            connection.settimeout(0)
            connection.unwrap()


def _read(stream: BinaryIO, turn: int) -> Request | None:
    """The head of the next request; None at the end of the connection, and if it is not HTTP."""
    line = stream.readline(_LONGEST_LINE)
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004  # method, target, version
        return None
    try:
        headers = parse_headers(stream)
    except HTTPException:
        return None
    return Request(parts[0], parts[1], {name.lower(): value for name, value in headers.items()}, turn)
