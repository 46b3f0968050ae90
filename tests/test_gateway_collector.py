"""The collector of a gateway: several threads that collect at once, and a collector with a bug."""

import logging
import threading
from dataclasses import dataclass

import pytest
from support.clock import ManualClock
from support.gateways import unpolled_gateway

from envoy_exporter.collector_runner import CollectorRunner
from envoy_exporter.collectors.collector import Collector, Context, Result, Settings
from envoy_exporter.families import gauge
from envoy_exporter.gateway_collector import GatewayCollector


@dataclass(frozen=True, slots=True, kw_only=True)
class Kettle:
    power: float | None = gauge("kitchen_kettle_power_watts", "Power drawn (watt).")


class Kitchen:
    """A collector that can be paused, or has a bug."""

    def __init__(self, error: Exception | None = None) -> None:
        self.started = threading.Semaphore(0)
        self.continue_ = threading.Event()
        self.readings = 0
        self._error = error

    def collector(self) -> Collector[None]:
        return Collector("kitchen", enabled_by_default=True, readings=(Kettle,), rules=(), memory=None, read=self.read)

    def read(self, _: Context[None]) -> Result[None]:
        self.readings += 1
        self.started.release()
        if self._error is not None:
            raise self._error
        assert self.continue_.wait(10)
        return Result((Kettle(power=2000),), (), None)


def make_collector(*kitchens: Kitchen) -> GatewayCollector:
    clock = ManualClock()
    collector = GatewayCollector(unpolled_gateway(clock), Settings(), clock)
    collector.runs = tuple(CollectorRunner(kitchen.collector()) for kitchen in kitchens)
    return collector


def test_gateway_collector_with_two_threads_reads_one_after_the_other() -> None:
    """Both formats may be rendered at once: each reading starts from the memory of the reading before it."""
    kitchen = Kitchen()
    collector = make_collector(kitchen)
    first, second = (threading.Thread(target=collector.collect, daemon=True) for _ in range(2))
    first.start()
    assert kitchen.started.acquire(timeout=10)
    second.start()
    assert not kitchen.started.acquire(timeout=0.2)
    kitchen.continue_.set()
    first.join(10)
    second.join(10)
    assert kitchen.readings == 2


def test_gateway_collector_with_a_broken_collector_keeps_the_others(caplog: pytest.LogCaptureFixture) -> None:
    broken, well = Kitchen(ZeroDivisionError()), Kitchen()
    well.continue_.set()
    collector = make_collector(broken, well)
    for _ in range(3):
        assert "enphase_up" in {metric.name for metric in collector.collect()}
    assert well.readings == 3
    bugs = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [getattr(record, "collector", None) for record in bugs] == ["kitchen"]
