"""What the status of a response, or the identity of a gateway, means for a request.

RequestError           see `transport.errors`
├── HTTPStatusError    a status without a document (redirect http_401 http_5xx ...)
└── WrongGateway       another gateway than the one of the config or of the token
NotAvailable           not an error: the gateway does not have the endpoint
"""

from envoy_exporter.transport.errors import RequestError


class HTTPStatusError(RequestError):
    """`status` is the code; `retry_after` the seconds until the gateway may be requested again, if it sent them."""

    reasons = ("redirect", "http_401", "http_403", "http_404", "http_429", "http_5xx", "http_other")

    def __init__(self, status: int, message: str, retry_after: float | None = None) -> None:
        super().__init__(_reason(status), message)
        self.status = status
        self.retry_after = retry_after


class WrongGateway(RequestError):
    reasons = ("wrong_gateway",)


class NotAvailable(Exception):
    """The gateway reports that it does not have this endpoint, or not for this user. The message is its response."""


def _reason(status: int) -> str:
    if status in {401, 403, 404, 429}:
        return f"http_{status}"
    if 300 <= status < 400:  # noqa: PLR2004
        return "redirect"
    return "http_5xx" if 500 <= status < 600 else "http_other"  # noqa: PLR2004
