"""A scrape without sockets: bodies become documents as the gateway's do, and the collector makes families of them.

Only what is not as it was is held against the parsers: an exposition is its families one after the other, and those
of the unmutated gateway were parsed once. Every few hundredth is parsed whole.
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
from envoy_exporter.collectors.collector import Context, PlacedInverter, Settings
from envoy_exporter.documents import Document, Documents
from envoy_exporter.gateway import responses
from envoy_exporter.gateway.endpoint_cache import EndpointStatus
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_exporter.gateway.errors import NotAvailable
from envoy_exporter.gateway_collector import GatewayCollector, Run, Snapshot
from envoy_exporter.transport.client import Response
from envoy_exporter.transport.errors import RequestError
from envoy_exporter.web.exposition import Format
from fuzz.plants import Plant

REFUSALS = "enphase_data_rejected"
_SETTINGS = Settings(inverters=(PlacedInverter(serial="122000000001", array="south", peak_power=370),))
CHECKED = 50
"""One of so many scrapes is read whole, to hold it against what was spared."""


@dataclass(frozen=True)
class Scrape:
    """What came of one: the families by name, and the collectors that raised."""

    available: frozenset[str]
    families: Mapping[str, Metric]
    broken: tuple[str, ...]

    @cached_property
    def samples(self) -> dict[Key, float]:
        """Without the counters of what was refused."""
        return {
            key(each.name, **each.labels): each.value
            for metric in self.families.values()
            if metric.name != REFUSALS
            for each in metric.samples
        }

    @property
    def up(self) -> bool:
        return self.samples["enphase_up", frozenset()] == 1

    def differing(self, other: "Scrape") -> list[str]:
        """The families that are not the same here and there; also of refusals."""
        names = self.families.keys() | other.families.keys()
        return sorted(name for name in names if _samples(self, name) != _samples(other, name))

    def render(self, names: list[str] | None = None) -> str:
        """These families, or all, to the letter in both formats; the text."""
        metrics = [metric for name, metric in self.families.items() if names is None or name in names]
        for metric in metrics:
            for sample in metric.samples:
                assert math.isfinite(sample.value), sample
                assert all(each.isprintable() for value in sample.labels.values() for each in value), sample
                assert all(len(value) <= 96 for value in sample.labels.values()), sample
        text, openmetrics = (each.render(metrics).decode() for each in (Format.TEXT, Format.OPENMETRICS))
        _assert_to_the_letter(text, openmetrics)
        return text


@lru_cache(maxsize=4096)
def _assert_to_the_letter(text: str, openmetrics: str) -> None:
    """Once for what many mutations bring."""
    assert parsed(text).samples == parsed_openmetrics(openmetrics).samples


def _samples(scrape: Scrape, name: str) -> object:
    metric = scrape.families.get(name)
    return metric.samples if metric else None


class _Looked(dict[str, Document]):
    """Documents that know which of them somebody looked for."""

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


class _Known:
    """What a collector read of the usual documents, in the place of its run."""

    def __init__(self, run: Run[Any], seen: Documents, now: float) -> None:
        looked = _Looked(seen.available)
        run.collector.read(Context(Documents(looked), _SETTINGS, run.collector.memory, now))
        self.looked = looked.names
        self.known = run.metrics(seen, _SETTINGS, now, "home")
        self.collector, self.name, self.broken = run.collector, run.name, run.broken
        self.rejected, self.rejections = run.rejected, run.rejections
        self.suspect, self.incomplete = run.suspect, run.incomplete

    def metrics(self, *_: object) -> list[Metric]:
        return self.known


class Exporter:
    """Of one gateway, each scrape as if it were the first.

    What a collector reads, which did not look for what has changed, is taken from the usual scrape: it is pure. One of
    fifty is read whole nevertheless, and held against that.
    """

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self._clock = ManualClock(plant.now)
        self._gateway = unpolled_gateway(self._clock)
        self._documents: dict[str, Document] = {}
        self._documents = dict(self.documents({}).available)
        self._count = 0
        seen = Documents(self._documents)
        self._known = {run.name: _Known(run, seen, plant.now) for run in self.collector().runs}
        self.usual = self.scraped(seen, self.collector())

    def documents(self, changed: Mapping[str, bytes]) -> Documents:
        """Those of the bodies, some of which have changed. Raises nothing that an answer may be refused by."""
        firmware = documents.INFO in changed
        available: dict[str, Document] = {}
        for name, body in {**self.plant.bodies, **changed}.items():
            is_page = body.lstrip()[:1] == b"<"
            if name in self._documents and name not in changed and not (firmware and is_page):
                available[name] = self._documents[name]
                continue
            try:
                content = responses.content(name, Response(200, {}, body), Documents(available), self.plant.now)
            except (RequestError, NotAvailable):
                continue
            available[name] = Document(content, requested_at=self.plant.now, duration=0.25)
        return Documents(available)

    def collector(self) -> GatewayCollector:
        return GatewayCollector(self._gateway, _SETTINGS, self._clock)

    def scrape(self, changed: Mapping[str, bytes]) -> Scrape:
        seen = self.documents(changed)
        spared = self.scraped(seen, self._sparing(changed))
        self._count += 1
        if self._count % CHECKED == 0:
            assert self.scraped(seen, self.collector()).differing(spared) == []
        return spared

    def _sparing(self, changed: Mapping[str, bytes]) -> GatewayCollector:
        collector = self.collector()
        if documents.INFO not in changed:  # else other documents are pages
            known = ((run, self._known[run.name]) for run in collector.runs)
            collector.runs = tuple(run if old.looked & changed.keys() else old for run, old in known)  # type: ignore[misc]
        return collector

    def after(self, changed: Mapping[str, bytes]) -> Scrape:
        """The third of three scrapes, a minute apart, the second of which is of the changed bodies."""
        collector = self.collector()
        usual, other = self.documents({}), self.documents(changed)
        scrapes = [
            self.scraped(_asked(seen, self.plant.now + later), collector)
            for seen, later in ((usual, 0), (other, 60), (usual, 120))
        ]
        return scrapes[-1]

    def scraped(self, seen: Documents, collector: GatewayCollector) -> Scrape:
        wanted = {each.name: _standing(seen, each.name) for each in ENDPOINTS if each.is_required(seen)}
        snapshot = Snapshot(
            answering=True,
            authenticated=True,
            token=None,
            documents=seen,
            endpoints=wanted,
            requests={},
            failures={},
            error=None,
            version=1,
            until=0.0,
        )
        families = {metric.name: metric for metric in collector.families(snapshot)}
        return Scrape(frozenset(seen.available), families, tuple(run.name for run in collector.runs if run.broken))


def _asked(seen: Documents, asked: float) -> Documents:
    return Documents({name: replace(document, requested_at=asked) for name, document in seen.available.items()})


def _standing(seen: Documents, name: str) -> EndpointStatus:
    document = seen.available.get(name)
    failing = None if document else "not_json"
    return EndpointStatus(document is not None, document.requested_at if document else None, 0.25, None, failing)
