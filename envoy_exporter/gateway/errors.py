"""Why a request to a gateway brought no document.

GatewayError               what it was asked for did not come; `reason` is the label of the counter
├── Unreachable            no connection: the gateway is not there (dns connect connect_timeout tls)
│   └── Stranger           another certificate than that of the gateway which said who it is
├── NoAnswer               connected, but no whole answer (timeout deadline reset truncated protocol)
├── BadStatus              an answer with a status that brings nothing (redirect http_401 http_5xx ...)
├── Unusable               an answer that is not what the endpoint gives (too_large not_json schema)
└── WrongGateway           it is not the gateway that was configured, or that the token is for
"""

from typing import ClassVar, TypeVar

_Error = TypeVar("_Error", bound=Exception)


class GatewayError(Exception):
    """Words for a log, and a reason from the closed list for the counter."""

    reasons: ClassVar[tuple[str, ...]] = ("internal",)

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason if reason in self.reasons else "internal"


class Unreachable(GatewayError):
    reasons = ("dns", "connect", "connect_timeout", "tls")


class Stranger(Unreachable):
    """Nothing was sent. Whoever it is has to say so before it gets credentials."""


class NoAnswer(GatewayError):
    reasons = ("timeout", "deadline", "reset", "truncated", "protocol")


class BadStatus(GatewayError):
    """`status` is the code, `retry_after` the seconds that it asks to wait, where it names any."""

    reasons = ("redirect", "http_401", "http_403", "http_404", "http_429", "http_5xx", "http_other")

    def __init__(self, status: int, words: str, retry_after: float | None = None) -> None:
        super().__init__(_reason(status), words)
        self.status = status
        self.retry_after = retry_after


class Unusable(GatewayError):
    reasons = ("too_large", "not_json", "schema")


class WrongGateway(GatewayError):
    reasons = ("wrong_gateway",)


def _reason(status: int) -> str:
    if status in {401, 403, 404, 429}:
        return f"http_{status}"
    if 300 <= status < 400:  # noqa: PLR2004
        return "redirect"
    return "http_5xx" if 500 <= status < 600 else "http_other"  # noqa: PLR2004


class NotHere(Exception):
    """No failure: the gateway says that it has no such endpoint, or not for this user. The words say how."""


def bare(error: _Error) -> _Error:
    """Without the frames that it came through, for one that is kept: they would keep the answer and the connection."""
    error.__traceback__ = error.__context__ = None
    return error
