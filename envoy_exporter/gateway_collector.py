"""The metrics of one gateway: the collectors' readings, and the success and duration of each collector."""

import logging
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector as PrometheusCollector

from .clock import Clock
from .collectors import COLLECTORS, identity
from .collectors.collector import Collector, Context, Settings
from .documents import INFO, METER_READINGS, PRODUCTION, PRODUCTION_JSON, PRODUCTION_V1, Documents
from .families import Family, Reading, collect, counter, describe, gauge, info, label
from .fields import DUPLICATE, MISSING, Rejection
from .gateway.endpoints import ENDPOINTS
from .gateway.gateway import Gateway, Snapshot

__all__ = ["GatewayCollector", "Snapshot", "families"]

log = logging.getLogger(__name__)

Memory = TypeVar("Memory")

INCOMPLETE_FOR = 600.0
"""Seconds for which a document may lack what is required of it: a gateway that has just started sends empty ones."""

_CORE = frozenset({PRODUCTION_JSON, PRODUCTION, PRODUCTION_V1, METER_READINGS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    up: bool = gauge(
        "enphase_up",
        "Whether the gateway answers as itself and /info and a production or meter document are available (1) or"
        " not (0).",
    )
    authenticated: bool | None = gauge(
        "enphase_authenticated",
        "Whether the gateway accepts the credentials (1) or rejects them (0); absent while unknown.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorRun:
    collector: str = label()
    success: bool = gauge(
        "enphase_scrape_collector_success",
        "Whether all documents of the collector are readable (1) or not (0); also 0 if one has lacked required content"
        " for ten minutes. A document that the gateway does not have is not a failure.",
    )
    duration: float | None = gauge(
        "enphase_scrape_collector_duration_seconds", "Duration of the collector's most recent gateway requests."
    )
    last_success: float | None = gauge(
        "enphase_scrape_collector_last_success_timestamp_seconds",
        "Time of the request for the oldest readable document of the collector.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    endpoint: str = label()
    code: str = label()
    requests: int = counter(
        "enphase_gateway_requests_total", "Gateway requests that were answered, by endpoint and status code."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailures:
    endpoint: str = label()
    reason: str = label()
    failures: int = counter(
        "enphase_gateway_request_failures_total", "Failed gateway requests, by endpoint and reason."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    collector: str = label()
    rule: str = label()
    rejected: int = counter(
        "enphase_data_rejected_total",
        "Values of the gateway that data validation rejected, by collector and rule; each is counted once per"
        " document.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTimes:
    expiry: float | None = gauge(
        "enphase_token_expiry_timestamp_seconds", "Time at which the token expires.", fields=("exp",)
    )
    issued: float | None = gauge(
        "enphase_token_issued_timestamp_seconds", "Time at which the token was issued.", fields=("iat",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInfo:
    user: str = label()
    known: bool = info("enphase_token_info", "Role that the token grants: owner or installer.", fields=("enphaseUser",))


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRenewals:
    result: str = label()
    renewals: int = counter(
        "enphase_token_renewals_total",
        "Requests to Enlighten for a token, by result: success, or the reason why there is no token that the"
        " gateway accepts.",
    )


READINGS: tuple[type[Reading], ...] = (
    Scrape,
    CollectorRun,
    Requests,
    RequestFailures,
    Rejected,
    TokenTimes,
    TokenInfo,
    TokenRenewals,
)


def families(collectors: Iterable[Collector[Any]] = COLLECTORS) -> Iterator[Family]:
    """Every family that a gateway can have, in the order in which they are exposed."""
    yield from describe(READINGS)
    for collector in collectors:
        yield from describe(collector.readings)


class GatewayCollector(PrometheusCollector):
    """One gateway as a collector of prometheus_client. It sends no requests: `gateway.scrape()` does."""

    def __init__(self, gateway: Gateway, settings: Settings, clock: Clock) -> None:
        self.gateway = gateway
        self._settings = settings
        self._clock = clock
        self.runs: tuple[Run[Any], ...] = ()
        self._one_at_a_time = threading.Lock()
        self._reported: frozenset[str] = frozenset()
        self.change(gateway.settings.collectors, settings)

    def change(self, names: Collection[str], settings: Settings) -> None:
        """Enable other collectors, or change their settings. Those that stay enabled keep their memory."""
        with self._one_at_a_time:
            running = {run.name: run for run in self.runs}
            self._settings = settings
            self.runs = tuple(
                running.get(collector.name) or Run(collector) for collector in COLLECTORS if collector.name in names
            )

    @property
    def rejections(self) -> list[Rejection]:
        """The values that the latest reading rejected, each once."""
        with self._one_at_a_time:
            return list(dict.fromkeys(rejection for run in self.runs for rejection in run.rejections))

    @property
    def off(self) -> tuple[str, ...]:
        """The names of the disabled collectors."""
        return tuple(collector.name for collector in COLLECTORS if collector.name not in self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the enabled collectors."""
        return tuple(run.name for run in self.runs)

    def describe(self) -> Iterable[Metric]:
        return [family.metric() for family in families(run.collector for run in self.runs)]

    def collect(self) -> Iterable[Metric]:
        return self.families(self.gateway.snapshot())

    def families(self, snapshot: Snapshot, only: Collection[str] = ()) -> list[Metric]:
        """The families of the snapshot that have samples; of the collectors in `only`, if it names any."""
        up = _is_up(snapshot)
        with self._one_at_a_time:
            now = self._clock.time()
            name = self.gateway.settings.name
            read = {run.name: run.metrics(snapshot.documents, self._settings, now, name) for run in self.runs}
            self._log_incomplete(snapshot.documents.available)
            metrics, _ = collect(READINGS, self._scrape(snapshot, up=up))
        for name, those in read.items():
            if (up or name == identity.COLLECTOR.name) and (name in only or not only):
                metrics += those
        return metrics

    def _log_incomplete(self, available: Collection[str]) -> None:
        """One line when an incomplete document has lasted, and one when a complete one follows."""
        suspect = {endpoint for run in self.runs for endpoint in run.suspect}
        incomplete: dict[str, list[str]] = {}
        for run in self.runs:
            for endpoint, names in run.incomplete.items():
                incomplete.setdefault(endpoint, []).append(names)
        gateway = self.gateway.settings.name
        for endpoint in sorted(incomplete.keys() - self._reported):
            names = "; ".join(dict.fromkeys(incomplete[endpoint]))
            log.warning("gateway %s: %s is incomplete, missing: %s", gateway, endpoint, names)
        complete = (self._reported - suspect) & set(available)
        for endpoint in sorted(complete):
            log.info("gateway %s: %s is complete again", gateway, endpoint)
        self._reported = (self._reported - complete) | incomplete.keys()

    def _scrape(self, snapshot: Snapshot, *, up: bool) -> Iterator[Reading]:
        yield Scrape(up=up, authenticated=snapshot.authenticated)
        for run in self.runs:
            yield _grade(run, snapshot)
        for (endpoint, code), count in sorted(snapshot.requests.items()):
            yield Requests(endpoint=endpoint, code=str(code), requests=count)
        for (endpoint, reason), count in sorted(snapshot.failures.items()):
            yield RequestFailures(endpoint=endpoint, reason=reason, failures=count)
        for run in self.runs:
            for rule, count in run.rejected.items():
                yield Rejected(collector=run.name, rule=rule, rejected=count)
        if (token := snapshot.token) is not None:
            yield TokenTimes(expiry=token.expires, issued=token.issued)
            if token.user:
                yield TokenInfo(user=token.user)
        for result, count in snapshot.renewals.items():
            yield TokenRenewals(result=result, renewals=count)


def _is_up(snapshot: Snapshot) -> bool:
    core = [standing for name, standing in snapshot.endpoints.items() if name in _CORE]
    readable = not core or any(standing.readable for standing in core)
    return snapshot.answering and INFO in snapshot.documents.available and readable


def _grade(run: "Run[Any]", snapshot: Snapshot) -> CollectorRun:
    standings = [
        snapshot.endpoints[endpoint.name]
        for endpoint in ENDPOINTS
        if endpoint.name in snapshot.endpoints and endpoint.matters_to(run.name, snapshot.documents)
    ]
    there = all(standing.readable or standing.absent is not None for standing in standings)
    took = [standing.duration for standing in standings if standing.duration is not None]
    asked = [standing.requested_at for standing in standings if standing.requested_at is not None]
    return CollectorRun(
        collector=run.name,
        success=snapshot.answering and there and not run.broken and not run.incomplete,
        duration=sum(took) if took else None,
        last_success=min(asked, default=None),
    )


@dataclass(frozen=True, slots=True)
class _Missing:
    """What a document lacks, and when the first and the last one without it were requested."""

    names: str
    since: float
    until: float


def _missing(
    before: Mapping[str, _Missing],
    rejections: Iterable[Rejection],
    requested_at: Mapping[str, float],
    unknown: frozenset[str],
) -> dict[str, _Missing]:
    """By endpoint, until a complete document comes. `unknown`: those whose documents cannot be judged.

    Ten minutes begin anew if more than that have passed since the last incomplete document, whatever failed meanwhile.
    """
    found = {endpoint: missing for endpoint, missing in before.items() if endpoint not in requested_at.keys() - unknown}
    for rejection in rejections:
        endpoint = rejection.endpoint
        if rejection.rule == MISSING and endpoint in requested_at:
            at = requested_at[endpoint]
            is_lasting = endpoint in before and at - before[endpoint].until <= INCOMPLETE_FOR
            since = min(before[endpoint].since, at) if is_lasting else at
            found[endpoint] = _Missing(rejection.key, since, at)
    return found


class Run(Generic[Memory]):
    """One collector of one gateway, with its memory and the values that it has rejected."""

    def __init__(self, collector: Collector[Memory]) -> None:
        self.collector = collector
        self.name = collector.name
        self.reads = frozenset(endpoint.name for endpoint in ENDPOINTS if self.name in endpoint.readers)
        self.rejected = Counter(dict.fromkeys(collector.rules, 0))
        self.rejections: tuple[Rejection, ...] = ()
        self.broken = False
        self._seen: dict[str, float] = {}
        self._counted: dict[str, float] = {}
        self._before = collector.memory
        self._memory = collector.memory
        self._missing: dict[str, _Missing] = {}
        self._read: frozenset[str] = frozenset()

    @property
    def suspect(self) -> Collection[str]:
        """The endpoints whose latest document that could be judged was incomplete."""
        return self._missing.keys()

    @property
    def incomplete(self) -> dict[str, str]:
        """What documents lack that have lacked it for ten minutes, by endpoint; none that is not read any more."""
        return {
            endpoint: missing.names
            for endpoint, missing in self._missing.items()
            if missing.until - missing.since >= INCOMPLETE_FOR and endpoint in self._read
        }

    def metrics(self, documents: Documents, settings: Settings, now: float, gateway: str) -> list[Metric]:
        """The families of these documents. The same documents may be read often, but are counted and remembered once.

        `_before` is the memory from before these documents: each reading of them starts there, whatever an earlier
        reading remembered. A document that stays while another is new has been read before: the rules with a memory
        know it by its time of request, and what is rejected in it has been counted.
        """
        asked = {name: document.requested_at for name, document in documents.available.items() if name in self.reads}
        new = {name for name in asked if asked[name] != self._counted.get(name)}
        if asked != self._seen:
            self._seen, self._before = asked, self._memory
        self._counted.update(asked)
        try:
            result = self.collector.read(Context(documents, settings, self._before, now))
        except Exception:  # read() is total by its tests; should one have missed something, the rest goes out
            if not self.broken:
                log.exception("the collector %s has a bug, please report it", self.name)
            self.broken = True
            return []
        self.broken = False
        self._memory = result.memory
        self._read = documents.failing | asked.keys()
        self._missing = _missing(self._missing, result.rejections, asked, result.undecided)
        metrics, duplicates = collect(self.collector.readings, result.readings)
        self.rejected.update(rejection.rule for rejection in result.rejections if rejection.endpoint in new)
        self._log_rejections(result.rejections, gateway)
        self.rejections = result.rejections
        if new and duplicates:
            self.rejected[DUPLICATE] += duplicates
        return metrics

    def _log_rejections(self, rejections: Iterable[Rejection], gateway: str) -> None:
        """A line for each value that the reading before accepted, or did not have."""
        for rejection in dict.fromkeys(rejections):
            if rejection not in self.rejections:
                rule, key = rejection.rule, rejection.key or "an element"
                text = "gateway %s: %s: rejected by the rule %s: %s of %s"
                log.debug(text, gateway, self.name, rule, key, rejection.endpoint)
