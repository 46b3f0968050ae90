"""Who may come in: TLS and basic auth by the file that Prometheus exporters share, and how many at once.

The file is that of https://prometheus.io/docs/prometheus/latest/configuration/https/. It is checked again at each
connection and at each request, so that certificates and users change without a restart.
"""

import asyncio
import base64
import binascii
import hashlib
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_GUESSES = 20
"""So many passwords may wait for their turn to be compared."""
_HEADERS = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
"""No other page may take an answer for a script, nor have it at all."""
_HEALTH = {"/-/healthy", "/-/ready"}


@dataclass(frozen=True, slots=True)
class Tls:
    """`client_auth` as Go spells it; files as absolute paths."""

    certificate: Path
    key: Path
    client_auth: str = "NoClientCert"
    client_ca: Path | None = None
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2


@dataclass(frozen=True, slots=True)
class Access:
    """What the web config file says. `context`: the TLS of new connections; None for plain HTTP."""

    context: ssl.SSLContext | None = None
    users: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """Where the access rules come from; `current()` may give others than before, and keeps the last good ones."""

    def current(self) -> Access: ...


class ConcurrencyLimit:
    """So many requests in progress and as many again in wait; beyond, 503. 0 is no limit.

    Ours and not uvicorn's, which counts connections, so that clients who say nothing use it up. Fifty scrapes at
    once share what the first brings, so those in wait are answered too. Health is never refused: a busy exporter
    must not be restarted. `waited` in the request's state says how long it was kept, in seconds.
    """

    def __init__(self, app: ASGIApp, most: int, longest_wait: float = 5.0) -> None:
        self._app = app
        self._most = most
        self._longest_wait = longest_wait
        self._slots = asyncio.Semaphore(most)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._most or scope.get("path") in _HEALTH:
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        if not await self._enter():
            refusal = PlainTextResponse(f"more than {self._most} requests at once (--web.max-requests)\n", 503)
            await refusal(scope, receive, send)
            return
        try:
            scope.setdefault("state", {})["waited"] = time.monotonic() - began
            await self._app(scope, receive, send)
        finally:
            self._slots.release()

    async def _enter(self) -> bool:
        if self._slots.locked() and self._waiting >= self._most:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(self._longest_wait):
                return await self._slots.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1


class AccessMiddleware:
    """Lets in the users of the web config file, if it names any, and adds its headers to each answer.

    It stands before `ConcurrencyLimit`, so that only those who may come in can use it up.
    """

    def __init__(self, app: ASGIApp, source: Source) -> None:
        self._app = app
        self._source = source
        self._right: dict[str, bytes] = {}
        self._one_at_a_time = asyncio.Lock()
        self._guesses = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        access = self._source.current()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({**_HEADERS, **access.headers})
            await send(message)

        app = self._app
        if access.users:
            user, password = _credentials(Headers(scope=scope).get("authorization", ""))
            if not self._knows(access.users, user, password):
                app = await self._refusal(access.users, user, password) or app
        await app(scope, receive, answer)

    def _knows(self, users: Mapping[str, str], user: str, password: str) -> bool:
        return user in users and self._right.get(user) == _digest(user, password, users[user])

    async def _refusal(self, users: Mapping[str, str], user: str, password: str) -> ASGIApp | None:
        """A bcrypt hash takes a tenth of a second on purpose: one at a time, few in wait, and what is right is kept.

        Of what is wrong nothing is kept, or guesses would push out those who are let in. A user who does not exist
        takes as long as one who does.
        """
        if self._guesses >= MOST_GUESSES:
            return PlainTextResponse("too many passwords at once, try again\n", 503)
        self._guesses += 1
        try:
            async with self._one_at_a_time:
                expected = users.get(user) or next(iter(users.values()))
                matches = await asyncio.to_thread(_matches, password, expected)
        finally:
            self._guesses -= 1
        if not matches or user not in users:
            challenge = {"WWW-Authenticate": 'Basic realm="envoy_exporter"'}
            return PlainTextResponse("a user and a password are wanted\n", 401, challenge)
        self._right[user] = _digest(user, password, expected)
        return None


def _digest(user: str, password: str, expected: str) -> bytes:
    return hashlib.sha256(b"\0".join(each.encode() for each in (user, password, expected))).digest()


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
    import bcrypt  # noqa: PLC0415  # of the extra `auth`; a file with users is refused without it

    try:
        return bcrypt.checkpw(password.encode()[:72], expected.encode())
    except ValueError:
        return False


def context(tls: Tls) -> ssl.SSLContext:
    """A new TLS context for our own port.

    A context in use must not be changed: it would go on trusting a CA that is removed, and a certificate and a key that
    do not match would break it. Raises OSError, ssl.SSLError among them, where a file is missing or invalid.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = tls.minimum
    for file in filter(None, (tls.certificate, tls.key, tls.client_ca)):
        file.open("rb").close()  # the library's own error does not name the file
    made.load_cert_chain(tls.certificate, tls.key, password="")  # a daemon has no terminal to ask for it
    if tls.client_ca is not None:
        made.load_verify_locations(tls.client_ca)
    made.verify_mode = {
        "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
        "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    }.get(tls.client_auth, ssl.CERT_NONE)
    return made
