"""Credentials on a request: a bearer token from firmware 7 on, HTTP digest before it."""

from collections.abc import Generator
from dataclasses import dataclass, field

import httpx

from envoy_exporter.secret import Secret

DEFAULT_USER = "envoy"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Local:
    """A user of firmware below 7. An empty password is a password; None is the last six digits of the serial."""

    username: str = DEFAULT_USER
    password: Secret | None = None

    def of(self, serial: str | None) -> "Local":
        """With the password that the gateway has from the factory where none is given."""
        if self.password is None and serial:
            return Local(self.username, Secret(serial[-_DIGITS:]))
        return self


class Bearer(httpx.Auth):
    """The token on every request, and no session: one that is lost at a reboot cannot be missed."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request


@dataclass
class Digest(httpx.Auth):
    """One challenge serves all requests until the gateway sends another.

    `challenged` are the paths that did not answer without credentials: what the gateway gives to everybody
    (`/api/v1/production` on 3.9) says nothing of a password, though httpx sends it along.
    """

    local: Local
    challenged: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._digest = self._unchallenged()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.encoding = "utf-8"  # as the digest counts a user's letters; httpx would take ASCII only
        flow = self._digest.auth_flow(request)
        response = yield next(flow)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self.challenged.add(request.url.path)
        try:
            again = flow.send(response)
        except StopIteration:
            return
        except (httpx.ProtocolError, NotImplementedError, ValueError, LookupError):
            self._digest = self._unchallenged()
            return  # a challenge that nobody can meet: the 401 stands
        yield again

    def _unchallenged(self) -> httpx.DigestAuth:
        return httpx.DigestAuth(self.local.username, self.local.password.reveal() if self.local.password else "")
