"""Requests that try a new token and fall back to the old one."""

from collections.abc import Generator

import httpx

from envoy_exporter.token import Token


class TokenTrial(httpx.Auth):
    """Sends the new token and, if that brings a 401, the old one, so that no document is lost.

    `passed`: True, the gateway accepts the new token; False, it accepts only the old one; None, it accepts neither, or
    the request failed otherwise.
    """

    def __init__(self, new: Token, old: Token) -> None:
        self.new = new
        self._old = old
        self.passed: bool | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        self.passed = None
        _sign(request, self.new)
        response = yield request
        if response.status_code == httpx.codes.OK:
            self.passed = True
        elif response.status_code == httpx.codes.UNAUTHORIZED:
            _sign(request, self._old)
            response = yield request
            self.passed = False if response.status_code == httpx.codes.OK else None


def _sign(request: httpx.Request, token: Token) -> None:
    request.headers["Authorization"] = f"Bearer {token.secret.reveal()}"
