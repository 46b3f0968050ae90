"""A simulated Enphase cloud: login and tokens over TLS, faulty responses by name, and a record of the requests.

The gateways of every simulator accept its tokens, as real gateways accept the real cloud's.
"""

import json
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

from envoy_simulator.certificate import server_context
from envoy_simulator.credentials import TokenVerifier
from envoy_simulator.http_types import Json

LOGIN, TOKENS = "/login/login.json", "/tokens"
_HTML = b"<!DOCTYPE html><html><head><title>Enlighten</title></head><body>Scheduled maintenance</body></html>"


@dataclass(frozen=True, slots=True)
class CloudRequest:
    """A complete request: its path, its body as text, and its headers by lower-case name."""

    path: str
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """The response of one of the two paths; status 0 closes the connection without a response."""

    path: str
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] | None = None


RESPONSES: Mapping[str, Reply] = {
    # home-assistant/core#155793: an account with a second factor
    "mfa": Reply(LOGIN, 200, b'{"success":true,"isBlocked":false}'),
    "blocked": Reply(LOGIN, 200, b'{"success":false,"isBlocked":true}'),
    "login_list": Reply(LOGIN, 200, b"[]"),
    "login_html": Reply(LOGIN, 200, _HTML),
    "login_empty": Reply(LOGIN, 200),
    "login_401": Reply(LOGIN, 401, b'{"message":"Invalid email/password"}'),
    "login_403": Reply(LOGIN, 403, _HTML),
    "login_405": Reply(LOGIN, 405, _HTML),
    "login_429": Reply(LOGIN, 429, _HTML, {"Retry-After": "1800"}),
    "login_500": Reply(LOGIN, 500, _HTML),
    "login_503": Reply(LOGIN, 503, _HTML),
    "login_redirect": Reply(LOGIN, 302, b"", {"Location": "/elsewhere"}),
    "login_silent": Reply(LOGIN, 0),
    # mr-manuel/venus-os_dbus-enphase-envoy#24, briancmpbll/home_assistant_custom_envoy#44
    "token_error_text": Reply(TOKENS, 200, b"Error in generating Token"),
    "token_sign_in": Reply(TOKENS, 200, b"You need to sign in first"),
    "token_html": Reply(TOKENS, 200, _HTML),
    "token_empty": Reply(TOKENS, 200),
    "token_dots": Reply(TOKENS, 200, b"a.b.c"),
    "token_not_ascii": Reply(TOKENS, 200, "eyJhbGciOiJFUzI1NiJ9.\u00e9.\u00e9".encode()),
    "token_huge": Reply(TOKENS, 200, b"e" * 3_000_000),
    "token_401": Reply(TOKENS, 401, b""),
    "token_403": Reply(TOKENS, 403, b'{"message":"Forbidden"}'),
    "token_429": Reply(TOKENS, 429, b"", {"Retry-After": "1800"}),
    "token_500": Reply(TOKENS, 500, _HTML),
    "token_503": Reply(TOKENS, 503, _HTML),
    "token_silent": Reply(TOKENS, 0),
}
"""Faulty responses by name. In addition, `slow` does not respond until the cloud closes."""


class Cloud:
    """Listens from `start` to `close`, or for the length of a `with`.

    `serials` belong to the account; a token for another serial is rejected with 403. `clock`: seconds since 1970.
    `response`: the name of one of RESPONSES, `slow`, or "" for correct responses. `claims` replace those of the tokens;
    None omits a claim.
    """

    def __init__(
        self,
        *serials: str,
        username: str = "owner@example.com",
        password: str = "sun-and-wind",  # noqa: S107  # of no real account
        clock: Callable[[], float] = time.time,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.username = username
        self.password = password
        self.response = ""
        self.claims: Mapping[str, Json] = {}
        self._serials = serials
        self._clock = clock
        self._address = (host, port)
        self._requests: list[CloudRequest] = []
        self._sessions: set[str] = set()
        self._lock = Lock()
        self._closing = Event()
        self._server: _Server | None = None
        self.authority = b""

    @property
    def login_url(self) -> str:
        """The login URL, after `start`."""
        return f"https://{self._address[0]}:{self._address[1]}{LOGIN}"

    @property
    def token_url(self) -> str:
        return f"https://{self._address[0]}:{self._address[1]}{TOKENS}"

    @property
    def requests(self) -> list[CloudRequest]:
        """The complete requests so far."""
        with self._lock:
            return list(self._requests)

    @property
    def logins(self) -> int:
        return sum(request.path == LOGIN for request in self.requests)

    def start(self) -> None:
        self._closing.clear()
        context, self.authority = server_context("cloud", self._address[0])
        cloud = self

        class Handler(_Handler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode("utf-8", "replace")
                self.send(cloud.respond(CloudRequest(self.path.partition("?")[0], body, _lower(self.headers))))

        self._server = _Server(self._address, Handler, context)
        self._address = (self._address[0], self._server.server_address[1])
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), name="simulated cloud", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        if self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def respond(self, request: CloudRequest) -> Reply:
        """The reply to a request."""
        with self._lock:
            self._requests.append(request)
        if self.response == "slow":
            self._closing.wait()
            return Reply(request.path, 0)
        faulty = RESPONSES.get(self.response)
        if faulty is not None and faulty.path == request.path:
            return faulty
        if request.path == LOGIN:
            return self._login(request)
        return self._token(request) if request.path == TOKENS else Reply(request.path, 404, _HTML)

    def _login(self, request: CloudRequest) -> Reply:
        form = parse_qs(request.body)
        if form.get("user[email]") != [self.username] or form.get("user[password]") != [self.password]:
            return Reply(LOGIN, 401, b'{"message":"Invalid email/password"}')
        with self._lock:
            session = f"session-{len(self._sessions)}"
            self._sessions.add(session)
        success = {"message": "success", "session_id": session, "user_id": 1, "user_name": "S", "first_name": "S"}
        return Reply(LOGIN, 200, json.dumps(success).encode(), {"Content-Type": "application/json"})

    def _token(self, request: CloudRequest) -> Reply:
        form = json.loads(request.body)
        if form.get("session_id") not in self._sessions or form.get("username") != self.username:
            return Reply(TOKENS, 401)
        serial = form.get("serial_num")
        if serial not in self._serials:
            return Reply(TOKENS, 403, b'{"message":"Forbidden"}')
        token = TokenVerifier(serial, self._clock).make(**{"username": self.username, **self.claims})
        return Reply(TOKENS, 200, token.encode(), {"Content-Type": "text/plain"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30

    def send(self, reply: Reply) -> None:
        self.close_connection = True
        if not reply.status:
            return
        self.send_response(reply.status)
        for name, value in (reply.headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's own name
        """Log nothing: the requests are in `Cloud.requests`."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext
    ) -> None:
        super().__init__(address, handler)
        self._context = context

    def finish_request(self, request: object, client_address: object) -> None:
        """Perform the handshake in the connection's thread, so that a silent client blocks no other."""
        assert isinstance(self.RequestHandlerClass, type)  # noqa: S101
        request.settimeout(30)  # type: ignore[attr-defined]
        with self._context.wrap_socket(request, server_side=True) as secured:  # type: ignore[arg-type]
            super().finish_request(secured, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore it: a client that does not trust the certificate closes the connection."""


def _lower(headers: object) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}  # type: ignore[attr-defined]
