"""Access to the exporter's port: TLS and basic auth from the web config file, and the number of concurrent requests.

The file has the format of https://prometheus.io/docs/prometheus/latest/configuration/https/. It is checked for changes
at each connection and each request, so that certificates and users change without a restart.
"""

import asyncio
import base64
import binascii
import hashlib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from envoy_exporter.pem import Pem, opened

from .rate_limit import RateLimit, TokenBucket

MAX_PASSWORD_CHECKS = 20
"""The maximum number of passwords that wait to be checked."""
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
"""Other web pages can neither run a response as a script nor load it at all."""
_HEALTH = {"/-/healthy", "/-/ready"}


@dataclass(frozen=True, slots=True)
class Tls:
    """`client_auth` is spelled as in Go. The paths are absolute."""

    certificate: Pem
    key: Pem
    client_auth: str = "NoClientCert"
    client_ca: Pem | None = None
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3


@dataclass(frozen=True, slots=True)
class Access:
    """The content of the web config file.

    `context` is for new connections; None means plain HTTP. A client certificate must have one of the `allowed_sans`
    (subject alternative names), unless that is empty.
    """

    context: ssl.SSLContext | None = None
    allowed_sans: frozenset[str] = frozenset()
    rate_limit: RateLimit | None = None
    users: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """The source of the access rules. `current()` returns the last valid ones; they change while the exporter runs."""

    def current(self) -> Access: ...


class ConcurrencyLimit:
    """Limits the requests in progress. As many again wait for their turn; more get 503. 0 means no limit.

    uvicorn has a limit too, but it counts connections, so silent clients would use it up. Concurrent scrapes share the
    documents that the first one requests, so fifty of them are answered too. The health paths have no limit, because a
    busy exporter must not be restarted. `waited` in the state of a request is its time in the queue, in seconds.
    """

    def __init__(self, app: ASGIApp, limit: int, prefix: str = "", max_wait: float = 5.0) -> None:
        self._app = app
        self._limit = limit
        self._unlimited = {prefix + path for path in _HEALTH}
        self._max_wait = max_wait
        self._slots = asyncio.Semaphore(limit)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._limit or scope.get("path") in self._unlimited:
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        if not await self._enter():
            message = f"too many concurrent requests; the maximum is {self._limit} (--web.max-requests)\n"
            await PlainTextResponse(message, 503)(scope, receive, send)
            return
        try:
            scope.setdefault("state", {})["waited"] = time.monotonic() - started
            await self._app(scope, receive, send)
        finally:
            self._slots.release()

    async def _enter(self) -> bool:
        if self._slots.locked() and self._waiting >= self._limit:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(self._max_wait):
                return await self._slots.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1


class AccessMiddleware:
    """Applies the rate limit of the web config file, requires one of its users, and adds its headers to each response.

    It runs before `ConcurrencyLimit`, so that unauthenticated requests cannot use up the limit.
    """

    def __init__(self, app: ASGIApp, source: Source) -> None:
        self._app = app
        self._source = source
        self._bucket = TokenBucket()
        self._accepted: dict[str, bytes] = {}
        self._check_lock = asyncio.Lock()
        self._checks = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        access = self._source.current()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({**_HEADERS, **access.headers})
            await send(message)

        app = self._app
        if not self._bucket.take(access.rate_limit, time.monotonic()):
            app = PlainTextResponse("too many requests; see rate_limit in the web config file\n", 429)
        elif access.users:
            user, password = _credentials(Headers(scope=scope).get("authorization", ""))
            if not self._is_accepted(access.users, user, password):
                app = await self._rejection(access.users, user, password) or app
        await app(scope, receive, send_with_headers)

    def _is_accepted(self, users: Mapping[str, str], user: str, password: str) -> bool:
        return user in users and self._accepted.get(user) == _digest(user, password, users[user])

    async def _rejection(self, users: Mapping[str, str], user: str, password: str) -> ASGIApp | None:
        """The error response for wrong credentials, else None.

        bcrypt takes a tenth of a second on purpose, so one password is checked at a time, few may wait, and accepted
        credentials are remembered. Rejected ones are not, or guesses would evict the accepted ones. The check of an
        unknown user takes as long as that of a known one.
        """
        if self._checks >= MAX_PASSWORD_CHECKS:
            return PlainTextResponse("too many concurrent password checks; try again later\n", 503)
        self._checks += 1
        try:
            async with self._check_lock:
                expected = users.get(user) or next(iter(users.values()))
                matches = await asyncio.to_thread(_matches, password, expected)
        finally:
            self._checks -= 1
        if not matches or user not in users:
            challenge = {"WWW-Authenticate": 'Basic realm="envoy_exporter"'}
            return PlainTextResponse("authentication required\n", 401, challenge)
        self._accepted[user] = _digest(user, password, expected)
        return None


def _digest(user: str, password: str, expected: str) -> bytes:
    return hashlib.sha256(b"\0".join(text.encode() for text in (user, password, expected))).digest()


def _credentials(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def _matches(password: str, expected: str) -> bool:
    import bcrypt  # noqa: PLC0415  # in the extra `auth`; without it, a file with users is rejected

    try:
        return bcrypt.checkpw(password.encode()[:72], expected.encode())
    except ValueError:
        return False


def context(tls: Tls) -> ssl.SSLContext:
    """A new TLS context for the exporter's port. Raises OSError or ssl.SSLError for a missing or invalid file.

    A context in use must not be changed: it would continue to trust a CA that is removed, and a certificate and a key
    that do not match would break it.
    """
    created = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    created.minimum_version, created.maximum_version = tls.minimum, tls.maximum
    with opened(tls.certificate) as certificate, opened(tls.key) as key:
        created.load_cert_chain(certificate, key, password="")  # a daemon has no terminal to prompt for it
    if tls.client_ca is not None:
        with opened(tls.client_ca) as client_ca:
            created.load_verify_locations(client_ca)
    created.verify_mode = {
        "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
        "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    }.get(tls.client_auth, ssl.CERT_NONE)
    return created
