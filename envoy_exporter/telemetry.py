"""The exporter's own metrics: what it is and how it fares, whatever the gateways do."""

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
"""Seconds of a request: native endpoints take under 1, the slow UI process 1 to 29, and 30 is the limit."""


class Telemetry:
    """Direct instrumentation, in a registry of its own so that two exporters in one process do not meet."""

    def __init__(self, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they are a gauge more a series, in text
        self.registry = CollectorRegistry(auto_describe=False)
        build = Gauge(
            "enphase_exporter_build_info",
            "The exporter's version and the Python that runs it.",
            ("version", "python_version"),
            registry=self.registry,
        )
        build.labels(version, platform.python_version()).set(1)
        self.gateways = Gauge("enphase_exporter_gateways", "How many gateways are configured.", registry=self.registry)
        self.reload_successful = Gauge(
            "enphase_exporter_config_last_reload_successful",
            "1: the config file was good when it was last read; 0: it was not, and the one before it is in force.",
            registry=self.registry,
        )
        self.reload_success = Gauge(
            "enphase_exporter_config_last_reload_success_timestamp_seconds",
            "When a config came into force.",
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "enphase_exporter_gateway_request_duration_seconds",
            "How long requests to the gateways took, all gateways together.",
            ("endpoint",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.scrapes_shared = Counter(
            "enphase_exporter_scrapes_shared_total",
            "Scrapes that found another one waiting for the same gateway, and shared its requests.",
            registry=self.registry,
        )
        self.cloud_requests = Counter(
            "enphase_exporter_cloud_requests_total",
            "Requests to the Enphase cloud, by status code.",
            ("code",),
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
