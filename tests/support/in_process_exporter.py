"""An exporter in this process, without its HTTP server: polls a gateway and returns its exposition."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import ClassVar

from envoy_exporter.app import useful
from envoy_exporter.clock import Clock, SystemClock
from envoy_exporter.collectors import COLLECTORS
from envoy_exporter.collectors.collector import Settings as ReadSettings
from envoy_exporter.gateway.gateway import Gateway
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.gateway.token_source import TokenSource
from envoy_exporter.gateway_collector import GatewayCollector
from envoy_exporter.secret import Redaction
from envoy_exporter.telemetry import Telemetry
from envoy_exporter.web.exposition import Format
from support.exposition import Exposition, parsed, parsed_openmetrics

ENABLED_BY_DEFAULT = frozenset(collector.name for collector in COLLECTORS if collector.enabled_by_default)
"""The collectors that are enabled without a config."""


class InProcessExporter:
    """Polls one gateway in the test's own thread. `close_all()` closes all exporters of a test."""

    _open: ClassVar[list[Gateway]] = []

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        read: ReadSettings | None = None,
        redaction: Redaction | None = None,
        renewal: TokenSource | None = None,
        random: Random | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.telemetry = Telemetry("test")
        self.gateway = Gateway(
            replace(settings, collectors=settings.collectors or useful(ENABLED_BY_DEFAULT, read or ReadSettings())),
            clock=self.clock,
            random=random or Random(1),
            telemetry=self.telemetry,
            register_secret=(redaction or Redaction()).register,
            user_agent="test",
            token_source=renewal,
        )
        self._open.append(self.gateway)
        self.collector = GatewayCollector(self.gateway, read or ReadSettings(), self.clock)

    def poll(self) -> None:
        """Does what a scrape causes, but in this thread, and returns when it is complete."""
        self.gateway.scraped()
        self.gateway.poll()

    def exposition(self) -> Exposition:
        """The current exposition; both formats are valid and equal."""
        snapshot = self.gateway.snapshot()
        text = parsed(Format.TEXT.render(self.collector.families(snapshot)).decode())
        openmetrics = parsed_openmetrics(Format.OPENMETRICS.render(self.collector.families(snapshot)).decode())
        assert text.samples == openmetrics.samples
        return text

    def scrape(self) -> Exposition:
        self.poll()
        return self.exposition()

    @classmethod
    def close_all(cls) -> None:
        while cls._open:
            cls._open.pop().close()

    def rejected(self) -> Mapping[tuple[str, ...], float]:
        return {labels: n for labels, n in self.exposition().of("enphase_data_rejected_total").items() if n}
