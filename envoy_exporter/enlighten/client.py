"""Enlighten, the Enphase cloud: a login and a token. Only this module sends requests to it.

The certificate is always verified (five comparable projects sent the password to any server), nothing is redirected,
kept or read from the environment. It uses POST, which is never sent to a gateway.

EnlightenError       there is no token; `result` is the label of the counter
├── RequestRejected  the login or the token is rejected, and the user must act (password mfa serial changed)
├── Unavailable      no response, or a temporary error (unavailable)
└── NoToken          a response without a usable token (unusable)
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar
from urllib.parse import urlencode

from envoy_exporter import token
from envoy_exporter.clock import Clock, utc_date
from envoy_exporter.secret import Secret
from envoy_exporter.token import Token
from envoy_exporter.transport.client import Response
from envoy_exporter.transport.errors import InvalidResponse, RequestError
from envoy_exporter.transport.headers import seconds_until
from envoy_exporter.transport.network import Network
from envoy_exporter.transport.post import https_host, post, verifying_context
from envoy_exporter.transport.timeouts import Timeouts

LOGIN_URL = "https://enlighten.enphaseenergy.com/login/login.json?"
TOKEN_URL = "https://entrez.enphaseenergy.com/tokens"  # noqa: S105  # a URL
_MANUAL = "create a token at https://entrez.enphaseenergy.com and set token_file"
_LARGEST_RESPONSE = 256 * 1024
"""A token has 1 kB, the response to a login some hundred bytes, a maintenance page about 10 kB."""
_LONGEST_WAIT = 86400.0


class EnlightenError(Exception):
    """A message for the log, without account, password, session or token."""

    results: ClassVar[tuple[str, ...]] = ("unavailable",)

    def __init__(self, message: str, result: str = "") -> None:
        super().__init__(message)
        self.result = result or self.results[0]


class RequestRejected(EnlightenError):
    results = ("password", "mfa", "serial", "changed")


class Unavailable(EnlightenError):
    """`retry_after`: the seconds of its Retry-After, None if it sent none."""

    results = ("unavailable",)

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NoToken(EnlightenError):
    results = ("unusable",)


RESULTS = (
    "success",
    *(result for kind in (RequestRejected, Unavailable, NoToken) for result in kind.results),
    "gateway",
)
"""The results of requesting a token; `gateway`: the gateway does not accept the new token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """An account, and the URLs of its servers."""

    username: str
    password: Secret
    login_url: str = LOGIN_URL
    token_url: str = TOKEN_URL
    ca_file: str | None = None


class Enlighten:
    """Requests tokens with one account. `count_response` is called with the status of every response."""

    def __init__(
        self,
        login: AccountSettings,
        *,
        clock: Clock,
        count_response: Callable[[int], None],
        user_agent: str,
        timeouts: Timeouts | None = None,
    ) -> None:
        """Raises OSError for a `ca_file` that cannot be read, ValueError for a URL that is not https."""
        self._login = login
        self._clock = clock
        self._count_response = count_response
        self._user_agent = user_agent
        self._timeouts = timeouts or Timeouts()
        for url in (login.login_url, login.token_url):
            _host(url)
        if login.ca_file is not None:
            verifying_context(login.ca_file)

    def token(self, serial: str) -> Token:
        """A new token for the gateway with this serial. Raises EnlightenError."""
        deadline = self._clock.monotonic() + self._timeouts.login
        try:
            self._context = verifying_context(self._login.ca_file)
        except OSError as error:
            raise Unavailable(f"ca_file {self._login.ca_file} cannot be used: {error.strerror or error}") from None
        session = self._session(deadline)
        body = json.dumps({"session_id": session, "serial_num": serial, "username": self._login.username})
        response = self._post(self._login.token_url, "application/json", body, deadline)
        if response.status in {401, 403, 404}:
            message = f"Enlighten rejected the token request for gateway {serial} (HTTP {response.status})"
            raise RequestRejected(
                f"{message}; check the serial, and that the account has access to this gateway", "serial"
            )
        self._check(response)
        return checked(response.body.decode("ascii", "replace"), serial, self._clock.time())

    def _session(self, deadline: float) -> str | int:
        login = self._login
        form = urlencode({"user[email]": login.username, "user[password]": login.password.reveal()})
        response = self._post(login.login_url, "application/x-www-form-urlencoded", form, deadline)
        if response.status == HTTPStatus.UNAUTHORIZED:
            raise RequestRejected("Enlighten rejected the login: wrong username or password", "password")
        self._check(response)
        return session(response.body)

    def _check(self, response: Response) -> None:
        if response.status == HTTPStatus.OK:
            return
        if response.status in {408, 425, 429} or response.status >= 500:  # noqa: PLR2004
            wait = retry_after(response.headers.get("retry-after", ""), self._clock.time())
            raise Unavailable(f"Enlighten is temporarily unavailable (HTTP {response.status})", wait)
        message = f"unexpected response from the Enphase login API (HTTP {response.status}); it may have changed"
        raise RequestRejected(f"{message}: check for a newer version of the exporter, or {_MANUAL}", "changed")

    def _post(self, url: str, kind: str, content: str, deadline: float) -> Response:
        """The response, whatever its status. Raises Unavailable, or NoToken if it is too large."""
        host, port = _host(url)
        network = Network(host, port, self._clock.monotonic, self._timeouts, deadline=deadline)
        headers = {"User-Agent": self._user_agent, "Content-Type": kind}
        try:
            return post(
                url,
                content.encode(),
                headers,
                context=self._context,
                network=network,
                count_response=self._count_response,
                largest=_LARGEST_RESPONSE,
            )
        except InvalidResponse:
            raise NoToken(f"the response of Enlighten is larger than {_LARGEST_RESPONSE} bytes") from None
        except RequestError as error:
            raise Unavailable(f"no response from {host} ({error.reason}): {_CAUSES.get(error.reason, error)}") from None


def _host(url: str) -> tuple[str, int | None]:
    """Host and port of the URL. Raises ValueError if it is not https."""
    host = https_host(url)
    if host is None:
        raise ValueError(f"invalid URL {url}: must be https://HOST/..., because a password is sent over TLS only")
    return host


_CAUSES = {
    "dns": "cannot resolve its name; check the internet connection",
    "connect": "connection refused; check the firewall",
    "connect_timeout": "connection timed out; check the firewall",
    "tls": "its certificate cannot be verified, so nothing was sent; if a proxy intercepts TLS, set ca_file",
}


def retry_after(header: str, now: float) -> float | None:
    """The seconds in the header, a number or a date; at most a day. None if it is neither."""
    if re.fullmatch(r"\s*\d{1,9}\s*", header):
        return min(float(header), _LONGEST_WAIT)
    wait = seconds_until(header, now)
    return None if wait is None else min(max(wait, 0.0), _LONGEST_WAIT)


def session(body: bytes) -> str | int:
    """The session id in the response to a login. The other fields (is_consumer, manager_token) are not always sent.

    Raises RequestRejected for an account that needs more than a password, Unavailable for any other response.
    """
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise Unavailable("unexpected response to the login; Enlighten may be under maintenance")
    if parsed.get("isBlocked") is True:
        raise RequestRejected("Enlighten has blocked this account; log in with a browser to unblock it", "password")
    session_id = parsed.get("session_id")
    if isinstance(session_id, bool) or not isinstance(session_id, str | int) or session_id == "":
        # {"success": true, "isBlocked": false} (home-assistant/core#155793)
        message = "the account requires multi-factor authentication (MFA), which cannot be completed unattended"
        raise RequestRejected(f"{message}: {_MANUAL}", "mfa")
    return session_id


def checked(text: str, serial: str, now: float) -> Token:
    """The token in the response, which may be "Error in generating Token" with status 200. Raises NoToken."""
    try:
        issued = token.parse(text)
    except ValueError:
        raise NoToken("the response of Enlighten is not a token") from None
    if issued.expires is None or issued.serial is None:
        raise NoToken("the response of Enlighten is not a token with a serial and an expiry date")
    if issued.serial != serial:
        raise NoToken(f"Enlighten issued a token for gateway {issued.serial} instead of {serial}")
    if issued.expires <= now:
        raise NoToken(f"the new token expired on {utc_date(issued.expires)}; check the clock of this machine")
    return issued
