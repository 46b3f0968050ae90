"""Endpoints that fail with each request, or stop the gateway: the other endpoints are not affected. Real sockets."""

import logging
import socket
import threading
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from support.clock import ManualClock
from support.exposition import Exposition
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.raw_gateway import RawGateway, closed_port
from support.response_overrides import Respond, ResponseOverrides, closes_connection, responds

from envoy_exporter import documents
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.transport.network import Network
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request, Response

pytestmark = pytest.mark.integration

SUCCESS = "enphase_scrape_collector_success"
FAILURES = "enphase_gateway_request_failures_total"


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("envoy_exporter")]


def failing(exposition: Exposition) -> set[str]:
    return {name for (name,), good in exposition.of(SUCCESS).items() if not good}


def test_two_endpoints_that_always_fail_affect_only_their_collectors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    clock = ManualClock()
    faults = ResponseOverrides({documents.TARIFF: closes_connection, documents.HOME: closes_connection})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        for _ in range(240):
            exporter.poll()
            assert exporter.gateway.snapshot().reachable
            clock.advance(15)
        exposition = exporter.exposition()
        assert exposition.value("enphase_up") == 1
        assert failing(exposition) == {"identity", "network", "tariff"}
        # From ten seconds doubling to two minutes, each a fifth longer at most.
        for path in (documents.TARIFF, documents.HOME):
            assert 3600 / 144 - 1 <= exposition.value(FAILURES, endpoint=path, reason="reset") <= 3600 / 120 + 4
        assert gateway.load.requests[documents.METER_READINGS] == 240
        assert gateway.load.requests[documents.INFO] <= 3600 / 300 + 2
    assert len(lines(caplog)) == 1 + 2


def test_endpoints_that_all_fail_are_requested_at_the_back_off_rate(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()

    def unchanged(request: Request, respond: Respond) -> Response:
        return respond(request)

    with Simulator(
        "8.3", clock=clock.time, faults=ResponseOverrides({documents.INFO: unchanged, "*": closes_connection})
    ) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        for _ in range(240):
            exporter.poll()
            clock.advance(15)
        assert exporter.exposition().value("enphase_up") == 0
        failing_requests = {path: n for path, n in gateway.load.requests.items() if path != documents.INFO}
        assert max(failing_requests.values()) <= 3600 / 120 + 4
        # /info is requested after every three endpoints that begin to fail; then they are known to fail alone.
        assert gateway.load.requests[documents.INFO] <= 3600 / 300 + 1 + len(failing_requests) / 3
        assert len(lines(caplog)) == len(failing_requests)


def test_endpoint_that_hangs_makes_info_the_next_request() -> None:
    clock = ManualClock()

    def hangs(_: Request, __: Respond) -> None:
        clock.advance(30)

    faults = ResponseOverrides({documents.DEVICE_DATA: hangs})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exposition = InProcessExporter(settings(gateway), clock).scrape()
        assert gateway.load.requests[documents.INFO] == 2
    assert exposition.value("enphase_up") == 1
    assert failing(exposition) == {"inverters"}


def test_endpoint_that_stops_the_gateway_is_requested_less_often() -> None:
    clock = ManualClock()
    down_until = 0.0

    def kills(_: Request, __: Respond) -> None:
        nonlocal down_until
        down_until = clock.monotonic() + 100

    def unless_down(request: Request, respond: Respond) -> Response | None:
        return None if clock.monotonic() < down_until else respond(request)

    faults = ResponseOverrides({documents.DEVICE_DATA: kills, "*": unless_down})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        for _ in range(480):
            exporter.poll()
            clock.advance(15)
        # 60, 120, 240 and then 500 to 600 seconds apart; a normal back-off would request it every two minutes.
        killed = exporter.exposition().value(FAILURES, endpoint=documents.DEVICE_DATA, reason="reset")
        assert 12 <= killed <= 2 * 3600 / 500 + 6


def test_503_with_retry_after_is_retried_after_that_time(caplog: pytest.LogCaptureFixture) -> None:
    """Earlier, six of them in a row caused a suspension of half an hour."""
    clock = ManualClock()
    busy = responds(503, b"Resource busy, please retry after 30 seconds")
    faults = ResponseOverrides({documents.DEVICE_DATA: busy})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        requested_at: list[float] = []
        for _ in range(400):
            before = gateway.load.requests.get(documents.DEVICE_DATA, 0)
            exporter.poll()
            if gateway.load.requests.get(documents.DEVICE_DATA, 0) > before:
                requested_at.append(clock.monotonic())
            clock.advance(3)
        assert all(after - before >= 30 for before, after in pairwise(requested_at))
        faults.clear()
        clock.advance(144)
        assert failing(exporter.scrape()) == set()
    assert len(lines(caplog)) == 1


def test_first_503_with_retry_after_pauses_all_requests() -> None:
    clock = ManualClock()
    faults = ResponseOverrides({documents.METER_READINGS: responds(503, Retry_After="60")})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        for _ in range(6):
            exporter.poll()
            assert gateway.load.requests == {documents.INFO: 1, documents.METERS: 1, documents.METER_READINGS: 1}
            clock.advance(9.9)
        clock.advance(1)
        exporter.poll()
        assert gateway.load.requests[documents.PRODUCTION_JSON] == 1, "the other endpoints follow"


@pytest.mark.parametrize("element", [b"sn", b"software"])
def test_info_without_serial_or_firmware_is_not_another_gateway(
    element: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()

    def without(request: Request, respond: Respond) -> Response:
        info = respond(request)
        start, end = info.body.index(b"<" + element + b">"), info.body.index(b"</" + element + b">")
        return Response(info.status, info.headers, info.body[:start] + info.body[end + len(element) + 3 :])

    faults = ResponseOverrides({})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        exporter.scrape()
        faults.overrides[documents.INFO] = without
        clock.advance(300)
        exporter.scrape()
        assert gateway.load.requests[documents.HOME] == 1, "once an hour, unless the gateway has changed"
    assert [line for line in lines(caplog) if "changed" in line] == []


def test_absent_endpoint_that_was_available_is_back_within_ten_minutes() -> None:
    clock = ManualClock()
    faults = ResponseOverrides({})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        exporter.scrape()
        faults.overrides[documents.DEVICE_DATA] = responds(404)
        for _ in range(80):
            clock.advance(15)
            exporter.poll()
        assert failing(exporter.exposition()) == set(), "the 404 is accepted"
        faults.clear()
        clock.advance(600)
        exporter.scrape()
    assert exporter.gateway.snapshot().endpoints[documents.DEVICE_DATA].readable


def test_gateway_that_fails_after_info_gets_three_more_requests() -> None:
    clock = ManualClock()

    def unchanged(request: Request, respond: Respond) -> Response:
        return respond(request)

    faults = ResponseOverrides({documents.INFO: unchanged, documents.METERS: unchanged, "*": closes_connection})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        exporter.poll()
        failures = [count for (_, reason), count in exporter.gateway.snapshot().failures.items() if reason == "reset"]
        assert sum(failures) == 3
        assert exporter.exposition().value("enphase_up") == 0


def test_each_hang_causes_one_request_of_info() -> None:
    clock = ManualClock()

    def hangs(_: Request, __: Respond) -> None:
        clock.advance(30)

    faults = ResponseOverrides({documents.DEVICE_DATA: hangs})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        hung = []
        for _ in range(40):
            before = gateway.load.requests.get(documents.DEVICE_DATA, 0), gateway.load.requests.get(documents.INFO, 0)
            exporter.poll()
            if gateway.load.requests[documents.DEVICE_DATA] > before[0]:
                hung.append(gateway.load.requests[documents.INFO] - before[1])
            clock.advance(15)
    assert len(hung) >= 3
    assert hung[0] == 2, "the first contact, and after the hang"
    assert set(hung[1:]) == {1}


def test_absent_endpoint_is_requested_ten_minutes_after_an_outage() -> None:
    clock = ManualClock()
    faults = ResponseOverrides({})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        faults.overrides[documents.TARIFF] = responds(404)
        exporter.poll()
        clock.advance(700)
        exporter.poll()
        requests = gateway.load.requests[documents.TARIFF]
        faults.overrides["*"] = closes_connection
        for _ in range(30):
            clock.advance(15)
            exporter.poll()
        del faults.overrides["*"]
        for _ in range(12):
            clock.advance(15)
            exporter.poll()
        assert gateway.load.requests[documents.TARIFF] == requests + 1, "at once, with another 404"
        faults.clear()
        for _ in range(50):
            clock.advance(15)
            exporter.poll()
        assert exporter.gateway.snapshot().endpoints[documents.TARIFF].readable


def test_absent_endpoint_is_requested_ten_minutes_after_first_contact() -> None:
    """After a power cut both start together, and the exporter is ready first."""
    clock = ManualClock()
    faults = ResponseOverrides({documents.TARIFF: responds(404)})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        exporter.poll()
        faults.clear()
        clock.advance(590)
        exporter.poll()
        assert gateway.load.requests[documents.TARIFF] == 1
        clock.advance(15)
        exporter.poll()
    assert exporter.gateway.snapshot().endpoints[documents.TARIFF].readable


def test_back_offs_of_several_exporters_are_spread() -> None:
    moments = set()
    with closed_port() as port:
        for seed in range(10):
            unreachable = Settings(name="home", host="127.0.0.1", port=port)
            exporter = InProcessExporter(unreachable, ManualClock(), random=Random(seed))
            exporter.poll()
            moments.add(exporter.gateway.state.cache.paused_until)
    assert len(moments) == 10
    assert 10 <= min(moments) - 1000 <= max(moments) - 1000 <= 12


def test_four_endpoints_that_begin_to_fail_do_not_affect_the_others() -> None:
    clock = ManualClock()
    faults = ResponseOverrides({})
    with Simulator("8.2", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        exporter.poll()
        for path in gateway.load.requests:
            if path.startswith("/ivp/ensemble/"):
                faults.overrides[path] = closes_connection
        for _ in range(30):
            clock.advance(15)
            exposition = exporter.scrape()
            assert exposition.value("enphase_up") == 1
            assert "enphase_meter_power_watts" in exposition


def test_scrape_in_which_a_token_is_rejected_reports_it() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        exporter.poll()
        gateway.revoke()
        clock.advance(15)
        exporter.gateway.scrape().result(30)
        assert exporter.exposition().value("enphase_authenticated") == 0


def test_clock_offset_counts_from_the_scheme_that_responded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()
    https_timed_out = threading.Event()

    def no_response(connection: socket.socket, _: int) -> None:
        connection.recv(1)
        clock.advance(5)
        https_timed_out.set()

    with Simulator("5.0", clock=clock.time) as gateway, RawGateway(no_response) as tls:
        exporter = InProcessExporter(settings(gateway, scheme="auto"), clock)
        port = exporter.gateway.settings.port
        connect = Network.connect_tcp

        def elsewhere(network: Network, *arguments: Any, **named: Any) -> Any:
            network.port = port if https_timed_out.is_set() else tls.port
            return connect(network, *arguments, **named)

        monkeypatch.setattr(Network, "connect_tcp", elsewhere)
        exposition = exporter.scrape()
    assert abs(exposition.value("enphase_gateway_clock_offset_seconds")) <= 1
