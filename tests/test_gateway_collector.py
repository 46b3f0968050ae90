"""The collector of a gateway: several threads that collect at once, and a collector with a bug."""

import logging
import threading
from dataclasses import dataclass

import pytest
from support.clock import ManualClock
from support.gateways import unpolled_gateway

from envoy_exporter.collectors.collector import Collector, Context, Result, Settings
from envoy_exporter.families import gauge
from envoy_exporter.gateway_collector import GatewayCollector, Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Kettle:
    power: float | None = gauge("kitchen_kettle_power_watts", "Power drawn (watt).")


class Kitchen:
    """A collector that can be paused, or has a bug."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.often = 0
        self._error = error

    def collector(self) -> Collector[None]:
        return Collector("kitchen", enabled_by_default=True, readings=(Kettle,), rules=(), memory=None, read=self.read)

    def read(self, _: Context[None]) -> Result[None]:
        self.often += 1
        self.begun.release()
        if self._error is not None:
            raise self._error
        assert self.go_on.wait(10)
        return Result((Kettle(power=2000),), (), None)


def collecting(*kitchens: Kitchen) -> GatewayCollector:
    clock = ManualClock()
    collector = GatewayCollector(unpolled_gateway(clock), Settings(), clock)
    collector.runs = tuple(Run(kitchen.collector()) for kitchen in kitchens)
    return collector


def test_a_collector_reads_one_set_of_documents_at_a_time() -> None:
    """Both formats may be rendered at once: each reading starts from what the one before it remembered."""
    kitchen = Kitchen()
    collector = collecting(kitchen)
    first, second = (threading.Thread(target=collector.collect, daemon=True) for _ in range(2))
    first.start()
    assert kitchen.begun.acquire(timeout=10)
    second.start()
    assert not kitchen.begun.acquire(timeout=0.2)
    kitchen.go_on.set()
    first.join(10)
    second.join(10)
    assert kitchen.often == 2


def test_a_collector_with_a_bug_costs_itself_alone(caplog: pytest.LogCaptureFixture) -> None:
    broken, well = Kitchen(ZeroDivisionError()), Kitchen()
    well.go_on.set()
    collector = collecting(broken, well)
    for _ in range(3):
        assert "enphase_up" in {metric.name for metric in collector.collect()}
    assert well.often == 3
    bugs = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in bugs] == ["the collector kitchen has a bug, please report it"]
