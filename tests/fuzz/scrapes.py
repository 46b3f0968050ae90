"""A scrape without sockets: bodies become documents, and the collector makes families of them.

Only families that changed are parsed: an exposition is the sequence of its families, and those of the unmutated
gateway were parsed once. One of a few hundred expositions is parsed completely.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from prometheus_client.metrics_core import Metric
from support.clock import ManualClock
from support.exposition import Key, key, parsed, parsed_openmetrics
from support.gateways import unpolled_gateway

from envoy_exporter import documents
from envoy_exporter.collector_runner import CollectorRunner
from envoy_exporter.collectors.collector import Context, PlacedInverter, Settings
from envoy_exporter.documents import Document, Documents
from envoy_exporter.gateway import responses
from envoy_exporter.gateway.endpoint_cache import EndpointStatus
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_exporter.gateway.errors import NotAvailable
from envoy_exporter.gateway_collector import GatewayCollector, Snapshot
from envoy_exporter.transport.client import Response
from envoy_exporter.transport.errors import RequestError
from envoy_exporter.web.exposition import Format
from fuzz.gateways import GatewayBodies

REJECTIONS = "enphase_data_rejected"
_SETTINGS = Settings(inverters=(PlacedInverter(serial="122000000001", array="south", peak_power=370),))
FULL_CHECK_INTERVAL = 50
"""One of so many scrapes is also read without the cache, to compare both."""


@dataclass(frozen=True)
class Scrape:
    """The families by name, and the collectors that raised."""

    available: frozenset[str]
    families: Mapping[str, Metric]
    broken: tuple[str, ...]

    @cached_property
    def samples(self) -> dict[Key, float]:
        """Without the counters of rejected values."""
        return {
            key(sample.name, **sample.labels): sample.value
            for metric in self.families.values()
            if metric.name != REJECTIONS
            for sample in metric.samples
        }

    @property
    def up(self) -> bool:
        return self.samples["enphase_up", frozenset()] == 1

    def differing(self, other: "Scrape") -> list[str]:
        """The families that differ, those of rejected values included."""
        names = self.families.keys() | other.families.keys()
        return sorted(name for name in names if _samples(self, name) != _samples(other, name))

    def render(self, names: list[str] | None = None) -> str:
        """The text of these families, or of all. Both formats are validated."""
        metrics = [metric for name, metric in self.families.items() if names is None or name in names]
        for metric in metrics:
            for sample in metric.samples:
                assert math.isfinite(sample.value), sample
                assert all(value.isprintable() for value in sample.labels.values()), sample
                assert all(len(value) <= 96 for value in sample.labels.values()), sample
        text, openmetrics = (kind.render(metrics).decode() for kind in (Format.TEXT, Format.OPENMETRICS))
        _assert_valid(text, openmetrics)
        return text


@lru_cache(maxsize=4096)
def _assert_valid(text: str, openmetrics: str) -> None:
    """Cached, because many mutations have the same result."""
    assert parsed(text).samples == parsed_openmetrics(openmetrics).samples


def _samples(scrape: Scrape, name: str) -> object:
    metric = scrape.families.get(name)
    return metric.samples if metric else None


class _TrackedDocuments(dict[str, Document]):
    """Documents that record which of them were requested."""

    def __init__(self, available: Mapping[str, Document]) -> None:
        super().__init__(available)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Document:
        self.names.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Document | None = None) -> Document | None:  # type: ignore[override]
        self.names.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return super().__contains__(name)


class _CachedRun:
    """What a collector read from the unmutated documents, used in place of its run."""

    def __init__(self, run: CollectorRunner[Any], current: Documents, now: float) -> None:
        requested = _TrackedDocuments(current.available)
        run.collector.read(Context(Documents(requested), _SETTINGS, run.collector.memory, now))
        self.requested = requested.names
        self.cached = run.metrics(current, _SETTINGS, now, "home")
        self.collector, self.name, self.broken = run.collector, run.name, run.broken
        self.rejected, self.rejections = run.rejected, run.rejections
        self.suspect, self.incomplete = run.suspect, run.incomplete

    def metrics(self, *_: object) -> list[Metric]:
        return self.cached


class Exporter:
    """The exporter of one gateway. Each scrape is the first one.

    A collector that did not request a changed document has the same result as before, because it is a pure function:
    that result is cached. One of fifty scrapes does not use the cache, and is compared.
    """

    def __init__(self, gateway: GatewayBodies) -> None:
        self.gateway = gateway
        self._clock = ManualClock(gateway.now)
        self._gateway = unpolled_gateway(self._clock)
        self._documents: dict[str, Document] = {}
        self._documents = dict(self.documents({}).available)
        self._count = 0
        current = Documents(self._documents)
        self._cached = {run.name: _CachedRun(run, current, gateway.now) for run in self.collector().runs}
        self.baseline = self.scrape_documents(current, self.collector())

    def documents(self, changed: Mapping[str, bytes]) -> Documents:
        """The documents of the bodies, some of which have changed. An invalid body has no document."""
        firmware = documents.INFO in changed
        available: dict[str, Document] = {}
        for name, body in {**self.gateway.bodies, **changed}.items():
            is_page = body.lstrip()[:1] == b"<"
            if name in self._documents and name not in changed and not (firmware and is_page):
                available[name] = self._documents[name]
                continue
            try:
                content = responses.content(name, Response(200, {}, body), Documents(available), self.gateway.now)
            except (RequestError, NotAvailable):
                continue
            available[name] = Document(content, requested_at=self.gateway.now, duration=0.25)
        return Documents(available)

    def collector(self) -> GatewayCollector:
        return GatewayCollector(self._gateway, _SETTINGS, self._clock)

    def scrape(self, changed: Mapping[str, bytes]) -> Scrape:
        current = self.documents(changed)
        partial = self.scrape_documents(current, self._collector_with_cache(changed))
        self._count += 1
        if self._count % FULL_CHECK_INTERVAL == 0:
            assert self.scrape_documents(current, self.collector()).differing(partial) == []
        return partial

    def _collector_with_cache(self, changed: Mapping[str, bytes]) -> GatewayCollector:
        collector = self.collector()
        if documents.INFO not in changed:  # otherwise other documents are pages
            cached = ((run, self._cached[run.name]) for run in collector.runs)
            collector.runs = tuple(run if old.requested & changed.keys() else old for run, old in cached)  # type: ignore[misc]
        return collector

    def scrape_after(self, changed: Mapping[str, bytes]) -> Scrape:
        """The third of three scrapes, one a minute; the second has the changed bodies."""
        collector = self.collector()
        baseline, other = self.documents({}), self.documents(changed)
        scrapes = [
            self.scrape_documents(_requested_at(current, self.gateway.now + later), collector)
            for current, later in ((baseline, 0), (other, 60), (baseline, 120))
        ]
        return scrapes[-1]

    def scrape_documents(self, current: Documents, collector: GatewayCollector) -> Scrape:
        required = {
            endpoint.name: _status(current, endpoint.name) for endpoint in ENDPOINTS if endpoint.is_required(current)
        }
        snapshot = Snapshot(
            reachable=True,
            authenticated=True,
            token=None,
            documents=current,
            endpoints=required,
            requests={},
            failures={},
            error=None,
            version=1,
            until=0.0,
        )
        families = {metric.name: metric for metric in collector.families(snapshot)}
        return Scrape(frozenset(current.available), families, tuple(run.name for run in collector.runs if run.broken))


def _requested_at(current: Documents, time: float) -> Documents:
    return Documents({name: replace(document, requested_at=time) for name, document in current.available.items()})


def _status(current: Documents, name: str) -> EndpointStatus:
    document = current.available.get(name)
    failing = None if document else "not_json"
    return EndpointStatus(document is not None, document.requested_at if document else None, 0.25, None, failing)
