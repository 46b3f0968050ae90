"""The access control of a gateway: which requests are accepted, and the response to the others."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

from envoy_simulator.credentials import DigestVerifier, TokenVerifier
from envoy_simulator.http_types import TOKENS_SINCE, Request, Response, Site
from envoy_simulator.pages import not_allowed


class AccessControl:
    """A site with the authentication of its firmware. `password`: None is the serial's last six digits."""

    def __init__(self, site: Site, clock: Callable[[], float], username: str, password: str | None) -> None:
        self.site = site
        self.password = site.serial[-6:] if password is None else password
        self.requires_token = site.firmware >= TOKENS_SINCE
        self.tokens = TokenVerifier(site.serial, clock)
        self.digest = DigestVerifier(username, self.password, dated_nonces=site.firmware < (4,))

    def respond(self, request: Request, now: float) -> Response:
        """The response to a request at a given time. Only nonces depend on earlier requests."""
        if request.method != "GET":
            return not_allowed(self.site.firmware)
        denial = self.site.denial(request.path)
        response = denial if denial and not self._accepts(request, now) else self.site.document(request, now)
        headers = list(response.headers)
        if response is denial and not self.requires_token:
            headers.append(("WWW-Authenticate", self.digest.challenge(now)))
        if not any(name.lower() == "date" for name, _ in headers):
            headers.append(("Date", format_datetime(datetime.fromtimestamp(now, UTC), usegmt=True)))
        return Response(response.status, tuple(headers), response.body, response.chunked)

    def _accepts(self, request: Request, now: float) -> bool:
        if not self.requires_token:
            return self.digest.accepts(request)
        return self.tokens.accepts(request, now, installer=self.site.is_for_installers(request.path))
