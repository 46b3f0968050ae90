"""Endpoints that break at every asking, and one that takes the gateway with it: the others must not pay for them."""

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
from support.response_overrides import Answer, ResponseOverrides, closes_connection, responds

from envoy_exporter import documents
from envoy_exporter.gateway.log_throttle import AT_ONCE, LogThrottle
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.transport.network import Network
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request, Response

pytestmark = pytest.mark.integration

READ = "enphase_scrape_collector_success"
FAILURES = "enphase_gateway_request_failures_total"


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith("envoy_exporter")]


def failing(exposition: Exposition) -> set[str]:
    return {name for (name,), good in exposition.of(READ).items() if not good}


def test_two_neighbours_that_break_at_every_asking_cost_their_collectors_for_an_hour_and_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    clock = ManualClock()
    odd = ResponseOverrides({documents.TARIFF: closes_connection, documents.HOME: closes_connection})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        for _ in range(240):
            scraped.poll()
            assert scraped.gateway.snapshot().answering
            clock.advance(15)
        exposition = scraped.exposition()
        assert exposition.value("enphase_up") == 1
        assert failing(exposition) == {"identity", "network", "tariff"}
        # From ten seconds doubling to two minutes, each a fifth longer at most.
        for path in (documents.TARIFF, documents.HOME):
            assert 3600 / 144 - 1 <= exposition.value(FAILURES, endpoint=path, reason="reset") <= 3600 / 120 + 4
        assert gateway.load.requests[documents.METER_READINGS] == 240
        assert gateway.load.requests[documents.INFO] <= 3600 / 300 + 2
    assert len(lines(caplog)) == 1 + 2


def test_everything_but_info_breaks_and_nobody_asks_in_a_storm(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()

    def truth(request: Request, answer: Answer) -> Response:
        return answer(request)

    with Simulator(
        "8.3", clock=clock.time, faults=ResponseOverrides({documents.INFO: truth, "*": closes_connection})
    ) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        for _ in range(240):
            scraped.poll()
            clock.advance(15)
        assert scraped.exposition().value("enphase_up") == 0
        each = {path: n for path, n in gateway.load.requests.items() if path != documents.INFO}
        assert max(each.values()) <= 3600 / 120 + 4
        # Every three that are new to break it is asked whether it lives; then it is known that they do.
        assert gateway.load.requests[documents.INFO] <= 3600 / 300 + 1 + len(each) / 3
        assert len(lines(caplog)) == len(each)


def test_a_hang_is_told_from_a_dead_gateway_by_info_at_once() -> None:
    clock = ManualClock()

    def hangs(_: Request, __: Answer) -> None:
        clock.advance(30)

    odd = ResponseOverrides({documents.DEVICE_DATA: hangs})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        exposition = InProcessExporter(settings(gateway), clock).scrape()
        assert gateway.load.requests[documents.INFO] == 2
    assert exposition.value("enphase_up") == 1
    assert failing(exposition) == {"inverters"}


def test_an_endpoint_after_which_the_gateway_is_gone_is_asked_less_and_less() -> None:
    clock = ManualClock()
    down_until = 0.0

    def kills(_: Request, __: Answer) -> None:
        nonlocal down_until
        down_until = clock.monotonic() + 100

    def unless_down(request: Request, answer: Answer) -> Response | None:
        return None if clock.monotonic() < down_until else answer(request)

    odd = ResponseOverrides({documents.DEVICE_DATA: kills, "*": unless_down})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        for _ in range(480):
            scraped.poll()
            clock.advance(15)
        # 60, 120, 240 and then 500 to 600 seconds apart, where a back-off would have asked it each two minutes.
        killed = scraped.exposition().value(FAILURES, endpoint=documents.DEVICE_DATA, reason="reset")
        assert 12 <= killed <= 2 * 3600 / 500 + 6


def test_a_503_with_a_time_is_over_when_the_time_is(caplog: pytest.LogCaptureFixture) -> None:
    """Six of them in a row were a suspension of half an hour once."""
    clock = ManualClock()
    busy = responds(503, b"Resource busy, please retry after 30 seconds")
    odd = ResponseOverrides({documents.DEVICE_DATA: busy})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        asked: list[float] = []
        for _ in range(400):
            before = gateway.load.requests.get(documents.DEVICE_DATA, 0)
            scraped.poll()
            if gateway.load.requests.get(documents.DEVICE_DATA, 0) > before:
                asked.append(clock.monotonic())
            clock.advance(3)
        assert all(after - before >= 30 for before, after in pairwise(asked))
        odd.clear()
        clock.advance(144)
        assert failing(scraped.scrape()) == set()
    assert len(lines(caplog)) == 1


def test_the_whole_gateway_is_left_alone_for_the_time_that_its_first_503_names() -> None:
    clock = ManualClock()
    odd = ResponseOverrides({documents.METER_READINGS: responds(503, Retry_After="60")})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        for _ in range(6):
            scraped.poll()
            assert gateway.load.requests == {documents.INFO: 1, documents.METERS: 1, documents.METER_READINGS: 1}
            clock.advance(9.9)
        clock.advance(1)
        scraped.poll()
        assert gateway.load.requests[documents.PRODUCTION_JSON] == 1, "and then the others go on, whatever it says"


@pytest.mark.parametrize("element", [b"sn", b"software"])
def test_an_info_that_leaves_out_who_it_is_is_no_other_gateway(
    element: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()

    def without(request: Request, answer: Answer) -> Response:
        told = answer(request)
        start, end = told.body.index(b"<" + element + b">"), told.body.index(b"</" + element + b">")
        return Response(told.status, told.headers, told.body[:start] + told.body[end + len(element) + 3 :])

    odd = ResponseOverrides({})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        scraped.scrape()
        odd.overrides[documents.INFO] = without
        clock.advance(300)
        scraped.scrape()
        assert gateway.load.requests[documents.HOME] == 1, "which is asked once an hour, unless all is new"
    assert [line for line in lines(caplog) if "another gateway" in line or "firmware is" in line] == []


def test_what_answered_and_then_was_gone_is_back_within_ten_minutes() -> None:
    clock = ManualClock()
    odd = ResponseOverrides({})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        scraped.scrape()
        odd.overrides[documents.DEVICE_DATA] = responds(404)
        for _ in range(80):
            clock.advance(15)
            scraped.poll()
        assert failing(scraped.exposition()) == set(), "it is believed"
        odd.clear()
        clock.advance(600)
        scraped.scrape()
    assert scraped.gateway.snapshot().endpoints[documents.DEVICE_DATA].readable


def test_what_changes_all_day_is_four_lines_and_a_summary_an_hour(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = ManualClock()
    journal = LogThrottle("home", clock)
    for minute in range(24 * 60):
        journal.summary()
        journal.changed("/home", logging.WARNING, f"no /home: {minute}")
        clock.advance(60)
    told = lines(caplog)
    assert told[0] == "gateway home: no /home: 0"
    assert told[AT_ONCE - 1].endswith("from now on a summary an hour")
    assert 22 <= len(told) - AT_ONCE <= 24
    assert "in the last hour /home changed 60 times, the last: no /home: 1" in told[-1]


def test_after_an_hour_of_rest_a_change_is_a_line_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = ManualClock()
    journal = LogThrottle("home", clock)
    for _ in range(10):
        journal.changed("/home", logging.WARNING, "no /home")
    clock.advance(3601)
    journal.summary()
    journal.changed("/home", logging.INFO, "/home is there again")
    assert len(lines(caplog)) == AT_ONCE + 2
    assert "changed 6 times" in lines(caplog)[-2]
    assert lines(caplog)[-1] == "gateway home: /home is there again"


def test_a_gateway_that_dies_without_a_word_after_info_gets_three_more_requests_and_no_storm() -> None:
    clock = ManualClock()

    def truth(request: Request, answer: Answer) -> Response:
        return answer(request)

    odd = ResponseOverrides({documents.INFO: truth, documents.METERS: truth, "*": closes_connection})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        scraped.poll()
        failures = [count for (_, reason), count in scraped.gateway.snapshot().failures.items() if reason == "reset"]
        assert sum(failures) == 3
        assert scraped.exposition().value("enphase_up") == 0


def test_each_hang_is_a_reason_to_ask_whether_the_gateway_lives() -> None:
    clock = ManualClock()

    def hangs(_: Request, __: Answer) -> None:
        clock.advance(30)

    odd = ResponseOverrides({documents.DEVICE_DATA: hangs})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        hung = []
        for _ in range(40):
            before = gateway.load.requests.get(documents.DEVICE_DATA, 0), gateway.load.requests.get(documents.INFO, 0)
            scraped.poll()
            if gateway.load.requests[documents.DEVICE_DATA] > before[0]:
                hung.append(gateway.load.requests[documents.INFO] - before[1])
            clock.advance(15)
    assert len(hung) >= 3
    assert hung[0] == 2, "the first contact, and after the hang"
    assert set(hung[1:]) == {1}


def test_what_a_gateway_says_it_has_not_while_it_starts_is_asked_again_ten_minutes_after_the_outage() -> None:
    clock = ManualClock()
    odd = ResponseOverrides({})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        odd.overrides[documents.TARIFF] = responds(404)
        scraped.poll()
        clock.advance(700)
        scraped.poll()
        asked = gateway.load.requests[documents.TARIFF]
        odd.overrides["*"] = closes_connection
        for _ in range(30):
            clock.advance(15)
            scraped.poll()
        del odd.overrides["*"]
        for _ in range(12):
            clock.advance(15)
            scraped.poll()
        assert gateway.load.requests[documents.TARIFF] == asked + 1, "at once, and it says no again"
        odd.clear()
        for _ in range(50):
            clock.advance(15)
            scraped.poll()
        assert scraped.gateway.snapshot().endpoints[documents.TARIFF].readable


def test_what_a_gateway_says_it_has_not_at_the_first_contact_is_asked_again_after_ten_minutes() -> None:
    """After a power cut both start together, and the exporter is there first."""
    clock = ManualClock()
    odd = ResponseOverrides({documents.TARIFF: responds(404)})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        scraped.poll()
        odd.clear()
        clock.advance(590)
        scraped.poll()
        assert gateway.load.requests[documents.TARIFF] == 1
        clock.advance(15)
        scraped.poll()
    assert scraped.gateway.snapshot().endpoints[documents.TARIFF].readable


def test_exporters_that_lost_their_gateways_in_one_moment_do_not_come_back_in_one() -> None:
    moments = set()
    with closed_port() as port:
        for seed in range(10):
            unreachable = Settings(name="home", host="127.0.0.1", port=port)
            scraped = InProcessExporter(unreachable, ManualClock(), random=Random(seed))
            scraped.poll()
            moments.add(scraped.gateway.state.cache.quiet_until)
    assert len(moments) == 10
    assert 10 <= min(moments) - 1000 <= max(moments) - 1000 <= 12


def test_four_endpoints_of_one_collector_that_begin_to_break_leave_the_others_to_be_read() -> None:
    clock = ManualClock()
    odd = ResponseOverrides({})
    with Simulator("8.2", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        scraped.poll()
        for path in gateway.load.requests:
            if path.startswith("/ivp/ensemble/"):
                odd.overrides[path] = closes_connection
        for _ in range(30):
            clock.advance(15)
            exposition = scraped.scrape()
            assert exposition.value("enphase_up") == 1
            assert "enphase_meter_power_watts" in exposition


def test_the_scrape_in_which_a_token_is_found_refused_says_so() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        scraped.poll()
        gateway.revoke()
        clock.advance(15)
        scraped.gateway.scrape().result(30)
        assert scraped.exposition().value("enphase_authenticated") == 0


def test_the_clock_is_read_from_the_request_that_answered_and_not_from_the_scheme_that_did_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = ManualClock()
    silent = threading.Event()

    def deaf(connection: socket.socket, _: int) -> None:
        connection.recv(1)
        clock.advance(5)
        silent.set()

    with Simulator("5.0", clock=clock.time) as gateway, RawGateway(deaf) as tls:
        scraped = InProcessExporter(settings(gateway, scheme="auto"), clock)
        port = scraped.gateway.settings.port
        connect = Network.connect_tcp

        def elsewhere(network: Network, *arguments: Any, **named: Any) -> Any:
            network.port = port if silent.is_set() else tls.port
            return connect(network, *arguments, **named)

        monkeypatch.setattr(Network, "connect_tcp", elsewhere)
        exposition = scraped.scrape()
    assert abs(exposition.value("enphase_gateway_clock_offset_seconds")) <= 1
