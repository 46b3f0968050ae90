"""Faults that depend on the load of the clients, and sequences of faults."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from simulator.fault_documents import V1, fetch_json, healthy
from simulator.helpers import SettableClock
from simulator.raw_client import dial, fetch, receive, request

from envoy_simulator import PROFILES, Simulator

pytestmark = pytest.mark.integration


def test_tiring_delays_responses_by_recent_requests(gateway: Simulator, clock: SettableClock) -> None:
    def comes_within(seconds: float) -> bool:
        with dial(gateway) as connection:
            connection.sendall(request(gateway))
            return receive(connection, timeout=seconds).data != b""

    gateway.faults.on("tiring", seconds=0.04)
    assert comes_within(5)
    for _ in range(4):
        assert comes_within(5)
    assert not comes_within(0.1)
    clock.now += 61
    assert comes_within(5)


@pytest.mark.parametrize(("how", "end"), [("freezes", "open"), ("restarts", "reset")])
def test_overload_and_deadly_take_the_gateway_down(
    gateway: Simulator, clock: SettableClock, how: str, end: str
) -> None:
    gateway.faults.on("overload", most=3, seconds=60.0, how=how)
    assert [fetch(gateway, timeout=0.1).end for _ in range(5)] == ["close"] * 3 + [end] * 2
    clock.now += 61
    assert fetch(gateway).status == 200
    gateway.faults.heal()
    gateway.faults.on("deadly", path="/home", seconds=60.0, how=how)
    ends = [fetch(gateway, path, timeout=0.1).end for path in ("/info", "/home", "/info")]
    assert ends == ["close", end, end]
    clock.now += 61
    assert fetch(gateway).status == 200


def test_too_many_is_503_while_connections_are_open(gateway: Simulator) -> None:
    with gateway.faults.during("too-many", most=1):
        assert fetch(gateway).status == 200
        with dial(gateway) as other:
            other.sendall(request(gateway, connection_header="keep-alive"))
            assert receive(other).status == 200
            assert fetch(gateway).status == 503


def test_reboot_is_closed_then_busy_then_zero(gateway: Simulator, clock: SettableClock) -> None:
    gateway.faults.on("reboot", down=60.0, busy=30.0, zero=180.0)
    with pytest.raises(ConnectionRefusedError):
        dial(gateway)
    clock.now += 61
    gateway.server.follow_faults()  # type: ignore[union-attr]  # by itself it looks every tenth of a second
    assert fetch(gateway, V1).status == 503
    clock.now += 30
    assert fetch_json(gateway, V1)["wattHoursLifetime"] == 0
    clock.now += 180
    assert fetch_json(gateway, V1) == healthy(gateway, V1)


def test_nightly_is_silent_for_three_minutes(gateway: Simulator, clock: SettableClock) -> None:
    gateway.faults.on("nightly")
    denver = ZoneInfo("America/Denver")
    for hour, minute, responds in ((22, 59, True), (23, 0, False), (23, 2, False), (23, 3, True)):
        for day in (15, 16):
            clock.now = datetime(2025, 6, day, hour, minute, 30, tzinfo=denver).timestamp()
            assert (fetch(gateway, timeout=0.3 if responds else 0.05).end == "close") == responds, (day, hour, minute)


def test_update_is_closed_then_another_firmware(gateway: Simulator, clock: SettableClock) -> None:
    gateway.faults.on("update", profile="7.3", down=60.0)
    with pytest.raises(ConnectionRefusedError):
        dial(gateway)
    clock.now += 61
    gateway.server.follow_faults()  # type: ignore[union-attr]
    assert PROFILES["7.3"].software.encode() in fetch(gateway).body
