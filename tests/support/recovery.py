"""For tests of a gateway that fails and recovers: what was logged, and the time until everything is polled again."""

import logging

import pytest

from support.in_process_exporter import InProcessExporter


def messages(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    """The messages of the exporter's own loggers, of this level and above."""
    own = [record for record in caplog.records if record.name.startswith("envoy_exporter")]
    return [record.getMessage() for record in own if record.levelno >= level]


def heal(exporter: InProcessExporter, seconds: float = 300) -> None:
    """Let a back-off pass, and scrape twice."""
    exporter.clock.sleep(seconds)
    exporter.poll()
    exporter.clock.sleep(15)
    exporter.poll()
