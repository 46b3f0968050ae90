"""What the exporter says of a simulated plant at any instant, through its own pipeline but without sockets."""

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

TOOK = {"/production.json": 1.9, "/inventory.json": 2.4, "/home": 0.6}
"""Seconds of the slow pages; the others take a tenth of one."""


class SimulatedHistory:
    """A gateway that is asked for all its documents at instants of the test's choice, one after the other.

    Every hundredth time one of the slow pages does not come in time, and is counted; the document of before will do.
    """

    def __init__(self, profile: str, plant: SystemModel, settings: Settings | None = None) -> None:
        self._gateway = SimulatedGateway(PROFILES[profile], plant, PROFILES[profile].report_interval)
        self._clock = ManualClock(plant.start)
        self._collector = GatewayCollector(unpolled_gateway(self._clock), settings or Settings(), self._clock)
        self._token = None
        if PROFILES[profile].wants_token:
            self._token = parse(Simulator(profile, clock=self._clock.time, tls=False).token)
        self._requests: Counter[tuple[str, int]] = Counter()
        self._failures: Counter[tuple[str, str]] = Counter()
        self._asked: dict[str, float] = {}
        self.telemetry = Telemetry(__version__)

    def families(self, time: float) -> Iterable[Metric]:
        self._clock.advance(time - self._clock.time())
        return self._collector.families(self._snapshot(self._documents(time), time))

    def samples(self, time: float) -> Mapping[Key, float]:
        found = (each for metric in self.families(time) for each in metric.samples)
        return {key(each.name, **each.labels): each.value for each in found}

    def own_samples(self, gateways: int) -> Iterator[Sample]:
        """The exporter's metrics about itself."""
        self.telemetry.gateways.set(gateways)
        self.telemetry.reload_successful.set(1)
        self.telemetry.reload_success.set(self._gateway.system.start)
        self.telemetry.cloud_requests.labels("200").inc(0)
        return (sample for metric in self.telemetry.registry.collect() for sample in metric.samples)

    def _documents(self, time: float) -> Documents:
        answered: dict[str, Document] = {}
        absent: set[str] = set()
        moment = self._gateway.moment(time)
        for endpoint in ENDPOINTS:
            response = self._gateway.document_of(moment, Request("GET", endpoint.target))
            told = Response(response.status, {name.lower(): value for name, value in response.headers}, response.body)
            try:
                content = responses.content(endpoint.name, told, Documents(answered), time)
            except (RequestError, NotAvailable):
                absent.add(endpoint.name)
                continue
            answered[endpoint.name] = Document(content, requested_at=time, duration=TOOK.get(endpoint.name, 0.1))
            if time - self._asked.get(endpoint.name, -inf) >= (endpoint.age.maximum_age or 0):
                self._asked[endpoint.name] = time
                self._count(endpoint.name, response.status)
        return Documents(answered, frozenset(absent))

    def _count(self, endpoint: str, status: int) -> None:
        """One that was due: the documents themselves are of the moment, whatever their age would be."""
        self._requests[endpoint, status] += 1
        self.telemetry.request_seconds.labels(endpoint).observe(TOOK.get(endpoint, 0.1))
        if self._requests[endpoint, status] % 100 == 0 and endpoint in TOOK:
            self._failures[endpoint, "timeout"] += 1

    def _snapshot(self, seen: Documents, time: float) -> Snapshot:
        wanted = {
            name: EndpointStatus(
                readable=True, requested_at=time, duration=document.duration, absent=None, failing=None
            )
            for name, document in seen.available.items()
        }
        return Snapshot(
            answering=True,
            authenticated=True,
            token=self._token,
            documents=seen,
            endpoints=wanted,
            requests=self._requests,
            failures=self._failures,
            error=None,
            version=1,
            until=0.0,
        )
