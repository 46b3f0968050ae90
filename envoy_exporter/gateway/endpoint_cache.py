"""The documents of one gateway: how old each is, which is due, which can still be read.

Times are of a monotonic clock, in seconds. Nothing here waits or speaks to anybody.
"""

import dataclasses
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from envoy_exporter import documents
from envoy_exporter.documents import Document, Documents, Json
from envoy_exporter.transport.errors import RequestError, Unreachable

from .endpoints import ENDPOINTS, LIVE, Class, Endpoint

EARLY = 1.0
"""An endpoint is due this long before its maximum age, so that a scrape interval equal to an age does not alias."""
LEAST_GRACE = 75.0
LONGEST_GAP = 600.0
"""A pause between scrapes beyond this is no interval of theirs: nobody was looking."""
ABSENT_FOR = 6 * 3600.0
GONE_AFTER, GONE_REFUSALS = 600.0, 3
LONGEST_BACK_OFF = 120.0
SUSPENSION, LONGEST_SUSPENSION = 60.0, 500.0
"""Ten minutes at most with the jitter: within them all is back that the gateway has again."""
_NEVER = float("-inf")
_FIRST = (documents.INFO, documents.METERS)


@dataclass(slots=True)
class _State:
    """One endpoint. The newest asking brought `document`, or `absent` says why not, or `error` does.

    A document stays when a later asking fails: it cannot be read any more, but still shows what is on the roof.
    """

    asked: float = _NEVER
    took: float | None = None
    due: float = _NEVER
    document: Document | None = None
    document_asked: float = _NEVER
    earlier: Document | None = None
    absent: str | None = None
    error: RequestError | None = None
    failures: int = 0
    refusals: list[float] = field(default_factory=list)
    answered: bool = False
    urgent: bool = False

    @property
    def settled(self) -> bool:
        return self.document is not None or self.absent is not None


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """How a wanted endpoint stands. `asked`: when its readable document was asked for, in seconds since 1970."""

    readable: bool
    asked: float | None
    took: float | None
    absent: str | None
    failing: str | None


class EndpointCache:
    """One gateway's documents. `maximum_ages`: by collector, where the config gives its endpoints another age.

    `quiet_until`: nothing is due before, as after a failure. `blocked`: not to be asked, as long as it is in there.
    `undecided`: what the newest answers mean is not known yet, and scrapes wait for it.
    """

    def __init__(
        self, random: Random, collectors: frozenset[str], min_interval: float, maximum_ages: Mapping[str, float]
    ) -> None:
        self._random = random
        self._endpoints = {endpoint.name: endpoint for endpoint in ENDPOINTS}
        self._states = {name: _State() for name in self._endpoints}
        self._gaps: deque[float] = deque(maxlen=4)
        self._scraped = _NEVER
        self._in_flight = ""
        self._plan: list[Endpoint] | None = None
        self._classes: dict[str, Class] = {}
        self.quiet_until = _NEVER
        self.undecided = False
        self.blocked: frozenset[str] = frozenset()
        self.change(collectors, min_interval, maximum_ages)

    def change(self, collectors: frozenset[str], min_interval: float, maximum_ages: Mapping[str, float]) -> None:
        """Other collectors, or other ages for what they read. What is due, and what is there, stays."""
        self._collectors, self._min_interval, self._maximum_ages = collectors, min_interval, maximum_ages
        self._plan = None
        self._classify()

    def _classify(self) -> None:
        """The class and the age of each endpoint; one that becomes live is due as soon as a live one is."""
        seen, before = self.seen(), self._classes
        self._classes = {endpoint.name: endpoint.class_for(seen) for endpoint in ENDPOINTS}
        self._ages = {endpoint.name: self._age(endpoint) for endpoint in ENDPOINTS}
        for name, state in self._states.items():
            if self._classes[name] is LIVE and before.get(name, LIVE) is not LIVE and state.document is not None:
                state.due = min(state.due, state.asked + self._ages[name] - EARLY)

    def _age(self, endpoint: Endpoint) -> float:
        age, maximum_ages = self._classes[endpoint.name], self._maximum_ages
        usual = self._min_interval if age.maximum_age is None else age.maximum_age
        readers = endpoint.readers & self._collectors
        ages = [maximum_ages.get(reader, usual) for reader in (readers - endpoint.guests.keys() or readers)]
        if not age.awaited:
            ages = [max(age, usual) for age in ages]  # what is slow changes no faster for whoever wants its reader soon
        return max(min(ages, default=usual), self._min_interval)

    # --- what to ask

    def seen(self) -> Documents:
        """All that the gateway ever said, to judge by what is on the roof; not to be read for numbers."""
        return Documents(
            {name: state.document for name, state in self._states.items() if state.document is not None},
            frozenset(name for name, state in self._states.items() if state.absent is not None),
            frozenset(name for name, state in self._states.items() if state.error is not None),
            {name: state.earlier for name, state in self._states.items() if state.earlier is not None},
            frozenset(name for name, state in self._states.items() if state.answered),
        )

    def wanted(self) -> list[Endpoint]:
        """The endpoints that this plant has a use for, in the order in which they are asked."""
        if self._plan is None:
            self._classify()
            seen = self.seen()
            wanted = (each for each in self._endpoints.values() if self._is_read(each) and each.wanted(seen))
            self._plan = sorted(wanted, key=self._rank)
        return self._plan

    def _is_read(self, endpoint: Endpoint) -> bool:
        return endpoint.name == documents.INFO or bool(endpoint.readers & self._collectors)

    def _rank(self, endpoint: Endpoint) -> tuple[float, int]:
        """`/info` says whose gateway it is, `/ivp/meters` what else to ask; then the fastest first."""
        if endpoint.name in _FIRST and (endpoint.name == documents.INFO or not self._states[endpoint.name].settled):
            return _NEVER, _FIRST.index(endpoint.name)
        return self._classes[endpoint.name].maximum_age or 0, list(self._endpoints).index(endpoint.name)

    def next(self, now: float) -> tuple[Endpoint, float] | None:
        """The most important due endpoint, and how long to hold until it may be asked: 0 wherever possible."""
        holds = [(self._hold(endpoint.name, now), endpoint) for endpoint in self._due(now)]
        ready = next((endpoint for hold, endpoint in holds if hold == 0), None)
        if ready is not None:
            return ready, 0.0
        return min(((endpoint, hold) for hold, endpoint in holds), key=lambda each: each[1], default=None)

    def _due(self, now: float) -> Iterator[Endpoint]:
        if now < self.quiet_until:
            return
        for endpoint in self.wanted():
            state = self._states[endpoint.name]
            # Somebody came since it was asked: however long a poll takes, nothing is asked without a scrape.
            wanted = state.asked < self._scraped or self._scraped == _NEVER or state.urgent
            ready = state.due <= now and self._hold(endpoint.name, now) <= EARLY
            if wanted and ready and endpoint.name not in self.blocked:
                yield endpoint

    def _hold(self, name: str, now: float) -> float:
        """Never within `min_interval` of its last asking."""
        return max(self._states[name].asked + self._min_interval - now, 0.0)

    def endpoint(self, name: str) -> Endpoint:
        return self._endpoints[name]

    def may_ask(self, name: str, now: float) -> bool:
        return now >= self.quiet_until and self._hold(name, now) == 0

    def due(self, name: str) -> float:
        return self._states[name].due

    def pending(self, since: float, now: float) -> bool:
        """Must a scrape that came at `since` still wait."""
        if self.undecided:
            return True
        if self._in_flight and self._is_awaited(self._endpoints[self._in_flight]):
            return True
        return any(self._states[e.name].asked < since and self._is_awaited(e) for e in self._due(now))

    def _is_awaited(self, endpoint: Endpoint) -> bool:
        state = self._states[endpoint.name]
        return self._classes[endpoint.name].awaited or state.urgent or not state.settled

    # --- what came of it

    def scraped(self, now: float) -> bool:
        """A scrape came; how far apart they come says how long a document must last. True: less long than before."""
        before = self._least_grace
        if self._scraped != _NEVER:
            self._gaps.append(min(now - self._scraped, LONGEST_GAP))
        self._scraped = now
        return self._least_grace < before

    @property
    def _least_grace(self) -> float:
        return max(LEAST_GRACE, 2 * max(self._gaps, default=0.0))

    def asking(self, name: str, now: float) -> None:
        self._in_flight = name
        self._states[name].asked = now

    @property
    def asks(self) -> bool:
        """Is a request under way."""
        return bool(self._in_flight)

    def unheard(self) -> None:
        """What came of the request under way does not count."""
        self._in_flight = ""

    def answered(self, name: str, content: Json, asked_at: float, took: float) -> None:
        """A document came. `asked_at` is when it was asked for, in seconds since 1970."""
        self._in_flight, self._plan = "", None
        self._classify()
        asked = self._states[name].asked
        document = Document(content, asked=asked_at, took=took)
        due = asked + self._ages[name] - EARLY
        earlier = self._states[name].document
        self._states[name] = _State(
            asked=asked, took=took, due=due, document=document, document_asked=asked, earlier=earlier, answered=True
        )

    def refused(self, name: str, why: str, now: float, took: float) -> bool:
        """The gateway says that it has no such thing; True if it is believed.

        What has answered on this firmware is gone only after three refusals over ten minutes, and asked again sooner:
        while it starts, a gateway says 404 to anything.
        """
        state = self._states[name]
        refusals = [*state.refusals, now]
        doubtful = state.answered and state.absent is None
        if doubtful and (len(refusals) < GONE_REFUSALS or now - refusals[0] < GONE_AFTER):
            state.refusals = refusals
            return False
        self._in_flight, self._plan = "", None
        due = now + (GONE_AFTER if state.answered else ABSENT_FOR)
        self._states[name] = _State(asked=state.asked, took=took, due=due, absent=why, answered=state.answered)
        return True

    def failed(
        self, name: str, error: RequestError, now: float, took: float, *, hung: bool = False, wait: float = 0.0
    ) -> None:
        """No document came. One that hangs keeps all others waiting, so it is asked less and less.

        `wait`: the seconds for which the gateway asks to be left alone.
        """
        self._in_flight, self._plan = "", None
        state = self._states[name]
        state.error, state.took, state.absent, state.urgent = error, took, None, False
        if hung:
            pause = min(self._ages[name] * 2.0 ** min(state.failures, 10), LONGEST_SUSPENSION)
        else:
            pause = back_off(state.failures, self._min_interval)
        state.failures += not isinstance(error, Unreachable)  # which is none of its own
        state.due = now + max(pause * self._random.uniform(1.0, 1.2), wait)

    def suspend(self, name: str, now: float) -> None:
        """After asking it the gateway was gone. Should that happen again and again, it is what kills it."""
        state = self._states[name]
        pause = min(SUSPENSION * 2.0 ** min(state.failures, 10), LONGEST_SUSPENSION)
        state.due = now + pause * self._random.uniform(1.0, 1.2)

    def expedite(self, name: str, now: float) -> None:
        """Make it due now, or as soon as it may be asked; scrapes wait for it whatever its class."""
        state = self._states[name]
        state.due, state.urgent = max(now, state.asked + self._min_interval), True

    def returned(self) -> None:
        """The gateway is back after an outage: what it said it had not is asked anew, and what failed with it."""
        self._plan = None
        for state in self._states.values():
            if state.error is not None and state.failures <= 1:
                state.due = _NEVER
        self.forget_absent()

    def forget_absent(self) -> None:
        """Ask again for what is not there; until the answer it stays so."""
        for state in self._states.values():
            if state.absent is not None:
                state.due = _NEVER

    def begin_anew(self) -> None:
        """Another firmware, or another gateway: only what `/info` says of it holds."""
        self._plan = None
        for name, state in self._states.items():
            if name != documents.INFO:
                self._states[name] = _State(asked=state.asked)

    # --- what can be read

    def at_hand(self, now: float) -> Documents:
        """What can be read for numbers: not too old, and no newer asking has failed."""
        readable = {
            name: dataclasses.replace(state.document, age=now - state.document_asked)
            for name, state in self._states.items()
            if state.document is not None and state.error is None and now <= self._expiry(name)
        }
        return dataclasses.replace(self.seen(), at_hand=readable)

    def _expiry(self, name: str) -> float:
        age = self._ages[name]
        return self._states[name].document_asked + age + max(age, self._least_grace)

    def standings(self, now: float) -> dict[str, EndpointStatus]:
        """How each wanted endpoint stands."""
        at_hand = self.at_hand(now).at_hand
        standings = {}
        for endpoint in self.wanted():
            state, document = self._states[endpoint.name], at_hand.get(endpoint.name)
            standings[endpoint.name] = EndpointStatus(
                readable=document is not None,
                asked=document.asked if document else None,
                took=state.took,
                absent=state.absent,
                failing=str(state.error) if state.error else None,
            )
        return standings

    def until(self, now: float) -> float:
        """The next moment at which anything is due or no longer readable; `now` if something is due already."""
        moments = [max(self._states[e.name].due, self.quiet_until) for e in self.wanted() if e.name not in self.blocked]
        moments += [self._expiry(name) for name in self.at_hand(now).at_hand]
        return max(min(moments, default=now), now)


def back_off(failures: int, min_interval: float) -> float:
    """Seconds to wait after so many failures before: from `min_interval`, doubling, to two minutes."""
    return min(min_interval * 2.0 ** min(failures, 10), max(LONGEST_BACK_OFF, min_interval))
