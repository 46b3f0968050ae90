"""The metrics of one gateway: the collectors' readings, and the success and duration of each collector."""

import logging
import threading
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector as PrometheusCollector

from .clock import Clock
from .collector_runner import CollectorRunner
from .collectors import COLLECTORS, identity
from .collectors.collector import Collector, Settings
from .documents import INFO, METER_READINGS, PRODUCTION, PRODUCTION_JSON, PRODUCTION_V1
from .families import Family, Reading, collect, describe
from .fields import Rejection
from .gateway.endpoints import ENDPOINTS
from .gateway.gateway import Gateway, Snapshot
from .gateway_readings import (
    READINGS,
    CollectorStatus,
    RejectedValues,
    RequestFailures,
    Requests,
    Scrape,
    TokenInfo,
    TokenRenewals,
    TokenTimes,
)

__all__ = ["READINGS", "GatewayCollector", "Snapshot", "families"]

log = logging.getLogger(__name__)

_CORE = frozenset({PRODUCTION_JSON, PRODUCTION, PRODUCTION_V1, METER_READINGS})


def families(collectors: Iterable[Collector[Any]] = COLLECTORS) -> Iterator[Family]:
    """Every family of a gateway, in the order in which they are exposed."""
    yield from describe(READINGS)
    for collector in collectors:
        yield from describe(collector.readings)


class GatewayCollector(PrometheusCollector):
    """The collector of prometheus_client for one gateway. It sends no requests: `gateway.scrape()` does."""

    def __init__(self, gateway: Gateway, settings: Settings, clock: Clock) -> None:
        self.gateway = gateway
        self._settings = settings
        self._clock = clock
        self.runs: tuple[CollectorRunner[Any], ...] = ()
        self._lock = threading.Lock()
        self._reported: frozenset[str] = frozenset()
        self.change(gateway.settings.collectors, settings)

    def change(self, names: Collection[str], settings: Settings) -> None:
        """Change the enabled collectors and their settings. Collectors that stay enabled keep their memory."""
        with self._lock:
            running = {run.name: run for run in self.runs}
            self._settings = settings
            self.runs = tuple(
                running.get(collector.name) or CollectorRunner(collector)
                for collector in COLLECTORS
                if collector.name in names
            )

    @property
    def rejections(self) -> list[Rejection]:
        """The values that the latest reading rejected, without duplicates."""
        with self._lock:
            return list(dict.fromkeys(rejection for run in self.runs for rejection in run.rejections))

    @property
    def disabled(self) -> tuple[str, ...]:
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

    def families(self, snapshot: Snapshot, only: Collection[str] | None = None) -> list[Metric]:
        """The families of the snapshot that have samples; if `only` is not None, of the collectors that it names."""
        up = _is_up(snapshot)
        with self._lock:
            now = self._clock.time()
            name = self.gateway.settings.name
            read = {run.name: run.metrics(snapshot.documents, self._settings, now, name) for run in self.runs}
            self._log_incomplete(snapshot)
            metrics, _ = collect(READINGS, self._scrape(snapshot, up=up))
        for name, families in read.items():
            if (up or name == identity.COLLECTOR.name) and (only is None or name in only):
                metrics += families
        return metrics

    def _log_incomplete(self, snapshot: Snapshot) -> None:
        """Log a document that has been incomplete for ten minutes, once, and the first complete one after it."""
        documents = snapshot.documents
        suspect = {endpoint for run in self.runs for endpoint in run.suspect}
        incomplete: dict[str, list[str]] = {}
        for run in self.runs:
            for endpoint, names in run.incomplete.items():
                incomplete.setdefault(endpoint, []).append(names)
        gateway = self.gateway.settings.name
        for endpoint in sorted(incomplete.keys() - self._reported):
            names = "; ".join(dict.fromkeys(incomplete[endpoint]))
            log.warning("document incomplete", extra={"gateway": gateway, "endpoint": endpoint, "missing": names})
        complete = (self._reported - suspect) & documents.available.keys()
        for endpoint in sorted(complete):
            log.info("document complete again", extra={"gateway": gateway, "endpoint": endpoint})
        self._reported = (self._reported - complete) | incomplete.keys()
        if snapshot.reachable:  # a document that is no longer polled is logged again if it is incomplete later
            self._reported &= {*documents.available, *documents.failing, *snapshot.endpoints}

    def _scrape(self, snapshot: Snapshot, *, up: bool) -> Iterator[Reading]:
        yield Scrape(up=up, authenticated=snapshot.authenticated)
        for run in self.runs:
            yield _status(run, snapshot)
        for (endpoint, code), count in sorted(snapshot.requests.items()):
            yield Requests(endpoint=endpoint, code=str(code), requests=count)
        for (endpoint, reason), count in sorted(snapshot.failures.items()):
            yield RequestFailures(endpoint=endpoint, reason=reason, failures=count)
        for run in self.runs:
            for rule, count in run.rejected.items():
                yield RejectedValues(collector=run.name, rule=rule, rejected=count)
        if (token := snapshot.token) is not None:
            yield TokenTimes(expiry=token.expires, issued=token.issued)
            if token.user:
                yield TokenInfo(user=token.user)
        for result, count in snapshot.renewals.items():
            yield TokenRenewals(result=result, renewals=count)


def _is_up(snapshot: Snapshot) -> bool:
    core = [state for name, state in snapshot.endpoints.items() if name in _CORE]
    readable = not core or any(state.readable for state in core)
    return snapshot.reachable and INFO in snapshot.documents.available and readable


def _status(run: CollectorRunner[Any], snapshot: Snapshot) -> CollectorStatus:
    states = [
        snapshot.endpoints[endpoint.name]
        for endpoint in ENDPOINTS
        if endpoint.name in snapshot.endpoints and endpoint.matters_to(run.name, snapshot.documents)
    ]
    readable = all(state.readable or state.absent is not None for state in states)
    durations = [state.duration for state in states if state.duration is not None]
    return CollectorStatus(
        collector=run.name,
        success=snapshot.reachable and readable and not run.broken and not run.incomplete,
        duration=sum(durations) if durations else None,
        last_success=min((state.requested_at for state in states if state.requested_at is not None), default=None),
    )
