"""The Enphase cloud (Enlighten): a login and a token. Nothing else sends requests to it.

The certificate is always verified (five comparable projects sent the password to any server), nothing is redirected,
kept or read from the environment. It uses POST, which no gateway is ever sent.

CloudError        there is no token; `result` is the label of the counter
├── Rejected      the login or the token is rejected, and a person must act (password mfa serial changed)
├── Unavailable   no response, or one that asks to try later (unavailable)
└── NoToken       a response without a usable token (unusable)
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
TOKEN_URL = "https://entrez.enphaseenergy.com/tokens"  # noqa: S105  # where they are made
_BY_HAND = "make a token by hand at https://entrez.enphaseenergy.com, and name its file with token_file"
_LARGEST_RESPONSE = 256 * 1024
"""A token has one kB, the response to a login some hundred bytes, a maintenance page some ten kB."""

_LONGEST_WAIT = 86400.0


class CloudError(Exception):
    """A message for the log, without account, password, session or token."""

    results: ClassVar[tuple[str, ...]] = ("unavailable",)

    def __init__(self, words: str, result: str = "") -> None:
        super().__init__(words)
        self.result = result or self.results[0]


class Rejected(CloudError):
    results = ("password", "mfa", "serial", "changed")


class Unavailable(CloudError):
    """`retry_after`: the seconds that it asks to wait, None if it names none."""

    results = ("unavailable",)

    def __init__(self, words: str, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class NoToken(CloudError):
    results = ("unusable",)


RESULTS = ("success", *(result for kind in (Rejected, Unavailable, NoToken) for result in kind.results), "gateway")
"""The results of requesting a token; `gateway`: there is one that the gateway does not accept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An account, and the servers that know it."""

    username: str
    password: Secret
    login_url: str = LOGIN_URL
    token_url: str = TOKEN_URL
    ca_file: str | None = None


class Enlighten:
    """Requests tokens with one account. `counted` is called with the status of every response."""

    def __init__(
        self,
        login: Login,
        *,
        clock: Clock,
        counted: Callable[[int], None],
        user_agent: str,
        timeouts: Timeouts | None = None,
    ) -> None:
        """Raises OSError for a `ca_file` that cannot be read, ValueError for a URL that is not https."""
        self._login = login
        self._clock = clock
        self._counted = counted
        self._user_agent = user_agent
        self._timeouts = timeouts or Timeouts()
        for url in (login.login_url, login.token_url):
            _host(url)
        if login.ca_file is not None:
            verifying_context(login.ca_file)

    def token(self, serial: str) -> Token:
        """A new token for the gateway with this serial. Raises CloudError."""
        deadline = self._clock.monotonic() + self._timeouts.login
        try:
            self._context = verifying_context(self._login.ca_file)
        except OSError as error:
            raise Unavailable(f"the ca_file {self._login.ca_file} cannot be used: {error.strerror or error}") from None
        session = self._session(deadline)
        body = json.dumps({"session_id": session, "serial_num": serial, "username": self._login.username})
        answer = self._post(self._login.token_url, "application/json", body, deadline)
        if answer.status in {401, 403, 404}:
            words = f"Enlighten gives this account no token for the gateway {serial} (HTTP {answer.status})"
            raise Rejected(f"{words}: check serial, and that the account sees this gateway", "serial")
        self._check(answer)
        return checked(answer.body.decode("ascii", "replace"), serial, self._clock.time())

    def _session(self, deadline: float) -> str | int:
        login = self._login
        form = urlencode({"user[email]": login.username, "user[password]": login.password.reveal()})
        answer = self._post(login.login_url, "application/x-www-form-urlencoded", form, deadline)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise Rejected("Enlighten does not know this username with this password", "password")
        self._check(answer)
        return session(answer.body)

    def _check(self, answer: Response) -> None:
        if answer.status == HTTPStatus.OK:
            return
        if answer.status in {408, 425, 429} or answer.status >= 500:  # noqa: PLR2004
            wait = retry_after(answer.headers.get("retry-after", ""), self._clock.time())
            raise Unavailable(f"the Enphase cloud has no time (HTTP {answer.status})", wait)
        words = f"the Enphase cloud does not log in this way any more (HTTP {answer.status})"
        raise Rejected(f"{words}: see whether there is a newer version; {_BY_HAND}", "changed")

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
                counted=self._counted,
                largest=_LARGEST_RESPONSE,
            )
        except InvalidResponse:
            raise NoToken(f"the Enphase cloud's answer is larger than {_LARGEST_RESPONSE} bytes") from None
        except RequestError as error:
            if error.reason == "protocol":
                raise Unavailable(f"no whole answer from {host}") from None
            raise Unavailable(f"no answer from {host} ({error.reason}): {_WHY.get(error.reason, _NO_HTTP)}") from None


def _host(url: str) -> tuple[str, int | None]:
    """Host and port of the URL. Raises ValueError if it is not https."""
    host = https_host(url)
    if host is None:
        raise ValueError(f"{url} is not https://HOST/...: a password goes nowhere without TLS")
    return host


_NO_HTTP = "its answer broke off"
_WHY = {
    "dns": "its name does not resolve; is there an internet connection?",
    "connect": "it refuses connections; does a firewall let this machine out?",
    "connect_timeout": "it cannot be reached; does a firewall let this machine out?",
    "tls": "its certificate cannot be verified, so nothing was sent; is a proxy in between? Then name its ca_file",
    "timeout": "it said nothing in time",
    "deadline": "it was too slow",
}


def retry_after(header: str, now: float) -> float | None:
    """The seconds in the header, a number or a date; at most a day. None if it is neither."""
    if re.fullmatch(r"\s*\d{1,9}\s*", header):
        return min(float(header), _LONGEST_WAIT)
    wait = seconds_until(header, now)
    return None if wait is None else min(max(wait, 0.0), _LONGEST_WAIT)


def session(body: bytes) -> str | int:
    """The session id in the response to a login. Its other fields (is_consumer, manager_token) are not always sent.

    Raises Rejected for an account that needs more than a password, Unavailable for any other response.
    """
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise Unavailable("the Enphase cloud answers a login with something else; it may be under maintenance")
    if parsed.get("isBlocked") is True:
        raise Rejected("Enlighten has blocked this account: log in there with a browser", "password")
    found = parsed.get("session_id")
    if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
        # {"success": true, "isBlocked": false} (home-assistant/core#155793)
        raise Rejected(f"Enlighten wants a second factor (MFA) of this account, and nobody is here; {_BY_HAND}", "mfa")
    return found


def checked(text: str, serial: str, now: float) -> Token:
    """The token in the response, which may be "Error in generating Token" with status 200. Raises NoToken."""
    try:
        made = token.parse(text)
    except ValueError:
        raise NoToken("the Enphase cloud answers with a text that is no token") from None
    if made.expires is None or made.serial is None:
        raise NoToken("the Enphase cloud answers with a text that is no token, or does not say for whom and how long")
    if made.serial != serial:
        raise NoToken(f"the Enphase cloud made a token for {made.serial}, and was asked for {serial}")
    if made.expires <= now:
        raise NoToken(f"the Enphase cloud's token ran out on {utc_date(made.expires)}: is this machine's clock right?")
    return made
