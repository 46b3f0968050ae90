"""Changes of a gateway during a request: they wait for the lock, and a reload discards the pending result."""

import threading
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from support.clock import ManualClock
from support.gateways import unpolled_gateway

from envoy_exporter import documents
from envoy_exporter.gateway.client import GatewayClient
from envoy_exporter.gateway.gateway import Gateway
from envoy_exporter.gateway.poller import Poller
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.transport.timeouts import Timeouts
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "meanwhile",
    [
        Gateway.snapshot,
        Gateway.retry_absent,
        Gateway.close,
        lambda gateway: gateway.change(gateway.settings),
        lambda gateway: gateway.count_response(documents.INFO, 200),
    ],
    ids=["snapshot", "forget absent", "close", "change", "count"],
)
def test_gateway_methods_wait_for_the_lock(meanwhile: Callable[[Gateway], object]) -> None:
    gateway = unpolled_gateway(ManualClock())
    other = threading.Thread(target=meanwhile, args=(gateway,), daemon=True)
    with gateway.lock:
        other.start()
        other.join(0.2)
        assert other.is_alive(), "it waits for the lock"
    other.join(10)
    assert not other.is_alive()


def test_result_of_a_request_before_a_reload_is_discarded() -> None:
    """It was requested with other credentials, and maybe from another gateway."""
    with Simulator("8.3") as simulated:
        before = Settings(name="home", host="127.0.0.1", port=int(simulated.address.rpartition(":")[2]))
        poller = Poller(
            before,
            client(before),
            clock=ManualClock(),
            random=Random(1),
            register_secret=lambda _: None,
            timeouts=Timeouts(),
        )
        request = poller.begin(poller.state.cache.endpoint(documents.INFO))
        after = replace(before, serial="999999999999")
        poller.change(after, client(after))
        result = poller.send(request)
        assert result.error is None
        poller.conclude(request, result)
    assert not poller.state.is_up
    assert documents.INFO not in poller.state.documents.available
    assert poller.failures == {}


def client(settings: Settings) -> GatewayClient:
    return GatewayClient(settings, ManualClock(), lambda _, __: None, "test", Timeouts())
