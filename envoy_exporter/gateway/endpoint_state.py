"""The state of one endpoint, and how a request changes it. Times are of a monotonic clock, in seconds."""

from dataclasses import dataclass, replace

from envoy_exporter.documents import Document, Json
from envoy_exporter.transport.errors import RequestError, Unreachable

EARLY = 1.0
"""An endpoint is due this long before its maximum age, so that a scrape interval equal to an age does not alias."""
ABSENT_FOR = 6 * 3600.0
GONE_AFTER, GONE_REPORTS = 600.0, 3
LONGEST_BACK_OFF = 120.0
SUSPENSION, LONGEST_SUSPENSION = 60.0, 500.0
"""At most ten minutes with the jitter: after that time the exporter has all data of the gateway again."""
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class EndpointState:
    """The newest request brought `document`; or `absent` is why the endpoint is not available; or `error` is set.

    A document is kept when a later request fails: it is not readable then, but still shows what is installed.
    """

    requested_at: float = NEVER
    duration: float | None = None
    due: float = NEVER
    document: Document | None = None
    document_requested_at: float = NEVER
    earlier: Document | None = None
    absent: str | None = None
    error: RequestError | None = None
    failures: int = 0
    missing_reports: tuple[float, ...] = ()
    was_available: bool = False
    urgent: bool = False

    @property
    def is_known(self) -> bool:
        """Whether it is known what this endpoint contains, or that it is not available."""
        return self.document is not None or self.absent is not None


def succeeded(state: EndpointState, content: Json, requested_at: float, duration: float, age: float) -> EndpointState:
    """A document came. `requested_at` is in seconds since 1970, `age` the maximum age of the endpoint."""
    return EndpointState(
        requested_at=state.requested_at,
        duration=duration,
        due=state.requested_at + age - EARLY,
        document=Document(content, requested_at=requested_at, duration=duration),
        document_requested_at=state.requested_at,
        earlier=state.document,
        was_available=True,
    )


def is_gone(state: EndpointState, now: float) -> bool:
    """Whether the reports that it is missing are accepted.

    While it starts, a gateway responds 404 to anything. So an endpoint that was available on this firmware is gone only
    after three reports over ten minutes.
    """
    if not state.was_available or state.absent is not None:
        return True
    reports = state.missing_reports
    return len(reports) >= GONE_REPORTS and now - reports[0] >= GONE_AFTER


def gone(state: EndpointState, why: str, now: float, duration: float) -> EndpointState:
    """The endpoint is not available. It is requested again after six hours, and sooner if it ever was available."""
    return EndpointState(
        requested_at=state.requested_at,
        duration=duration,
        due=now + (GONE_AFTER if state.was_available else ABSENT_FOR),
        absent=why,
        was_available=state.was_available,
    )


def failed(state: EndpointState, error: RequestError, due: float, duration: float) -> EndpointState:
    """The request brought no document. An endpoint is not blamed for a gateway that cannot be reached."""
    return replace(
        state,
        error=error,
        duration=duration,
        absent=None,
        urgent=False,
        failures=state.failures + (not isinstance(error, Unreachable)),
        due=due,
    )


def pause_after_hang(failures: int, age: float) -> float:
    """Seconds: a request that hangs delays all others, so the endpoint is requested less and less often."""
    return min(age * 2.0 ** min(failures, 10), LONGEST_SUSPENSION)


def pause_after_outage(failures: int) -> float:
    """Seconds: the gateway was down after this request. If that happens again and again, the request causes it."""
    return min(SUSPENSION * 2.0 ** min(failures, 10), LONGEST_SUSPENSION)


def back_off(failures: int, min_interval: float) -> float:
    """Seconds to wait after that many failures: from `min_interval`, doubling, to two minutes."""
    return min(min_interval * 2.0 ** min(failures, 10), max(LONGEST_BACK_OFF, min_interval))
