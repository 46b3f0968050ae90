"""What an answer was read from is gone once it is read: nothing waits for the collector, and no error keeps it.

An exporter that leaves a kilobyte with each request grows by megabytes until the collector thinks it worth its while.
"""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import httpcore
import httpx
import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import InProcessExporter

from envoy_exporter.transport.client import Response
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

OF_ONE_REQUEST = frozenset(
    (httpx.Response, httpx.Request, httpcore.Response, httpcore.Request, Response, TracebackType)
)


@contextmanager
def uncollected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def left() -> Counter[str]:
    """What there is of requests, reachable or not."""
    return Counter(type(each).__qualname__ for each in gc.get_objects() if type(each) in OF_ONE_REQUEST)


@pytest.mark.parametrize("fault", ["", "closed", "cut-off", "length", "status", "cut", "redirect"])
@pytest.mark.parametrize("profile", ["5.0", "8.3"])
def test_a_poll_leaves_nothing_of_its_requests_whatever_came_of_them(profile: str, fault: str) -> None:
    clock = ManualClock()
    with Simulator(profile, clock=clock.time) as simulated:
        scraped = InProcessExporter(settings(simulated, scheme="auto"), clock)
        scraped.poll()
        if fault:
            simulated.faults.on(fault)
        clock.advance(301)
        with uncollected():
            before = left()
            scraped.poll()
            more = left() - before
    failed = sum(scraped.gateway.snapshot().failures.values())
    assert bool(failed) == bool(fault), "else nothing was tried"
    assert not more
