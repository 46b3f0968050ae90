"""The sockets: a listener, a thread a connection, and enough HTTP for GET."""

import io
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, parse_headers
from threading import Event, Lock, Thread
from typing import BinaryIO

from envoy_simulator.faults.hooks import Faults
from envoy_simulator.http_types import Request, Response
from envoy_simulator.listener import Listener
from envoy_simulator.load import LoadCount
from envoy_simulator.received_bytes import Received, Recorded
from envoy_simulator.steps import Close, Line, Step

_IDLE_SECONDS = 75.0
"""How long a silent connection is kept, be it before its first byte or between two requests."""

_LONGEST_LINE = 16384
_TLS_HANDSHAKE = b"\x16"


class Server:
    """Listens from `start` to `close`. `answer` makes a response of a request.

    `keep_alive` as the firmware does; `context` is its TLS. Both are asked anew for each connection, as an update of
    the firmware changes them.
    """

    def __init__(
        self,
        answer: Callable[[Request], Response],
        *,
        load: LoadCount,
        received: Received,
        faults: Faults,
        keep_alive: Callable[[], bool],
        context: Callable[[], ssl.SSLContext | None],
    ) -> None:
        self._answer = answer
        self._load = load
        self._received = received
        self._faults = faults
        self._keep_alive = keep_alive
        self._context = context
        self._lock = Lock()
        self._lines: dict[Thread, Line] = {}
        self.closing = Event()

    def start(self, host: str, port: int) -> tuple[str, int]:
        """Bind and listen; the address that was got."""
        self._listener = Listener(host, port, self._faults.listening)
        self._listener.follow()
        self._acceptor = Thread(target=self._accept, name="simulated gateway", daemon=True)
        self._acceptor.start()
        return self._listener.usual.host, self._listener.usual.port

    def close(self) -> None:
        """End listener and connections, whatever they wait for, and see their threads off."""
        self.closing.set()
        self._listener.wake()
        self._acceptor.join()
        for thread in self._hang_up():
            thread.join()

    def follow_faults(self) -> None:
        """What a fault had in its hands ends, and the listener is where the faults want it before this returns."""
        if self.closing.is_set():
            return
        self._hang_up(only_faulty=True)
        if self._listener.follow():
            self._hang_up()

    def _hang_up(self, *, only_faulty: bool = False) -> list[Thread]:
        with self._lock:
            lines = {thread: line for thread, line in self._lines.items() if line.faulty or not only_faulty}
        for line in lines.values():
            line.end()
        return list(lines)

    def _accept(self) -> None:
        while not self.closing.is_set():
            if self._listener.follow():
                self._hang_up()
            self._listener.accept(self._take)
        self._listener.close()

    def _take(self, connection: socket.socket) -> None:
        line = Line(connection, self._received.note)
        thread = Thread(target=self._attend, args=(line,), name="connection", daemon=True)
        with self._lock:
            # Those that are done are forgotten here and not by themselves, so that `close` sees every thread off.
            self._lines = {each: its for each, its in self._lines.items() if each.is_alive()}
            self._lines[thread] = line
            thread.start()

    def _attend(self, line: Line) -> None:
        """One connection from its first byte to its end, on its own thread: a silent client holds up nobody."""
        bare = line.connection
        try:
            with self._load.connection(), suppress(OSError):
                bare.settimeout(_IDLE_SECONDS)
                bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if line.perform(self._faults.connection()):
                    self._serve(line)
        finally:
            _say_goodbye(line.connection)
            line.connection.close()
            bare.close()

    def _serve(self, line: Line) -> None:
        context = self._faults.context(self._context())
        if context is not None:
            self._secure(line, context)
        elif line.connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
            return
        turn = 0
        with io.BufferedReader(Recorded(line.connection, self._received)) as stream:
            while (request := _read(stream, turn := turn + 1)) is not None:
                if not self._exchange(line, request):
                    return

    def _secure(self, line: Line, context: ssl.SSLContext) -> None:
        """The handshake, under the connection's own timeout; an SSLError is an OSError, and ends it."""
        secured = context.wrap_socket(line.connection, server_side=True, do_handshake_on_connect=False)
        line.connection = secured
        if line.over.is_set():  # since before it was the one to be shut down
            raise ConnectionAbortedError
        secured.do_handshake()

    def _exchange(self, line: Line, request: Request) -> bool:
        """Answer a request. True if the connection lives on."""
        keep_alive = self._keep_alive() and request.headers.get("connection", "").lower() != "close"
        # What was not GET may have brought a body, which is not read.
        keep_alive = keep_alive and request.method == "GET"
        with self._load.request(request.method, request.path):
            response = self._faults.request(request, line.connection, self._answer)
            if response is None:
                return False
            self._load.answered(request.path, response.status)
            wire = response.encode(keep_alive=keep_alive, with_body=request.method != "HEAD")
            if response.delivery is not None:
                healthy: list[Step] = [wire] if keep_alive else [wire, Close()]
                return line.perform(response.delivery(iter(healthy)))
            line.connection.sendall(wire[:-1])
        # The last byte goes out once the books are closed: no client can be done with this request, and have begun
        # another one, while this one still counts as in flight.
        line.connection.sendall(wire[-1:])
        return keep_alive


def _say_goodbye(connection: socket.socket) -> None:
    """TLS's close_notify, without waiting for the client's."""
    if isinstance(connection, ssl.SSLSocket) and connection.fileno() >= 0:
        with suppress(OSError, ValueError):
            connection.settimeout(0)
            connection.unwrap()


def _read(stream: BinaryIO, turn: int) -> Request | None:
    """The head of the next request; None at the end, and for what is no HTTP."""
    line = stream.readline(_LONGEST_LINE)
    parts = line.decode("latin-1").split()
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):  # noqa: PLR2004  # method, target, version
        return None
    try:
        headers = parse_headers(stream)
    except HTTPException:
        return None
    return Request(parts[0], parts[1], {name.lower(): value for name, value in headers.items()}, turn)
