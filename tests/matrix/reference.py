"""The correct samples of a simulated gateway: what the exporter exposes must be correct or absent.

A healthy copy of the gateway is polled without sockets for every document, at each moment that a sample may be from:
not before the oldest document from which it could have been read. A sample must be within the range of these values,
plus or minus the change between two polls.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import pairwise
from math import ceil, floor

from prometheus_client.metrics_core import Metric
from support.clock import ManualClock
from support.exposition import Key, key
from support.gateways import unpolled_gateway

from envoy_exporter import documents
from envoy_exporter.collectors import COLLECTORS
from envoy_exporter.collectors.collector import Settings
from envoy_exporter.documents import Document, Documents
from envoy_exporter.families import describe
from envoy_exporter.gateway import responses
from envoy_exporter.gateway.endpoint_cache import LEAST_GRACE
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_exporter.gateway.errors import NotAvailable
from envoy_exporter.gateway_collector import GatewayCollector, Snapshot
from envoy_exporter.transport.client import Response
from envoy_exporter.transport.errors import RequestError
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request
from envoy_simulator.profiles import Profile

STEP = 15.0
"""Seconds between two scrapes, and between two moments of the copy."""
TOLERANCE = {"enphase_gateway_clock_offset_seconds": 10.0}
"""Metrics that depend on the time that the test itself takes on a busy machine."""
_BASIC = frozenset({documents.INFO, documents.METERS})
"""Nearly all samples depend on these, but take no number from them."""
_AGES = {endpoint.name: endpoint.default_class.maximum_age or STEP for endpoint in ENDPOINTS}
_READERS = {endpoint.name: endpoint.readers for endpoint in ENDPOINTS}


@cache
def collector_of() -> Mapping[str, str]:
    """By the name of a sample. The exporter's metrics about itself and its requests are not included."""
    return {family.name: collector.name for collector in COLLECTORS for family in describe(collector.readings)}


class ReferenceGateway:
    """A healthy gateway, from `start` (seconds since 1970) on."""

    def __init__(self, profile: Profile, start: float) -> None:
        self.start = start
        self._gateway = Simulator(profile, clock=lambda: start, tls=False)
        self._cache: dict[int, Mapping[Key, float]] = {}
        self._cache_without: dict[tuple[str, int], Mapping[Key, float]] = {}
        self._sources: Mapping[Key, frozenset[str]] | None = None

    @cached_property
    def available(self) -> frozenset[str]:
        """The documents that the gateway has."""
        return frozenset(self._documents(0))

    def wrong_samples(
        self, samples: Mapping[Key, float], now: float, gap: float, unverifiable: frozenset[str]
    ) -> Iterator[str]:
        """The samples that the gateway did not report recently. `gap`: the longest time between scrapes."""
        for sample, value in samples.items():
            name, labels = sample
            if collector_of().get(name) in {None, *unverifiable}:
                continue
            moments = self._possible_moments(sample, now, gap)
            values = [moment[sample] for moment in map(self._samples_at, moments) if sample in moment]
            if not _is_within(name, value, values) and not self._is_explained_by_missing_document(
                sample, value, moments
            ):
                was = f"and was {min(values)} to {max(values)}" if values else "and was not reported"
                yield f"{name}{dict(labels)} is {value}, {was}"

    def _is_explained_by_missing_document(self, sample: Key, value: float, moments: range) -> bool:
        """Whether it is correct without one document, or with more labels where it has empty ones."""
        name, labels = sample
        not_empty = {label for label in labels if label[1]}
        documents = (document for document in self._documents(0) if collector_of()[name] in _READERS[document])
        for document in documents:
            values = []
            for moment in moments:
                known = self._samples_without(document, moment)
                values += [known[sample]] if sample in known else []
            if _is_within(name, value, values):
                return True
        if len(not_empty) == len(labels):
            return False
        return any(
            other == name and not_empty <= full and value == number
            for moment in moments
            for (other, full), number in self._samples_at(moment).items()
        )

    def _possible_moments(self, sample: Key, now: float, gap: float) -> range:
        oldest = max(now - self._readable_for(sample, gap), self.start)
        return range(max(floor((oldest - self.start) / STEP) - 1, 0), ceil((now - self.start) / STEP) + 1)

    def _readable_for(self, sample: Key, gap: float) -> float:
        """Seconds for which a document of the sample remains readable."""
        if self._sources is None:
            self._sources = self._sources_now()
        ages = [_AGES[name] for name in self._sources.get(sample, frozenset()) - _BASIC] or [300.0]
        return max(age + max(age, LEAST_GRACE, 2 * gap) for age in ages)

    def _sources_now(self) -> Mapping[Key, frozenset[str]]:
        """The documents of each sample: without them it would be missing or different, or they suffice alone."""
        whole = self._documents(0)
        healthy = self._samples_at(0)
        found: dict[Key, set[str]] = {}
        for name in whole:
            others = self._samples({other: document for other, document in whole.items() if other != name}, 0)
            alone = self._samples({other: whole[other] for other in (*_BASIC & whole.keys(), name)}, 0)
            for sample, value in healthy.items():
                if others.get(sample) != value or sample in alone:
                    found.setdefault(sample, set()).add(name)
        return {sample: frozenset(names) for sample, names in found.items()}

    def _samples_at(self, moment: int) -> Mapping[Key, float]:
        if moment not in self._cache:
            self._cache[moment] = self._samples(self._documents(moment), moment)
        return self._cache[moment]

    def _samples_without(self, name: str, moment: int) -> Mapping[Key, float]:
        if (name, moment) not in self._cache_without:
            whole = self._documents(moment)
            self._cache_without[name, moment] = self._samples(
                {other: document for other, document in whole.items() if other != name}, moment
            )
        return self._cache_without[name, moment]

    def _documents(self, moment: int) -> dict[str, Document]:
        now = self.start + moment * STEP
        bearer = {"authorization": f"Bearer {self._gateway.token}"} if self._gateway.requires_token else {}
        available: dict[str, Document] = {}
        for endpoint in ENDPOINTS:
            request = Request("GET", endpoint.target, bearer)
            if self._gateway.requires_token:
                response = self._gateway.respond(request, now)
            else:
                response = self._gateway.site.document(request, now)
            headers = {name.lower(): value for name, value in response.headers}
            try:
                content = responses.content(
                    endpoint.name, Response(response.status, headers, response.body), Documents(available), now
                )
            except (RequestError, NotAvailable):
                continue
            available[endpoint.name] = Document(content, requested_at=now, duration=0.1)
        return available

    def _samples(self, available: Mapping[str, Document], moment: int) -> Mapping[Key, float]:
        clock = ManualClock(self.start + moment * STEP)
        collector = GatewayCollector(unpolled_gateway(clock), Settings(), clock)
        return samples(collector.families(_snapshot(Documents(available))))


def samples(metrics: list[Metric]) -> dict[Key, float]:
    return {key(sample.name, **sample.labels): sample.value for metric in metrics for sample in metric.samples}


def _is_within(name: str, value: float, values: Sequence[float]) -> bool:
    """Within the range of the values, plus or minus the change between two polls."""
    if not values:
        return False
    tolerance = max((abs(b - a) for a, b in pairwise(values)), default=0.0) + TOLERANCE.get(name, 1e-9 * abs(value))
    return min(values) - tolerance <= value <= max(values) + tolerance


def readers(endpoints: tuple[str, ...]) -> frozenset[str]:
    """The collectors that read one of these paths; () means all paths."""
    if not endpoints:
        return frozenset(collector_of().values())
    return frozenset(reader for name in endpoints for reader in _READERS.get(name, frozenset()))


def _snapshot(current: Documents) -> Snapshot:
    return Snapshot(
        reachable=True,
        authenticated=True,
        token=None,
        documents=current,
        endpoints={},
        requests={},
        failures={},
        error=None,
        version=1,
        until=0.0,
    )
