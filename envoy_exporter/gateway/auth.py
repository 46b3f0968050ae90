"""Credentials on a request: a bearer token from firmware 7 on, HTTP digest before."""

from collections.abc import Generator
from dataclasses import dataclass, field

import httpx

from envoy_exporter.secret import Secret

DEFAULT_USER = "envoy"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Local:
    """A user of firmware below 7. An empty password is valid; None means the last six digits of the serial."""

    username: str = DEFAULT_USER
    password: Secret | None = None

    def of(self, serial: str | None) -> "Local":
        """With the factory password of the gateway if no password is configured."""
        if self.password is None and serial:
            return Local(self.username, Secret(serial[-_DIGITS:]))
        return self


class Bearer(httpx.Auth):
    """The token on every request, without a session, which a reboot of the gateway would end."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request


@dataclass
class Digest(httpx.Auth):
    """One challenge serves all requests until the gateway sends another.

    `challenged` are the paths that demanded credentials. A path that needs none (`/api/v1/production` on 3.9) does not
    prove that the password is right, although httpx sends it.
    """

    local: Local
    challenged: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._digest = self._unchallenged()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.encoding = "utf-8"  # the digest is computed from UTF-8; httpx would encode as ASCII
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
            return  # an invalid challenge: the 401 is the response
        yield again

    def _unchallenged(self) -> httpx.DigestAuth:
        return httpx.DigestAuth(self.local.username, self.local.password.reveal() if self.local.password else "")
