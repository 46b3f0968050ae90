"""The bytes that a simulated gateway received, which tests search for secrets."""

import pytest
from simulator.helpers import SettableClock, client
from simulator.raw_client import fetch, plain_gateway, request

from envoy_simulator import Simulator
from envoy_simulator.received_bytes import ReceivedBytes

pytestmark = pytest.mark.integration


def test_received_bytes_keeps_every_byte() -> None:
    with plain_gateway() as gateway:
        fetch(gateway, "/home", Cookie="canary=4711")
        with gateway.faults.during("silent"):
            fetch(gateway, "/ivp/meters", timeout=0.1)
        assert gateway.received_bytes == request(gateway, "/home", Cookie="canary=4711") + request(
            gateway, "/ivp/meters"
        )
        gateway.reset_load()
        assert gateway.received_bytes == b""
    with Simulator("8.3", tls=True, clock=SettableClock()) as gateway:
        fetch(gateway)
        assert gateway.received_bytes == request(gateway)


def test_invalid_requests_are_recorded_even_with_a_fault() -> None:
    with plain_gateway() as gateway, gateway.faults.during("status"), client(gateway) as http:
        http.post("/home")
        http.get("/ivp/peb/newscan")
        assert gateway.load.invalid_requests == ["POST /home", "GET /ivp/peb/newscan"]


def test_received_bytes_over_the_limit_drops_the_oldest() -> None:
    received = ReceivedBytes(limit=10)
    for part in (b"first", b"second", b"third"):
        received.append(part)
    assert (received.all(), received.dropped) == (b"third", 11)
