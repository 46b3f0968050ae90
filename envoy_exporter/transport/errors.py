"""Why a request brought no usable response.

RequestError               the base; `reason` is the label of the counter
├── Unreachable            no connection (dns connect connect_timeout tls)
│   └── CertificateChanged another certificate than that of the gateway whose serial was confirmed
├── NoResponse             connected, but no complete response (timeout deadline reset truncated protocol)
└── InvalidResponse        a response that is not what was requested (too_large not_json schema)

`gateway.errors` adds what the status of a response and the identity of a gateway mean.
"""

from typing import ClassVar, TypeVar

_Error = TypeVar("_Error", bound=BaseException)


class RequestError(Exception):
    """A message for the log, and a reason from the closed list for the counter."""

    reasons: ClassVar[tuple[str, ...]] = ("internal",)

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason if reason in self.reasons else "internal"


class Unreachable(RequestError):
    reasons = ("dns", "connect", "connect_timeout", "tls")


class CertificateChanged(Unreachable):
    """Nothing was sent: the serial must be confirmed again before the gateway gets credentials."""


class NoResponse(RequestError):
    reasons = ("timeout", "deadline", "reset", "truncated", "protocol")


class InvalidResponse(RequestError):
    reasons = ("too_large", "not_json", "schema")


def bare(error: _Error) -> _Error:
    """The error without tracebacks and context, which would keep the response and the connection alive.

    From Python 3.12 on, the error that httpcore maps keeps itself alive, through a frame of contextlib.
    """
    cause = error.__cause__ or error.__context__
    error.__traceback__ = error.__cause__ = error.__context__ = None
    if cause is not None:
        bare(cause)
    return error
