"""The exporter's own metrics, which do not depend on the gateways."""

import platform

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

BUCKETS = (0.25, 1, 2.5, 5, 10, 30)
"""Seconds of a request: native endpoints take under 1, the slow UI process 1 to 29; the limit is 30."""


class Telemetry:
    """The metrics, in a separate registry, so that two exporters in one process do not share them."""

    def __init__(self, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # in the text format they are one more gauge per series
        self.registry = CollectorRegistry(auto_describe=False)
        build = Gauge(
            "enphase_exporter_build_info",
            "Version of the exporter, and of the Python that runs it.",
            ("version", "python_version"),
            registry=self.registry,
        )
        build.labels(version, platform.python_version()).set(1)
        self.gateways = Gauge("enphase_exporter_gateways", "Number of configured gateways.", registry=self.registry)
        self.reload_successful = Gauge(
            "enphase_exporter_config_last_reload_successful",
            "Whether the configuration file was valid when last read (1) or not (0); if not, the previous configuration"
            " stays in force.",
            registry=self.registry,
        )
        self.reload_success = Gauge(
            "enphase_exporter_config_last_reload_success_timestamp_seconds",
            "Time at which the current configuration came into force.",
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "enphase_exporter_gateway_request_duration_seconds",
            "Duration of requests to the gateways, all gateways together.",
            ("endpoint",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.scrapes_shared = Counter(
            "enphase_exporter_scrapes_shared_total",
            "Scrapes that shared the requests of another scrape waiting for the same gateway.",
            registry=self.registry,
        )
        self.enlighten_requests = Counter(
            "enphase_exporter_cloud_requests_total",
            "Requests to the Enphase cloud (Enlighten), by status code.",
            ("code",),
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
