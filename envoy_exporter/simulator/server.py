"""The sockets: a listener, a thread a connection, and enough HTTP for GET."""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, parse_headers
from select import select
from threading import Event, Lock, Thread, current_thread
from typing import BinaryIO

from envoy_exporter.simulator.answering import Request, Response
from envoy_exporter.simulator.faults import Faults
from envoy_exporter.simulator.load import LoadCount

_IDLE_SECONDS = 75.0
"""How long a silent connection is kept, be it before its first byte or between two requests."""

_LONGEST_LINE = 16384
_TLS_HANDSHAKE = b"\x16"


class Server:
    """Listens from `start` to `close`. `answer` makes a response of a request; `keep_alive` as the firmware does."""

    def __init__(
        self,
        answer: Callable[[Request], Response],
        *,
        load: LoadCount,
        faults: Faults,
        keep_alive: bool,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._answer = answer
        self._load = load
        self._faults = faults
        self._keep_alive = keep_alive
        self._context = context
        self._lock = Lock()
        self._connections: dict[Thread, socket.socket] = {}
        self.closing = Event()

    def start(self, host: str, port: int) -> tuple[str, int]:
        """Bind and listen; the address that was got."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=128)
        self._waker, self._woken = socket.socketpair()
        self._acceptor = Thread(target=self._accept, name="simulated gateway", daemon=True)
        self._acceptor.start()
        bound = self._listener.getsockname()
        return str(bound[0]), int(bound[1])

    def close(self) -> None:
        """End listener and connections, whatever they wait for, and see their threads off."""
        self.closing.set()
        self._waker.close()
        self._acceptor.join()
        self._woken.close()
        self._listener.close()
        with self._lock:
            still_open = dict(self._connections)
        for thread, connection in still_open.items():
            with suppress(OSError):
                # Past SSLSocket.shutdown, which forgets the TLS state under the hands of the thread that reads.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
            thread.join()

    def _accept(self) -> None:
        while True:
            ready, _, _ = select([self._listener, self._woken], [], [])
            if self._woken in ready:
                return
            try:
                connection, _ = self._listener.accept()
            except OSError:
                continue  # it was gone before it was fetched
            thread = Thread(target=self._attend, args=(connection,), name="connection", daemon=True)
            with self._lock:
                self._connections[thread] = connection
            thread.start()

    def _attend(self, connection: socket.socket) -> None:
        """One connection from its first byte to its end, on its own thread: a silent client holds up nobody."""
        try:
            with self._load.connection(), suppress(OSError):
                connection.settimeout(_IDLE_SECONDS)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._faults.connection(connection):
                    self._serve(connection)
        finally:
            with self._lock:
                secured = self._connections.pop(current_thread())
            secured.close()
            connection.close()

    def _serve(self, connection: socket.socket) -> None:
        if self._context is None:
            if connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
                return
        else:
            connection = self._secured(connection, self._context)
        with connection.makefile("rb") as stream:
            while (request := _read(stream)) is not None:
                if not self._exchange(connection, request):
                    return

    def _secured(self, connection: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        """The handshake, under the connection's own timeout; an SSLError is an OSError, and ends it."""
        secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._connections[current_thread()] = secured
        secured.do_handshake()
        return secured

    def _exchange(self, connection: socket.socket, request: Request) -> bool:
        """Answer a request. True if the connection lives on."""
        keep_alive = self._keep_alive and request.headers.get("connection", "").lower() != "close"
        # What was not GET may have brought a body, which is not read.
        keep_alive = keep_alive and request.method == "GET"
        with self._load.request(request.path):
            response = self._faults.request(request, connection, self._answer)
            if response is None:
                return False
            self._load.answered(request.path, response.status)
            wire = response.encode(keep_alive=keep_alive, with_body=request.method != "HEAD")
            connection.sendall(wire[:-1])
        # The last byte goes out once the books are closed: no client can be done with this request, and have begun
        # another one, while this one still counts as in flight.
        connection.sendall(wire[-1:])
        return keep_alive


def _read(stream: BinaryIO) -> Request | None:
    """The head of the next request; None at the end, and for what is no HTTP."""
    line = stream.readline(_LONGEST_LINE)
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004  # method, target, version
        return None
    try:
        headers = parse_headers(stream)
    except HTTPException:
        return None
    return Request(parts[0], parts[1], {name.lower(): value for name, value in headers.items()})
