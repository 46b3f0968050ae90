"""What to ask a gateway next, and what its answer means for the endpoint, for the credentials and for itself.

A failure stays with its endpoint. It is the gateway's when no connection comes about, or when `/info` fails; then
nothing is asked until a back-off is over, and `/info` first. When a request gets no answer, `/info` tells which of
the two it is: it is asked next, as soon as `min_interval` lets it.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import httpx

from envoy_exporter import documents, entries
from envoy_exporter.clock import Clock
from envoy_exporter.documents import Document, Documents, Json
from envoy_exporter.secret import Secret
from envoy_exporter.transport.errors import InvalidResponse, NoResponse, RequestError, Unreachable, bare

from .client import GatewayClient
from .credentials import Credentials
from .endpoint_cache import EndpointCache
from .endpoint_state import back_off
from .endpoints import Endpoint, demands_credentials
from .errors import HTTPStatusError, NotAvailable
from .log_throttle import LogThrottle
from .settings import Settings
from .token_source import TokenSource

log = logging.getLogger(__name__)

LONGEST_REQUEST = 30.0
FIRST_REQUEST = 8.0
"""For `/info` of a gateway that is not known to answer, doubled with each try: a silent one is told in one scrape."""
SETTLING = 600.0
"""Seconds after an outage, or the first contact, in which a gateway may still say that it has nothing."""

MOST_DOUBTS = 3
"""Endpoints in a row that are newly without an answer, and `/info` too young to be asked: nothing more till then."""
_WHO = (("sn", "its serial", "it is another gateway, of serial"), ("software", "its firmware", "its firmware is"))


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """One request before it is sent. `at` in seconds since 1970, `began` of the monotonic clock, how many `seconds`."""

    link: GatewayClient
    endpoint: Endpoint
    auth: httpx.Auth | None
    seen: Documents
    at: float
    began: float
    seconds: float


@dataclass(frozen=True, slots=True)
class RequestResult:
    """And after it: the content, or the error."""

    asking: PendingRequest
    content: Json
    error: RequestError | NotAvailable | None
    took: float


class Poller:
    """Decides and remembers; only `ask()` takes time, and is all that may run without the gateway's lock."""

    def __init__(
        self,
        settings: Settings,
        link: GatewayClient,
        *,
        clock: Clock,
        random: Random,
        learn: Callable[[Secret], None],
        source: TokenSource | None = None,
    ) -> None:
        self.link = link
        self._journal = LogThrottle(settings.name, clock)
        self.credentials = Credentials(settings, random, learn, self._journal, clock, source)
        self._learn = learn
        self.cache = EndpointCache.empty(settings.collectors, settings.min_interval, settings.maximum_ages)
        self.requests: Counter[tuple[str, int]] = Counter()
        self.failures: Counter[tuple[str, str]] = Counter()
        self.answering = False
        self.trouble: RequestError | None = None
        self.answered_once = False
        self._name = settings.name
        self._min_interval = settings.min_interval
        self._clock = clock
        self._random = random
        self._losses = 0
        self._down = False
        self._unanswered: dict[str, bool] = {}
        self._settled_at = float("inf")
        self._failing: set[str] = set()

    def change(self, settings: Settings, link: GatewayClient, source: TokenSource | None = None) -> None:
        """Other settings, and the link that goes with them. Nothing that it asked before is asked for that reason."""
        before, self.link = self.link, link
        self._name, self._min_interval = settings.name, settings.min_interval
        self._journal = LogThrottle(settings.name, self._clock)
        if not self.credentials.follow(settings, self._journal, source):
            self.credentials = Credentials(settings, self._random, self._learn, self._journal, self._clock, source)
            self.cache = self.cache.quiet(float("-inf"))  # what kept it from being asked may be what is right now
            self.cache = self.cache.expedited(documents.INFO, self._clock.monotonic())
        self.cache = self.cache.with_settings(settings.collectors, settings.min_interval, settings.maximum_ages)
        if not self.cache.in_flight:
            before.close()
        if not link.follow(before):
            self.answering = False
            self.cache = self.cache.expedited(documents.INFO, self._clock.monotonic())
        self.credentials.begin_poll()
        seen = self.cache.seen
        if seen.settled(documents.INFO) and (mistaken := self.credentials.mistaken(seen)):
            self._lost(mistaken, 0.0)

    # --- what to ask

    def has_work(self, now: float) -> bool:
        """Is anything due; or are the credentials refused, so that a new token may lie in its file."""
        return self.cache.until(now) <= now or self.credentials.accepted is False

    def begin_poll(self) -> None:
        self._journal.summary()
        self.credentials.begin_poll()
        if self._clock.monotonic() > self._settled_at:
            self.cache = self.cache.retry_absent()
            self._settled_at = float("inf")

    def choose(self) -> tuple[Endpoint, float] | None:
        """The next endpoint, and the seconds to hold before it. Until `/info` said who this is, nothing else."""
        now, seen = self._clock.monotonic(), self.cache.seen
        if self.answering:
            judge = self.credentials.judge(seen)
            if judge is not None and self.credentials.may_try(now) and self.cache.may_request(judge, now):
                return self.cache.endpoint(judge), 0.0
            if demands_credentials(documents.METERS, seen):
                self._conclude_doubts()
        self.cache = replace(self.cache, suspended=self.credentials.blocked(seen))
        chosen = self.cache.next(now)
        return chosen if chosen and (self.answering or chosen[0].name == documents.INFO) else None

    def begin(self, endpoint: Endpoint) -> PendingRequest:
        now, seen = self._clock.monotonic(), self.cache.seen
        self.cache = self.cache.requesting(endpoint.name, now)
        auth = None
        if endpoint.name != documents.INFO:
            self.credentials.trying(endpoint.name)
            auth = self.credentials.auth(seen)
        seconds = (
            LONGEST_REQUEST if self.answering else min(FIRST_REQUEST * 2.0 ** min(self._losses, 9), LONGEST_REQUEST)
        )
        return PendingRequest(self.link, endpoint, auth, seen, self._clock.time(), now, seconds)

    def ask(self, asking: PendingRequest) -> RequestResult:
        """Send it, and wait for the answer."""
        content: Json = None
        error: RequestError | NotAvailable | None = None
        try:
            content = asking.link.ask(asking.endpoint, asking.auth, asking.seen, asking.seconds)
        except (RequestError, NotAvailable) as met:
            error = bare(met)
        except Exception as bug:  # of ours or of a library: it costs this endpoint and no other
            level = logging.DEBUG if asking.endpoint.name in self._failing else logging.ERROR
            log.log(level, "gateway %s: a bug of the exporter, please report it", self._name, exc_info=True)
            error = RequestError("internal", f"a bug of the exporter: {type(bug).__name__}")
        began = asking.link.began
        asked = replace(asking, at=asking.at + began - asking.began)
        return RequestResult(asked, content, error, self._clock.monotonic() - began)

    def end_poll(self) -> None:
        self._conclude_doubts()
        self.cache = replace(self.cache, awaiting_verdict=False)
        if self.answering:
            self._losses = 0

    # --- what came of it

    def conclude(self, outcome: RequestResult) -> None:
        name, error = outcome.asking.endpoint.name, outcome.error
        if outcome.asking.link is not self.link:
            outcome.asking.link.close()
            self.cache = self.cache.discarded()
            return
        self._conclude(name, outcome, error)
        self.cache = replace(self.cache, awaiting_verdict=bool(self.credentials.doubtful))

    def _conclude(self, name: str, outcome: RequestResult, error: RequestError | NotAvailable | None) -> None:
        if error is None and name == documents.INFO:
            error = self._mistaken(outcome.content)
        if error is None:
            self._answered(name, outcome)
        elif isinstance(error, RequestError):
            self._failed(name, error, outcome.took)
        else:
            self._refused(name, str(error), outcome.took)

    def _answered(self, name: str, outcome: RequestResult) -> None:
        self.cache = self.cache.answered(name, outcome.content, outcome.asking.at, outcome.took)
        if name == documents.INFO:
            self._found()
        self.answering = True
        self._unanswered.clear()
        self.credentials.taken(name, self.cache.seen)
        self._conclude_doubts(if_for_role=True)
        if name in self._failing:
            self._failing.discard(name)
            self._journal.changed(name, logging.INFO, f"{name} is there again")

    def _refused(self, name: str, why: str, took: float) -> None:
        """It has no such thing, it says."""
        if name == documents.INFO:
            self._failed(name, InvalidResponse("schema", f"it has no /info ({why}): is this a gateway?"), took)
        elif self._is_gone(name, why, took):
            log.debug("gateway %s has no %s: %s", self._name, name, why)
            self._unanswered.clear()
            self._failing.discard(name)
            self.credentials.gone(name)
        else:
            self._failed(name, HTTPStatusError(404, why), took)

    def _is_gone(self, name: str, why: str, took: float) -> bool:
        self.cache, gone = self.cache.not_available(name, why, self._clock.monotonic(), took)
        return gone

    def _failed(self, name: str, error: RequestError, took: float) -> None:
        now = self._clock.monotonic()
        wait = (error.retry_after if isinstance(error, HTTPStatusError) else None) or 0.0
        hung = error.reason in {"timeout", "deadline"}
        jitter = self._random.uniform(1.0, 1.2)
        self.cache = self.cache.failed(name, error, now, took, hung=hung, wait=wait, jitter=jitter)
        if error.reason == "http_401" and name != documents.INFO:
            self._unanswered.clear()
            self.credentials.doubted(name)
            self._conclude_doubts(if_for_role=True)
            return
        self.failures[name, error.reason] += 1
        if name == documents.INFO or isinstance(error, Unreachable):
            self._lost(error, wait)
            return
        known = name in self._failing
        if not known:
            self._failing.add(name)
            self._journal.changed(name, logging.WARNING, f"no {name}: {error}")
            self.cache = self.cache.quiet(max(self.cache.quiet_until, now + wait))
        if isinstance(error, NoResponse):
            self._unanswered.setdefault(name, known)
            self._doubt(now, hung=hung)
        else:
            self._unanswered.clear()

    def _doubt(self, now: float, *, hung: bool) -> None:
        """No answer: is it the endpoint or the gateway? `/info` tells, as soon as it may be asked.

        Endpoints that are known to break by themselves say nothing of the gateway; a hang is worth asking each time.
        """
        doubts = sum(not known for known in self._unanswered.values())
        if not hung and not doubts:
            return
        self.cache = self.cache.expedited(documents.INFO, now)
        if self.cache.may_request(documents.INFO, now):
            self.answering = False
        elif doubts >= MOST_DOUBTS:
            self.cache = self.cache.quiet(self.cache.states[documents.INFO].due)

    def _mistaken(self, content: Json) -> RequestError | None:
        """Is it not the gateway that it should be; and what it was before, if that was another, is forgotten."""
        before, after = self.cache.seen, Documents({documents.INFO: Document(content)})
        mistaken = self.credentials.mistaken(after)
        if mistaken is None and documents.INFO in before.at_hand:
            for element, what, words in _WHO:
                old, new = entries.device(before, element), entries.device(after, element)
                if old and new and old != new:
                    self._journal.changed(what, logging.WARNING, f"{words} {new} now, and was {old}")
                    self.cache = self.cache.reset()
                    self.credentials.begin_anew()
        return mistaken

    def _found(self) -> None:
        """It answers, as itself."""
        if not self.answered_once:
            said = (entries.device(self.cache.seen, element) or "?" for element in ("pn", "software"))
            log.info("gateway %s answers: %s, firmware %s", self._name, *said)
            self.answered_once = True
            self._settled_at = self._clock.monotonic() + SETTLING
        elif self._down:
            self._journal.changed("the gateway", logging.INFO, "it answers again")
        if self._down:
            self.cache = self.cache.recovered()
            self._settled_at = self._clock.monotonic() + SETTLING
        self._down, self.trouble = False, None

    def _lost(self, error: RequestError, wait: float) -> None:
        """It does not answer, or not as itself."""
        now = self._clock.monotonic()
        if self.trouble is None or self.trouble.reason != error.reason:
            self._journal.changed("the gateway", logging.ERROR, str(error))
        if self._unanswered:
            jitter = self._random.uniform(1.0, 1.2)
            self.cache = self.cache.postponed(next(iter(self._unanswered)), now, jitter)
        self._unanswered.clear()
        self.answering, self._down, self.trouble = False, True, error
        wait = max(wait, back_off(self._losses, self._min_interval) * self._random.uniform(1.0, 1.2))
        self._losses += 1
        self.cache = self.cache.quiet(now + wait).expedited(documents.INFO, now + wait)
        self.link.forget()

    def _conclude_doubts(self, *, if_for_role: bool = False) -> None:
        """Say what the 401s of this poll meant; `if_for_role`: only if that is known already."""
        credentials, doubtful = self.credentials, list(self.credentials.doubtful)
        for_role = credentials.for_role()
        if not doubtful or (if_for_role and not for_role):
            return
        now = self._clock.monotonic()
        judge = credentials.judge(self.cache.seen)
        if not for_role and credentials.accepted is not False and judge and not self.cache.may_request(judge, now):
            # The one that could tell was asked a moment ago: it is asked in the next poll, and nothing is decided now.
            self.failures.update((name, "http_401") for name in doubtful)
            credentials.doubtful.clear()
            return
        if not for_role:
            credentials.refused(self.cache.seen, now, self._clock.time())
        for name in doubtful:
            if not for_role or not self._is_gone(name, "HTTP 401: not for this user's role", 0.0):
                self.failures[name, "http_401"] += 1
        credentials.doubtful.clear()
