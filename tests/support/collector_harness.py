"""A collector without a gateway: the test sets its documents and reads what it exposes."""

from collections.abc import Mapping

from envoy_exporter.collectors.collector import Settings
from envoy_exporter.documents import INFO, Document, Documents, Json
from envoy_exporter.gateway_collector import GatewayCollector, Snapshot
from envoy_exporter.web.exposition import Format
from support.clock import ManualClock
from support.documents import information
from support.exposition import Exposition, parsed
from support.gateways import unpolled_gateway


class CollectorHarness:
    """A collector whose documents are set by the test, each with the time of its request."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.collector = GatewayCollector(unpolled_gateway(self.clock), Settings(), self.clock)
        self._documents: dict[str, Document] = {}
        self.absent: frozenset[str] = frozenset()
        self.failing: frozenset[str] = frozenset()
        self.reachable = True

    def set_documents(self, contents: Mapping[str, Json]) -> None:
        """Replaces these documents and keeps the others."""
        for name, content in {INFO: information(time=str(int(self.clock.time()))), **contents}.items():
            self._documents[name] = Document(content, requested_at=self.clock.time())

    def remove_document(self, endpoint: str) -> None:
        """The document is no longer available."""
        del self._documents[endpoint]

    def exposition(self) -> Exposition:
        snapshot = Snapshot(
            reachable=self.reachable,
            authenticated=True,
            token=None,
            documents=Documents(dict(self._documents), self.absent, self.failing),
            endpoints={},
            requests={},
            failures={},
            error=None,
            version=0,
            until=0.0,
        )
        return parsed(Format.TEXT.render(self.collector.families(snapshot)).decode())

    def count(self, collector: str, rule: str) -> float:
        return self.exposition().value("enphase_data_rejected_total", collector=collector, rule=rule)
