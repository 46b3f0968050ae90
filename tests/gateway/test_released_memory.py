"""The objects of a request are released without the garbage collector, also after an error.

With one kilobyte left by each request, the exporter would grow by megabytes until the garbage collector runs.
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


def request_objects() -> Counter[str]:
    """The objects of requests in memory, reachable or not."""
    return Counter(type(found).__qualname__ for found in gc.get_objects() if type(found) in OF_ONE_REQUEST)


@pytest.mark.parametrize("fault", ["", "closed", "cut-off", "length", "status", "cut", "redirect"])
@pytest.mark.parametrize("profile", ["5.0", "8.3"])
def test_poll_releases_the_objects_of_its_requests(profile: str, fault: str) -> None:
    clock = ManualClock()
    with Simulator(profile, clock=clock.time) as simulated:
        exporter = InProcessExporter(settings(simulated, scheme="auto"), clock)
        exporter.poll()
        if fault:
            simulated.faults.on(fault)
        clock.advance(301)
        with uncollected():
            before = request_objects()
            exporter.poll()
            more = request_objects() - before
    failed = sum(exporter.gateway.snapshot().failures.values())
    assert bool(failed) == bool(fault), "the fault must have an effect"
    assert not more
