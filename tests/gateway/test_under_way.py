"""While something is under way at a gateway: nobody sees half of it, and what has been given up is not heard."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from support.clock import StillClock
from support.exporter import Scraped
from support.gateways import by_hand, settings

from envoy_exporter import documents
from envoy_exporter.gateway.gateway import Gateway
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "meanwhile",
    [
        Gateway.snapshot,
        Gateway.forget_absent,
        Gateway.close,
        lambda gateway: gateway.change(gateway.settings),
        lambda gateway: gateway._counted(documents.INFO, 200),
    ],
    ids=["snapshot", "forget absent", "close", "change", "count"],
)
def test_nobody_sees_or_changes_a_gateway_while_it_changes(meanwhile: Callable[[Gateway], object]) -> None:
    gateway = by_hand(StillClock())
    other = threading.Thread(target=meanwhile, args=(gateway,), daemon=True)
    with gateway._change:
        other.start()
        other.join(0.2)
        assert other.is_alive(), "it waits for the change to be over"
    other.join(10)
    assert not other.is_alive()


def test_what_was_under_way_at_a_reload_is_not_heard() -> None:
    """It was asked with other credentials, and maybe of another gateway."""
    with Simulator("8.3") as simulated:
        gateway = Scraped(settings(simulated)).gateway
        worker = gateway._worker
        asking = worker.begin(worker.cache.endpoint(documents.INFO))
        gateway.change(replace(gateway.settings, serial="999999999999"))
        outcome = worker.ask(asking)
        assert outcome.error is None
        worker.conclude(outcome)
    snapshot = gateway.snapshot()
    assert not snapshot.answering
    assert documents.INFO not in worker.cache.seen.at_hand
    assert snapshot.failures == {}
