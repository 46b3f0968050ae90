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

from .credentials import Credentials
from .endpoints import Endpoint, demands_credentials
from .errors import BadStatus, GatewayError, NoAnswer, NotHere, Unreachable, Unusable, bare
from .journal import Journal
from .link import Link
from .renewal import Renewal
from .settings import Settings
from .store import Store, back_off

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
class Asking:
    """One request before it is sent. `at` in seconds since 1970, `began` of the monotonic clock, how many `seconds`."""

    link: Link
    endpoint: Endpoint
    auth: httpx.Auth | None
    seen: Documents
    at: float
    began: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """And after it: the content, or the error."""

    asking: Asking
    content: Json
    error: GatewayError | NotHere | None
    took: float


class Worker:
    """Decides and remembers; only `ask()` takes time, and is all that may run without the gateway's lock."""

    def __init__(
        self,
        settings: Settings,
        link: Link,
        *,
        clock: Clock,
        random: Random,
        learn: Callable[[Secret], None],
        renewal: Renewal | None = None,
    ) -> None:
        self.link = link
        self._journal = Journal(settings.name, clock)
        self.credentials = Credentials(settings, random, learn, self._journal, renewal)
        self._learn = learn
        self.store = Store(random, settings.collectors, settings.min_interval, settings.maximum_ages)
        self.requests: Counter[tuple[str, int]] = Counter()
        self.failures: Counter[tuple[str, str]] = Counter()
        self.answering = False
        self.trouble: GatewayError | None = None
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

    def change(self, settings: Settings, link: Link, renewal: Renewal | None = None) -> None:
        """Other settings, and the link that goes with them. Nothing that it asked before is asked for that reason."""
        before, self.link = self.link, link
        self._name, self._min_interval = settings.name, settings.min_interval
        self._journal = Journal(settings.name, self._clock)
        if not self.credentials.follow(settings, self._journal, renewal):
            self.credentials = Credentials(settings, self._random, self._learn, self._journal, renewal)
            self.store.quiet_until = float("-inf")  # what kept it from being asked may be what is right now
            self.store.expedite(documents.INFO, self._clock.monotonic())
        self.store.change(settings.collectors, settings.min_interval, settings.maximum_ages)
        if not self.store.asks:
            before.close()
        if not link.follow(before):
            self.answering = False
            self.store.expedite(documents.INFO, self._clock.monotonic())
        self.credentials.begin_poll()
        seen = self.store.seen()
        if seen.settled(documents.INFO) and (mistaken := self.credentials.mistaken(seen)):
            self._lost(mistaken, 0.0)

    # --- what to ask

    def has_work(self, now: float) -> bool:
        """Is anything due; or are the credentials refused, so that a new token may lie in its file."""
        return self.store.until(now) <= now or self.credentials.accepted is False

    def begin_poll(self) -> None:
        self._journal.summary()
        self.credentials.begin_poll()
        if self._clock.monotonic() > self._settled_at:
            self.store.forget_absent()
            self._settled_at = float("inf")

    def choose(self) -> tuple[Endpoint, float] | None:
        """The next endpoint, and the seconds to hold before it. Until `/info` said who this is, nothing else."""
        now, seen = self._clock.monotonic(), self.store.seen()
        if self.answering:
            judge = self.credentials.judge(seen)
            if judge is not None and self.credentials.may_try(now) and self.store.may_ask(judge, now):
                return self.store.endpoint(judge), 0.0
            if demands_credentials(documents.METERS, seen):
                self._conclude_doubts()
        self.store.blocked = self.credentials.blocked(seen)
        chosen = self.store.next(now)
        return chosen if chosen and (self.answering or chosen[0].name == documents.INFO) else None

    def begin(self, endpoint: Endpoint) -> Asking:
        now, seen = self._clock.monotonic(), self.store.seen()
        self.store.asking(endpoint.name, now)
        auth = None
        if endpoint.name != documents.INFO:
            self.credentials.trying(endpoint.name)
            auth = self.credentials.auth(seen)
        seconds = (
            LONGEST_REQUEST if self.answering else min(FIRST_REQUEST * 2.0 ** min(self._losses, 9), LONGEST_REQUEST)
        )
        return Asking(self.link, endpoint, auth, seen, self._clock.time(), now, seconds)

    def ask(self, asking: Asking) -> Outcome:
        """Send it, and wait for the answer."""
        content: Json = None
        error: GatewayError | NotHere | None = None
        try:
            content = asking.link.ask(asking.endpoint, asking.auth, asking.seen, asking.seconds)
        except (GatewayError, NotHere) as met:
            error = bare(met)
        except Exception as bug:  # of ours or of a library: it costs this endpoint and no other
            level = logging.DEBUG if asking.endpoint.name in self._failing else logging.ERROR
            log.log(level, "gateway %s: a bug of the exporter, please report it", self._name, exc_info=True)
            error = GatewayError("internal", f"a bug of the exporter: {type(bug).__name__}")
        began = asking.link.began
        asked = replace(asking, at=asking.at + began - asking.began)
        return Outcome(asked, content, error, self._clock.monotonic() - began)

    def end_poll(self) -> None:
        self._conclude_doubts()
        self.store.undecided = False
        if self.answering:
            self._losses = 0

    # --- what came of it

    def conclude(self, outcome: Outcome) -> None:
        name, error = outcome.asking.endpoint.name, outcome.error
        if outcome.asking.link is not self.link:
            outcome.asking.link.close()
            self.store.unheard()
            return
        self._conclude(name, outcome, error)
        self.store.undecided = bool(self.credentials.doubtful)

    def _conclude(self, name: str, outcome: Outcome, error: GatewayError | NotHere | None) -> None:
        if error is None and name == documents.INFO:
            error = self._mistaken(outcome.content)
        if error is None:
            self._answered(name, outcome)
        elif isinstance(error, GatewayError):
            self._failed(name, error, outcome.took)
        else:
            self._refused(name, str(error), outcome.took)

    def _answered(self, name: str, outcome: Outcome) -> None:
        self.store.answered(name, outcome.content, outcome.asking.at, outcome.took)
        if name == documents.INFO:
            self._found()
        self.answering = True
        self._unanswered.clear()
        self.credentials.taken(name, self.store.seen())
        self._conclude_doubts(if_for_role=True)
        if name in self._failing:
            self._failing.discard(name)
            self._journal.changed(name, logging.INFO, f"{name} is there again")

    def _refused(self, name: str, why: str, took: float) -> None:
        """It has no such thing, it says."""
        if name == documents.INFO:
            self._failed(name, Unusable("schema", f"it has no /info ({why}): is this a gateway?"), took)
        elif self.store.refused(name, why, self._clock.monotonic(), took):
            log.debug("gateway %s has no %s: %s", self._name, name, why)
            self._unanswered.clear()
            self._failing.discard(name)
            self.credentials.gone(name)
        else:
            self._failed(name, BadStatus(404, why), took)

    def _failed(self, name: str, error: GatewayError, took: float) -> None:
        now = self._clock.monotonic()
        wait = (error.retry_after if isinstance(error, BadStatus) else None) or 0.0
        hung = error.reason in {"timeout", "deadline"}
        self.store.failed(name, error, now, took, hung=hung, wait=wait)
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
            self.store.quiet_until = max(self.store.quiet_until, now + wait)
        if isinstance(error, NoAnswer):
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
        self.store.expedite(documents.INFO, now)
        if self.store.may_ask(documents.INFO, now):
            self.answering = False
        elif doubts >= MOST_DOUBTS:
            self.store.quiet_until = self.store.due(documents.INFO)

    def _mistaken(self, content: Json) -> GatewayError | None:
        """Is it not the gateway that it should be; and what it was before, if that was another, is forgotten."""
        before, after = self.store.seen(), Documents({documents.INFO: Document(content)})
        mistaken = self.credentials.mistaken(after)
        if mistaken is None and documents.INFO in before.at_hand:
            for element, what, words in _WHO:
                old, new = entries.device(before, element), entries.device(after, element)
                if old and new and old != new:
                    self._journal.changed(what, logging.WARNING, f"{words} {new} now, and was {old}")
                    self.store.begin_anew()
                    self.credentials.begin_anew()
        return mistaken

    def _found(self) -> None:
        """It answers, as itself."""
        if not self.answered_once:
            said = (entries.device(self.store.seen(), element) or "?" for element in ("pn", "software"))
            log.info("gateway %s answers: %s, firmware %s", self._name, *said)
            self.answered_once = True
            self._settled_at = self._clock.monotonic() + SETTLING
        elif self._down:
            self._journal.changed("the gateway", logging.INFO, "it answers again")
        if self._down:
            self.store.returned()
            self._settled_at = self._clock.monotonic() + SETTLING
        self._down, self.trouble = False, None

    def _lost(self, error: GatewayError, wait: float) -> None:
        """It does not answer, or not as itself."""
        now = self._clock.monotonic()
        if self.trouble is None or self.trouble.reason != error.reason:
            self._journal.changed("the gateway", logging.ERROR, str(error))
        if self._unanswered:
            self.store.suspend(next(iter(self._unanswered)), now)
        self._unanswered.clear()
        self.answering, self._down, self.trouble = False, True, error
        wait = max(wait, back_off(self._losses, self._min_interval) * self._random.uniform(1.0, 1.2))
        self._losses += 1
        self.store.quiet_until = now + wait
        self.store.expedite(documents.INFO, self.store.quiet_until)
        self.link.forget()

    def _conclude_doubts(self, *, if_for_role: bool = False) -> None:
        """Say what the 401s of this poll meant; `if_for_role`: only if that is known already."""
        credentials, doubtful = self.credentials, list(self.credentials.doubtful)
        for_role = credentials.for_role()
        if not doubtful or (if_for_role and not for_role):
            return
        now = self._clock.monotonic()
        judge = credentials.judge(self.store.seen())
        if not for_role and credentials.accepted is not False and judge and not self.store.may_ask(judge, now):
            # The one that could tell was asked a moment ago: it is asked in the next poll, and nothing is decided now.
            self.failures.update((name, "http_401") for name in doubtful)
            credentials.doubtful.clear()
            return
        if not for_role:
            credentials.refused(self.store.seen(), now, self._clock.time())
        for name in doubtful:
            if not for_role or not self.store.refused(name, "HTTP 401: not for this user's role", now, 0.0):
                self.failures[name, "http_401"] += 1
        credentials.doubtful.clear()
