"""What the simulated gateway was sent, which a test may look through for what must not be there."""

import pytest
from simulator.bench import StandingClock, client
from simulator.wire import ask, plain, request

from envoy_simulator import Simulator
from envoy_simulator.received_bytes import ReceivedBytes

pytestmark = pytest.mark.integration


def test_every_byte_that_it_was_sent_is_kept() -> None:
    with plain() as gateway:
        ask(gateway, "/home", Cookie="canary=4711")
        with gateway.faults.during("silent"):
            ask(gateway, "/ivp/meters", patience=0.1)
        assert gateway.received_bytes == request(gateway, "/home", Cookie="canary=4711") + request(
            gateway, "/ivp/meters"
        )
        gateway.reset_load()
        assert gateway.received_bytes == b""
    with Simulator("8.3", tls=True, clock=StandingClock()) as gateway:
        ask(gateway)
        assert gateway.received_bytes == request(gateway)


def test_what_no_exporter_may_ask_is_written_down_though_a_fault_answers() -> None:
    with plain() as gateway, gateway.faults.during("status"), client(gateway) as asking:
        asking.post("/home")
        asking.get("/ivp/peb/newscan")
        assert gateway.load.invalid_requests == ["POST /home", "GET /ivp/peb/newscan"]


def test_what_is_oldest_is_forgotten_when_it_grows_too_much() -> None:
    received = ReceivedBytes(limit=10)
    for part in (b"first", b"second", b"third"):
        received.append(part)
    assert (received.all(), received.dropped) == (b"third", 11)
