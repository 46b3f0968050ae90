"""The samples of a simulated system at any time, from the exporter's own code but without sockets."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from math import inf

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

from envoy_exporter import __version__
from envoy_exporter.collectors.collector import Settings
from envoy_exporter.documents import Document, Documents
from envoy_exporter.gateway import responses
from envoy_exporter.gateway.endpoint_cache import EndpointStatus
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_exporter.gateway.errors import NotAvailable
from envoy_exporter.gateway_collector import GatewayCollector, Snapshot
from envoy_exporter.telemetry import Telemetry
from envoy_exporter.token import parse
from envoy_exporter.transport.client import Response
from envoy_exporter.transport.errors import RequestError
from envoy_simulator import PROFILES, Simulator
from envoy_simulator.gateway import SimulatedGateway
from envoy_simulator.http_types import Request
from envoy_simulator.system_model import SystemModel
from support.clock import ManualClock
from support.exposition import Key, key
from support.gateways import unpolled_gateway

DURATIONS = {"/production.json": 1.9, "/inventory.json": 2.4, "/home": 0.6}
"""Seconds that slow endpoints take; the others take 0.1 s."""


class SimulatedHistory:
    """A gateway whose documents are all requested at times that the test chooses, in ascending order.

    Every hundredth request of a slow endpoint is counted as timed out; the previous document remains.
    """

    def __init__(self, profile: str, plant: SystemModel, settings: Settings | None = None) -> None:
        self._gateway = SimulatedGateway(PROFILES[profile], plant, PROFILES[profile].report_interval)
        self._clock = ManualClock(plant.start)
        self._collector = GatewayCollector(unpolled_gateway(self._clock), settings or Settings(), self._clock)
        self._token = None
        if PROFILES[profile].requires_token:
            self._token = parse(Simulator(profile, clock=self._clock.time, tls=False).token)
        self._requests: Counter[tuple[str, int]] = Counter()
        self._failures: Counter[tuple[str, str]] = Counter()
        self._requested_at: dict[str, float] = {}
        self.telemetry = Telemetry(__version__)

    def families(self, time: float) -> Iterable[Metric]:
        self._clock.advance(time - self._clock.time())
        return self._collector.families(self._snapshot(self._documents(time), time))

    def samples(self, time: float) -> Mapping[Key, float]:
        samples = (sample for metric in self.families(time) for sample in metric.samples)
        return {key(sample.name, **sample.labels): sample.value for sample in samples}

    def own_samples(self, gateways: int) -> Iterator[Sample]:
        """The exporter's metrics about itself."""
        self.telemetry.gateways.set(gateways)
        self.telemetry.reload_successful.set(1)
        self.telemetry.reload_success.set(self._gateway.system.start)
        self.telemetry.enlighten_requests.labels("200").inc(0)
        return (sample for metric in self.telemetry.registry.collect() for sample in metric.samples)

    def _documents(self, time: float) -> Documents:
        available: dict[str, Document] = {}
        absent: set[str] = set()
        moment = self._gateway.moment(time)
        for endpoint in ENDPOINTS:
            response = self._gateway.document_of(moment, Request("GET", endpoint.target))
            received = Response(
                response.status, {name.lower(): value for name, value in response.headers}, response.body
            )
            try:
                content = responses.content(endpoint.name, received, Documents(available), time)
            except (RequestError, NotAvailable):
                absent.add(endpoint.name)
                continue
            available[endpoint.name] = Document(content, requested_at=time, duration=DURATIONS.get(endpoint.name, 0.1))
            if time - self._requested_at.get(endpoint.name, -inf) >= (endpoint.default_class.maximum_age or 0):
                self._requested_at[endpoint.name] = time
                self._count(endpoint.name, response.status)
        return Documents(available, frozenset(absent))

    def _count(self, endpoint: str, status: int) -> None:
        """Counts a request that was due. The documents themselves are always current."""
        self._requests[endpoint, status] += 1
        self.telemetry.request_seconds.labels(endpoint).observe(DURATIONS.get(endpoint, 0.1))
        if self._requests[endpoint, status] % 100 == 0 and endpoint in DURATIONS:
            self._failures[endpoint, "timeout"] += 1

    def _snapshot(self, current: Documents, time: float) -> Snapshot:
        statuses = {
            name: EndpointStatus(
                readable=True, requested_at=time, duration=document.duration, absent=None, failing=None
            )
            for name, document in current.available.items()
        }
        return Snapshot(
            reachable=True,
            authenticated=True,
            token=self._token,
            documents=current,
            endpoints=statuses,
            requests=self._requests,
            failures=self._failures,
            error=None,
            version=1,
            until=0.0,
        )
