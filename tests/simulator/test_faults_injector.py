"""Faults as data: when they apply, how they are switched on and off, and that they do not delay the shutdown."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from simulator.helpers import SettableClock
from simulator.raw_client import UNVERIFIED, dial, fetch, plain_gateway, receive, request

from envoy_simulator import PROFILES, Simulator
from envoy_simulator.faults import FAULTS, Fault, FaultError, FaultInjector, Layer, Needs, When
from envoy_simulator.faults.spec import catalogue, parse_fault
from envoy_simulator.http_types import Request, Response

pytestmark = pytest.mark.integration

QUICK = [(fault, options) for fault in FAULTS.values() for options in fault.variants if options != {"kind": "bomb"}]
"""Every fault in all its variants, except the gzip bomb, which takes a second to make."""


def named(value: object) -> str:
    if isinstance(value, Fault):
        return value.name
    return " ".join(f"{key}={item}" for key, item in value.items()) if isinstance(value, dict) else str(value)


def statuses(gateway: Simulator, count: int, target: str = "/info") -> list[int]:
    return [fetch(gateway, target).status for _ in range(count)]


# Conditions.


@pytest.mark.parametrize(
    ("when", "affected"),
    [
        (When(), "11111111"),
        (When(first=3), "00111111"),
        (When(last=2), "11000000"),
        (When(first=2, last=4), "01110000"),
        (When(first=2, every=3), "01001001"),
        (When(first=2, last=6, every=2), "01010100"),
        (When(probability=0.0), "00000000"),
    ],
)
def test_when_selects_requests_by_number(when: When, affected: str) -> None:
    with plain_gateway() as gateway, gateway.faults.during("status", when, code=500):
        assert statuses(gateway, 8) == [500 if flag == "1" else 200 for flag in affected]


def test_when_probability_is_the_same_for_the_same_seed() -> None:
    def draw(seed: int) -> list[int]:
        with plain_gateway() as gateway, gateway.faults.during("status", When(probability=0.4, seed=seed)):
            return statuses(gateway, 30)

    assert draw(1) == draw(1) != draw(2)
    assert 4 < draw(1).count(500) < 21


def test_when_counts_requests_to_its_endpoints_only() -> None:
    with plain_gateway() as gateway, gateway.faults.during("status", When(endpoints=("/ivp/*", "/home"), first=2)):
        paths = ["/ivp/meters", "/info", "/production.json", "/home", "/ivp/meters", "/info"]
        assert [fetch(gateway, path).status for path in paths] == [200, 200, 200, 500, 500, 200]


def test_when_since_and_until_use_the_clock_of_the_gateway() -> None:
    clock = SettableClock()
    with Simulator("8.3", tls=False, clock=clock) as gateway:
        clock.now += 1000
        gateway.faults.on("status", When(since=60, until=120))
        measured = []
        for _ in range(5):
            measured += statuses(gateway, 1)
            clock.now += 30
        assert measured == [200, 200, 500, 500, 200]


def test_closed_port_follows_the_clock() -> None:
    clock = SettableClock()
    with Simulator("8.3", tls=False, clock=clock) as gateway:
        gateway.faults.on("closed", When(since=10, until=20))
        assert statuses(gateway, 1) == [200]
        clock.now += 10
        until(lambda: refuses_connections(gateway))
        clock.now += 10
        until(lambda: not refuses_connections(gateway))


def refuses_connections(gateway: Simulator) -> bool:
    try:
        dial(gateway).close()
    except ConnectionRefusedError:
        return True
    return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_faults_can_be_combined() -> None:
    with plain_gateway() as gateway:
        whole = fetch(gateway, "/ivp/meters").data
        with (
            gateway.faults.during("value", path="0.eid"),
            gateway.faults.during("cookies"),
            gateway.faults.during("not-kept"),
            gateway.faults.during("drip", size=100, pause=0.0),
        ):
            received = fetch(gateway, "/ivp/meters", connection_header="keep-alive")
        assert received.end == "close"
        assert received.head.count(b"Set-Cookie") == 2
        assert b'"eid": null' in received.body
        assert fetch(gateway, "/ivp/meters").data == whole


# Text.


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("closd", "unknown fault 'closd' (did you mean \"closed\"?)"),
        ("cut-off,where=foot", "where=foot is invalid: must be one of before, status, headers, body"),
        ("cut-off,byte=x", "byte=x is invalid: must be an integer"),
        ("cut-off,bytes=3", "unknown parameter 'bytes' of cut-off (parameters: where, byte, by)"),
        ("slow,seconds", "must be KEY=VALUE"),
        ("slow,every=x", "every=x is invalid: must be a number"),
        ("slow,every=0", "every must be at least 1"),
        ("slow,probability=2", "probability from 0 to 1"),
        ("closed,endpoint=/home", "before any endpoint is requested"),
        ("closed,from=2", "closed does not support from"),
        ("firmware,profile=9", "profile=9 is invalid: must be one of 3.7,"),
    ],
)
def test_parse_fault_invalid_text_is_an_error_in_one_line(text: str, words: str) -> None:
    with pytest.raises(FaultError) as error:
        parse_fault(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_parse_fault_reads_condition_and_options() -> None:
    written = parse_fault("cut-off,endpoint=/home,endpoint=/ivp/*,byte=9,by=close,from=2,to=8,every=3,seed=5,since=1.5")
    assert written.options == {"byte": 9, "by": "close"}
    assert written.when == When(("/home", "/ivp/*"), first=2, last=8, every=3, seed=5, since=1.5)


def test_catalogue_has_a_line_for_each_fault() -> None:
    assert [line.split()[0] for line in catalogue()[: len(FAULTS)]] == list(FAULTS)


def test_simulator_uses_the_given_injector() -> None:
    own = FaultInjector()
    assert Simulator("8.3", tls=False, faults=own).faults is own


# Every fault.


def suitable(fault: Fault) -> Simulator:
    profile = {
        Needs.DIGEST: "3.9",
        Needs.STORAGE_METER: "8.2",
    }
    name = next((profile[need] for need in fault.needs if need in profile), "8.3")
    return Simulator(name, tls=Needs.TLS in fault.needs, clock=SettableClock())


@pytest.mark.parametrize(("fault", "options"), QUICK, ids=named)
def test_close_with_a_fault_takes_less_than_a_second(fault: Fault, options: dict[str, Any]) -> None:
    threads = threading.active_count()
    gateway = suitable(fault)
    gateway.faults.on(fault.name, **options)
    gateway.start()
    connections = []
    with suppress(OSError):
        connections.append(reach(gateway))
        connections[-1].settimeout(0.05)
        if gateway.scheme == "https":
            connections[-1] = UNVERIFIED.wrap_socket(connections[-1])
        connections[-1].sendall(request(gateway, *fault.endpoints[:1]))
        connections[-1].recv(1)
    began = time.monotonic()
    gateway.close()
    assert time.monotonic() - began < 1
    assert threading.active_count() == threads
    assert gateway.load.open_connections == 0
    for connection in connections:
        connection.close()


def reach(gateway: Simulator) -> socket.socket:
    host, _, port = gateway.address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=0.05)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=named)
def test_off_restores_healthy_responses(fault: Fault) -> None:
    with suitable(fault) as gateway:
        healthy = {path: fetch(gateway, path).data for path in ("/info", "/api/v1/production")}
        active = gateway.faults.on(fault.name)
        with suppress(OSError):
            reach(gateway).close()
        gateway.faults.off(active)
        for path, data in healthy.items():
            assert fetch(gateway, path).data == data


RESPONSE_LAYERS = {Layer.ACCESS, Layer.DOCUMENT, Layer.BODY, Layer.RESPONSE}
WITH_PRECONDITIONS = {"token-revoked", "freeze", "too-many", "check-refused", "digest"}
IMMEDIATE = [
    (fault, options)
    for fault, options in QUICK
    if fault.layer in RESPONSE_LAYERS
    and fault.name not in WITH_PRECONDITIONS
    and options not in ({"kind": "still"}, {"demanded": "no"})
]
"""Faults that change a response at once. Other tests check those that need time, a second connection or a path."""


@pytest.mark.parametrize(("fault", "options"), IMMEDIATE, ids=named)
def test_fault_changes_only_its_endpoints(fault: Fault, options: dict[str, Any]) -> None:
    """The fault has an effect on the gateways that it suits, and none on endpoints that it does not list."""
    suitable_profiles = [name for name in ("8.3", "8.2", "7.3") if fault.suits(PROFILES[name], tls=False)]
    assert suitable_profiles
    for profile in suitable_profiles if fault.needs else suitable_profiles[:1]:
        with plain_gateway(profile) as gateway:
            paths = sorted(PROFILES[profile].paths - PROFILES[profile].for_installers)
            before = {path: response_of(gateway, path) for path in paths}
            with gateway.faults.during(fault.name, **options):
                changed = {path for path in paths if response_of(gateway, path) != before[path]}
            assert changed
            if fault.endpoints:
                assert changed <= set(fault.endpoints)


def response_of(gateway: Simulator, path: str) -> Response | None:
    """The response without sockets."""
    request = Request("GET", path, {"authorization": f"Bearer {gateway.token}"})
    here, there = socket.socketpair()
    with here, there:
        return gateway.faults.request(request, here, gateway.serve)


def test_heal_closes_the_affected_connections() -> None:
    with plain_gateway() as gateway:
        gateway.faults.on("drip", pause=0.05)
        with dial(gateway) as connection:
            connection.sendall(request(gateway))
            connection.recv(1)
            gateway.faults.heal()
            received = receive(connection, timeout=1.0)
            assert received.end in ("close", "reset")
            assert len(received.body) < 100
        assert fetch(gateway).status == 200


def test_injector_is_thread_safe() -> None:
    failures: list[BaseException] = []
    with plain_gateway() as gateway:

        def switch(name: str) -> None:
            try:
                for _ in range(20):
                    with gateway.faults.during(name):
                        fetch(gateway)
            except BaseException as error:  # noqa: BLE001  # reported by the main thread
                failures.append(error)

        threads = [threading.Thread(target=switch, args=(name,)) for name in ("cookies", "bom", "not-kept", "busy")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert fetch(gateway).status == 200
