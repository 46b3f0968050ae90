"""Faults are data, strike when they are told to, heal when they are told to, and hold nothing up."""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from simulator.bench import StandingClock
from simulator.wire import ANYTHING, ask, dial, hear, plain, request

from envoy_simulator import PROFILES, Simulator
from envoy_simulator.faults import FAULTS, Fault, FaultError, FaultInjector, Layer, Needs, When
from envoy_simulator.faults.spec import catalogue, parse_fault
from envoy_simulator.http_types import Request, Response

pytestmark = pytest.mark.integration

QUICK = [(fault, options) for fault in FAULTS.values() for options in fault.variants if options != {"kind": "bomb"}]
"""Every fault in all its forms but one, which is made once for all, and that takes a second."""


def named(value: object) -> str:
    if isinstance(value, Fault):
        return value.name
    return " ".join(f"{key}={each}" for key, each in value.items()) if isinstance(value, dict) else str(value)


def statuses(gateway: Simulator, count: int, target: str = "/info") -> list[int]:
    return [ask(gateway, target).status for _ in range(count)]


# Which requests it strikes.


@pytest.mark.parametrize(
    ("when", "struck"),
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
def test_it_strikes_requests_by_their_number(when: When, struck: str) -> None:
    with plain() as gateway, gateway.faults.during("status", when, code=500):
        assert statuses(gateway, 8) == [500 if each == "1" else 200 for each in struck]


def test_the_same_seed_has_the_same_luck() -> None:
    def luck(seed: int) -> list[int]:
        with plain() as gateway, gateway.faults.during("status", When(probability=0.4, seed=seed)):
            return statuses(gateway, 30)

    assert luck(1) == luck(1) != luck(2)
    assert 4 < luck(1).count(500) < 21


def test_it_strikes_endpoints_and_counts_those_alone() -> None:
    with plain() as gateway, gateway.faults.during("status", When(endpoints=("/ivp/*", "/home"), first=2)):
        asked = ["/ivp/meters", "/info", "/production.json", "/home", "/ivp/meters", "/info"]
        assert [ask(gateway, path).status for path in asked] == [200, 200, 200, 500, 500, 200]


def test_it_strikes_within_its_time_by_the_clock_of_the_gateway() -> None:
    clock = StandingClock()
    with Simulator("8.3", tls=False, clock=clock) as gateway:
        clock.now += 1000
        gateway.faults.on("status", When(since=60, until=120))
        seen = []
        for _ in range(5):
            seen += statuses(gateway, 1)
            clock.now += 30
        assert seen == [200, 200, 500, 500, 200]


def test_the_port_follows_the_clock_by_itself() -> None:
    clock = StandingClock()
    with Simulator("8.3", tls=False, clock=clock) as gateway:
        gateway.faults.on("closed", When(since=10, until=20))
        assert statuses(gateway, 1) == [200]
        clock.now += 10
        until(lambda: refuses(gateway))
        clock.now += 10
        until(lambda: not refuses(gateway))


def refuses(gateway: Simulator) -> bool:
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


def test_faults_are_stacked() -> None:
    with plain() as gateway:
        whole = ask(gateway, "/ivp/meters").data
        with (
            gateway.faults.during("value", path="0.eid"),
            gateway.faults.during("cookies"),
            gateway.faults.during("not-kept"),
            gateway.faults.during("drip", size=100, pause=0.0),
        ):
            heard = ask(gateway, "/ivp/meters", fate="keep-alive")
        assert heard.end == "close"
        assert heard.head.count(b"Set-Cookie") == 2
        assert b'"eid": null' in heard.body
        assert ask(gateway, "/ivp/meters").data == whole


# What is refused.


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("closd", "closed"),
        ("cut-off,where=foot", "where=foot"),
        ("cut-off,byte=x", "byte=x"),
        ("cut-off,bytes=3", "unknown parameter"),
        ("slow,seconds", "seconds"),
        ("slow,every=x", "every=x"),
        ("slow,every=0", "out of range"),
        ("slow,probability=2", "out of range"),
        ("closed,endpoint=/home", "endpoint"),
        ("closed,from=2", "from"),
        ("firmware,profile=9", "profile=9"),
    ],
)
def test_parse_fault_invalid_text_is_an_error_in_one_line(text: str, word: str) -> None:
    with pytest.raises(FaultError) as error:
        parse_fault(text)
    assert word in str(error.value)
    assert "\n" not in str(error.value)


def test_a_fault_is_written_in_a_line() -> None:
    written = parse_fault("cut-off,endpoint=/home,endpoint=/ivp/*,byte=9,by=close,from=2,to=8,every=3,seed=5,since=1.5")
    assert written.options == {"byte": 9, "by": "close"}
    assert written.when == When(("/home", "/ivp/*"), first=2, last=8, every=3, seed=5, since=1.5)


def test_the_list_has_a_line_for_each() -> None:
    assert [line.split()[0] for line in catalogue()[: len(FAULTS)]] == list(FAULTS)


def test_a_simulator_with_faults_of_ones_own_has_no_switchboard() -> None:
    own = FaultInjector()
    assert Simulator("8.3", tls=False, faults=own).faults is own


# Every fault.


def suitable(fault: Fault) -> Simulator:
    profile = {
        Needs.DIGEST: "3.9",
        Needs.STORAGE_METER: "8.2",
    }
    name = next((profile[need] for need in fault.needs if need in profile), "8.3")
    return Simulator(name, tls=Needs.TLS in fault.needs, clock=StandingClock())


@pytest.mark.parametrize(("fault", "options"), QUICK, ids=named)
def test_whatever_is_on_it_ends_within_a_second_and_its_threads_with_it(fault: Fault, options: dict[str, Any]) -> None:
    threads = threading.active_count()
    gateway = suitable(fault)
    gateway.faults.on(fault.name, **options)
    gateway.start()
    connections = []
    with suppress(OSError):
        connections.append(reach(gateway))
        connections[-1].settimeout(0.05)
        if gateway.scheme == "https":
            connections[-1] = ANYTHING.wrap_socket(connections[-1])
        connections[-1].sendall(request(gateway, *fault.endpoints[:1]))
        connections[-1].recv(1)
    began = time.monotonic()
    gateway.close()
    assert time.monotonic() - began < 1
    assert threading.active_count() == threads
    assert gateway.load.open_connections == 0
    for each in connections:
        each.close()


def reach(gateway: Simulator) -> socket.socket:
    host, _, port = gateway.address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=0.05)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=named)
def test_what_is_switched_off_is_over(fault: Fault) -> None:
    with suitable(fault) as gateway:
        healthy = {path: ask(gateway, path).data for path in ("/info", "/api/v1/production")}
        switched = gateway.faults.on(fault.name)
        with suppress(OSError):
            reach(gateway).close()
        gateway.faults.off(switched)
        for path, data in healthy.items():
            assert ask(gateway, path).data == data


ANSWERS = {Layer.ACCESS, Layer.DOCUMENT, Layer.BODY, Layer.RESPONSE}
ELSEWHERE = {"token-revoked", "freeze", "too-many", "check-refused", "digest"}
AT_ONCE = [
    (fault, options)
    for fault, options in QUICK
    if fault.layer in ANSWERS and fault.name not in ELSEWHERE and options not in ({"kind": "still"}, {"demanded": "no"})
]
"""The others need time to pass, another connection or a path of their own: their claims stand with their layer."""


@pytest.mark.parametrize(("fault", "options"), AT_ONCE, ids=named)
def test_what_changes_an_answer_changes_one_where_it_says(fault: Fault, options: dict[str, Any]) -> None:
    """On the gateways for which it says that it makes sense, and nothing on the endpoints that it does not name."""
    suiting = [name for name in ("8.3", "8.2", "7.3") if fault.suits(PROFILES[name], tls=False)]
    assert suiting
    for profile in suiting if fault.needs else suiting[:1]:
        with plain(profile) as gateway:
            paths = sorted(PROFILES[profile].paths - PROFILES[profile].for_installers)
            before = {path: answer(gateway, path) for path in paths}
            with gateway.faults.during(fault.name, **options):
                changed = {path for path in paths if answer(gateway, path) != before[path]}
            assert changed
            if fault.endpoints:
                assert changed <= set(fault.endpoints)


def answer(gateway: Simulator, path: str) -> Response | None:
    """Past the sockets."""
    asked = Request("GET", path, {"authorization": f"Bearer {gateway.token}"})
    here, there = socket.socketpair()
    with here, there:
        return gateway.faults.request(asked, here, gateway.serve)


def test_what_it_had_in_its_hands_ends_when_it_is_healed() -> None:
    with plain() as gateway:
        gateway.faults.on("drip", pause=0.05)
        with dial(gateway) as connection:
            connection.sendall(request(gateway))
            connection.recv(1)
            gateway.faults.heal()
            heard = hear(connection, patience=1.0)
            assert heard.end in ("close", "reset")
            assert len(heard.body) < 100
        assert ask(gateway).status == 200


def test_faults_are_switched_from_many_threads_while_it_is_asked() -> None:
    failures: list[BaseException] = []
    with plain() as gateway:

        def switch(name: str) -> None:
            try:
                for _ in range(20):
                    with gateway.faults.during(name):
                        ask(gateway)
            except BaseException as error:  # noqa: BLE001  # the thread's own
                failures.append(error)

        threads = [threading.Thread(target=switch, args=(name,)) for name in ("cookies", "bom", "not-kept", "busy")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert ask(gateway).status == 200
