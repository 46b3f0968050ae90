"""The documents of one gateway: how old each one is, which endpoint is due, and what can still be read.

Everything here is an immutable value: a change returns the next one. Times are of a monotonic clock, in seconds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

from envoy_exporter.documents import INFO, Document, Documents, Json
from envoy_exporter.transport.errors import RequestError

from . import endpoint_state
from .endpoint_state import EARLY, NEVER, EndpointState, back_off, pause_after_hang, pause_after_outage
from .endpoints import ENDPOINTS, LIVE, Endpoint
from .schedule import Schedule, schedule

LEAST_GRACE = 75.0
LONGEST_GAP = 600.0
"""A longer pause between scrapes is not a scrape interval: no Prometheus was running."""
_GAPS = 4
_BY_NAME = {endpoint.name: endpoint for endpoint in ENDPOINTS}


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """The status of a required endpoint; `requested_at` of its readable document, in seconds since 1970."""

    readable: bool
    requested_at: float | None
    duration: float | None
    absent: str | None
    failing: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCache:
    """`maximum_ages`: by collector, where the config gives its endpoints another age.

    Nothing is due before `paused_until`, as after a failure. `suspended` endpoints are not requested. While
    `awaiting_verdict`, scrapes wait: what the newest responses mean is not known yet.
    """

    collectors: frozenset[str]
    min_interval: float
    maximum_ages: Mapping[str, float]
    states: Mapping[str, EndpointState]
    schedule: Schedule
    gaps: tuple[float, ...] = ()
    scraped_at: float = NEVER
    in_flight: str = ""
    paused_until: float = NEVER
    awaiting_verdict: bool = False
    suspended: frozenset[str] = frozenset()

    @classmethod
    def empty(cls, collectors: frozenset[str], min_interval: float, maximum_ages: Mapping[str, float]) -> Self:
        """The cache of a gateway that was never requested."""
        nothing = Schedule(Documents(), {}, {}, ())
        states = {name: EndpointState() for name in _BY_NAME}
        cache = cls(
            collectors=collectors,
            min_interval=min_interval,
            maximum_ages=maximum_ages,
            states=states,
            schedule=nothing,
        )
        return cache.planned()

    def with_settings(self, collectors: frozenset[str], min_interval: float, maximum_ages: Mapping[str, float]) -> Self:
        """Other collectors, or other ages for what they read. What is due and what is available stays."""
        cache = replace(self, collectors=collectors, min_interval=min_interval, maximum_ages=maximum_ages)
        return cache.planned()

    # --- the next request

    @property
    def documents(self) -> Documents:
        """All that the gateway ever sent, to decide what is installed; must not be read for metrics."""
        return self.schedule.documents

    @property
    def required(self) -> tuple[Endpoint, ...]:
        """The endpoints that this system needs, in the order in which they are requested."""
        return self.schedule.required

    def next(self, now: float) -> tuple[Endpoint, float] | None:
        """The most important due endpoint, and the seconds until it may be requested: 0 if possible."""
        waits = [(self._remaining_interval(endpoint.name, now), endpoint) for endpoint in self.due_endpoints(now)]
        ready = next((endpoint for wait, endpoint in waits if wait == 0), None)
        if ready is not None:
            return ready, 0.0
        return min(((endpoint, wait) for wait, endpoint in waits), key=lambda pair: pair[1], default=None)

    def due_endpoints(self, now: float) -> Iterator[Endpoint]:
        """The endpoints that are due, or will be before a scrape stops waiting for them."""
        if now < self.paused_until:
            return
        for endpoint in self.required:
            state = self.states[endpoint.name]
            # A scrape came since the last request: however long a poll takes, nothing is requested without a scrape.
            due = state.requested_at < self.scraped_at or self.scraped_at == NEVER or state.urgent
            ready = state.due <= now and self._remaining_interval(endpoint.name, now) <= EARLY
            if due and ready and endpoint.name not in self.suspended:
                yield endpoint

    def _remaining_interval(self, name: str, now: float) -> float:
        """Seconds until `min_interval` has passed since the last request."""
        return max(self.states[name].requested_at + self.min_interval - now, 0.0)

    def endpoint(self, name: str) -> Endpoint:
        return _BY_NAME[name]

    def may_request(self, name: str, now: float) -> bool:
        return now >= self.paused_until and self._remaining_interval(name, now) == 0

    def pending(self, since: float, now: float) -> bool:
        """Whether a scrape that came at `since` must still wait."""
        if self.awaiting_verdict:
            return True
        if self.in_flight and self._is_awaited(_BY_NAME[self.in_flight]):
            return True
        due = self.due_endpoints(now)
        return any(self.states[endpoint.name].requested_at < since and self._is_awaited(endpoint) for endpoint in due)

    def _is_awaited(self, endpoint: Endpoint) -> bool:
        state = self.states[endpoint.name]
        return self.schedule.classes[endpoint.name].awaited or state.urgent or not state.is_known

    # --- changes by scrapes and requests

    def scraped(self, now: float) -> Self:
        """A scrape came. The time between scrapes decides how long a document must last."""
        gap = () if self.scraped_at == NEVER else (min(now - self.scraped_at, LONGEST_GAP),)
        return replace(self, gaps=(*self.gaps, *gap)[-_GAPS:], scraped_at=now)

    @property
    def least_grace(self) -> float:
        return max(LEAST_GRACE, 2 * max(self.gaps, default=0.0))

    def requesting(self, name: str, now: float) -> Self:
        """A request is on its way."""
        cache = self._with(name, lambda state: replace(state, requested_at=now))
        return replace(cache, in_flight=name)

    def discarded(self) -> Self:
        """The result of the request on its way does not count."""
        return replace(self, in_flight="")

    def succeeded(self, name: str, content: Json, requested_at: float, duration: float) -> Self:
        """A document came. `requested_at` is in seconds since 1970."""
        age = self.schedule.ages[name]
        cache = self._with(name, lambda state: endpoint_state.succeeded(state, content, requested_at, duration, age))
        return replace(cache, in_flight="").planned()

    def not_available(self, name: str, why: str, now: float, duration: float) -> tuple[Self, bool]:
        """The gateway reports that it does not have this endpoint. False: the report is suspect, not yet accepted."""
        cache = self._with(name, lambda state: replace(state, missing_reports=(*state.missing_reports, now)))
        if not endpoint_state.is_gone(cache.states[name], now):
            return cache, False
        cache = self._with(name, lambda state: endpoint_state.gone(state, why, now, duration))
        return replace(cache, in_flight="").planned(), True

    def failed(
        self,
        name: str,
        error: RequestError,
        now: float,
        duration: float,
        *,
        hung: bool = False,
        wait: float = 0.0,
        jitter: float = 1.0,
    ) -> Self:
        """No document came. `wait`: the seconds that the gateway asks to wait; `jitter`: a factor of the pause."""
        failures = self.states[name].failures
        pause = pause_after_hang(failures, self.schedule.ages[name]) if hung else back_off(failures, self.min_interval)
        due = now + max(pause * jitter, wait)
        cache = self._with(name, lambda state: endpoint_state.failed(state, error, due, duration))
        return replace(cache, in_flight="").planned()

    def postponed(self, name: str, now: float, jitter: float = 1.0) -> Self:
        """The gateway was down after a request of this endpoint."""
        due = now + pause_after_outage(self.states[name].failures) * jitter
        return self._with(name, lambda state: replace(state, due=due))

    def expedited(self, name: str, now: float) -> Self:
        """Due now, or as soon as it may be requested; scrapes wait for it whatever its class is."""
        due = max(now, self.states[name].requested_at + self.min_interval)
        return self._with(name, lambda state: replace(state, due=due, urgent=True))

    def paused(self, until: float) -> Self:
        """Nothing is due before `until`."""
        return replace(self, paused_until=until)

    def recovered(self) -> Self:
        """After an outage: request again what was not available, and what failed together with the gateway."""
        failed_once = {name for name, state in self.states.items() if state.error is not None and state.failures <= 1}
        states = {
            name: replace(state, due=NEVER) if name in failed_once else state for name, state in self.states.items()
        }
        return replace(self, states=states).retry_absent().planned()

    def retry_absent(self) -> Self:
        """Request the absent endpoints again; until the response they stay absent."""
        states = {
            name: state if state.absent is None else replace(state, due=NEVER) for name, state in self.states.items()
        }
        return replace(self, states=states)

    def reset(self) -> Self:
        """The firmware or the gateway has changed: only its `/info` is still valid."""
        states = {
            name: state if name == INFO else EndpointState(requested_at=state.requested_at)
            for name, state in self.states.items()
        }
        return replace(self, states=states).planned()

    def _with(self, name: str, change: Callable[[EndpointState], EndpointState]) -> Self:
        return replace(self, states={**self.states, name: change(self.states[name])})

    # --- readable documents

    def readable(self, now: float) -> Documents:
        """The documents that may be read for metrics: not too old, and no newer request has failed."""
        available = {
            name: replace(state.document, age=now - state.document_requested_at)
            for name, state in self.states.items()
            if state.document is not None and state.error is None and now <= self._expiry(name)
        }
        return replace(self.documents, available=available)

    def _expiry(self, name: str) -> float:
        age = self.schedule.ages[name]
        return self.states[name].document_requested_at + age + max(age, self.least_grace)

    def statuses(self, now: float) -> dict[str, EndpointStatus]:
        """The status of each required endpoint."""
        available = self.readable(now).available
        names = (endpoint.name for endpoint in self.required)
        return {name: _status(self.states[name], available.get(name)) for name in names}

    def until(self, now: float) -> float:
        """The next moment at which an endpoint is due or a document expires; `now` if an endpoint is due already."""
        required = (endpoint.name for endpoint in self.required if endpoint.name not in self.suspended)
        moments = [max(self.states[name].due, self.paused_until) for name in required]
        moments += [self._expiry(name) for name in self.readable(now).available]
        return max(min(moments, default=now), now)

    # --- the schedule

    def planned(self) -> Self:
        """With the schedule that follows from the states. An endpoint that becomes live is due as a live one is."""
        before, after = self.schedule, schedule(self.states, self.collectors, self.min_interval, self.maximum_ages)
        states = dict(self.states)
        for name, state in self.states.items():
            becomes_live = after.classes[name] is LIVE and before.classes.get(name, LIVE) is not LIVE
            if becomes_live and state.document is not None:
                states[name] = replace(state, due=min(state.due, state.requested_at + after.ages[name] - EARLY))
        return replace(self, states=states, schedule=after)


def _status(state: EndpointState, document: Document | None) -> EndpointStatus:
    return EndpointStatus(
        readable=document is not None,
        requested_at=document.requested_at if document else None,
        duration=state.duration,
        absent=state.absent,
        failing=str(state.error) if state.error else None,
    )
