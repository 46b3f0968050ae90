"""How long a snapshot is valid, and how many threads poll a gateway."""

import threading

import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import InProcessExporter

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


def test_snapshot_holds_until_an_endpoint_is_due_or_has_changed() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as simulated:
        exporter = InProcessExporter(settings(simulated), clock)
        exporter.poll()
        gateway = exporter.gateway
        snapshot = gateway.snapshot()
        assert gateway.is_current(snapshot)
        clock.advance(8)
        assert gateway.is_current(snapshot), "the readings are due after nine seconds"
        clock.advance(1)
        assert not gateway.is_current(snapshot)
        exporter.poll()
        assert not gateway.is_current(snapshot)
        snapshot = gateway.snapshot()
        assert gateway.is_current(snapshot)
        gateway.retry_absent()
        assert not gateway.is_current(snapshot)


def test_ten_scrapes_use_one_thread() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as simulated:
        exporter = InProcessExporter(settings(simulated, name="the only one"), clock)
        for _ in range(10):
            exporter.gateway.scrape().result(30)
            clock.advance(15)
        assert sum(thread.name == "gateway the only one" for thread in threading.enumerate()) == 1
