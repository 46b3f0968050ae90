"""A Prometheus exporter for the Enphase Envoy (IQ Gateway)."""

__version__ = "0.2.0"
