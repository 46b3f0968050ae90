"""Failures of an endpoint and of the gateway, and the recovery. Simulated gateways, real sockets."""

import logging
import socket
from dataclasses import replace

import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.raw_gateway import RawGateway, closed_port, http_response
from support.recovery import heal, messages
from support.response_overrides import ResponseOverrides, closes_connection, responds

from envoy_exporter import documents
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.token import parse
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

SUCCESS = "enphase_scrape_collector_success"
FAILURES = "enphase_gateway_request_failures_total"


def test_gateway_that_refuses_connections_is_requested_less_often(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    with closed_port() as port:
        exporter = InProcessExporter(Settings(name="home", host="127.0.0.1", port=port), clock)
        for _ in range(240):
            exposition = exporter.scrape()
            clock.advance(15)
    assert exposition.value("enphase_up") == 0
    assert not any(name.startswith("enphase_gateway_info") for name, _ in exposition.samples)
    failures = exposition.value(FAILURES, endpoint=documents.INFO, reason="connect")
    assert 3600 / (120 * 1.2 + 15) <= failures <= 3600 / 120 + 5
    assert messages(caplog) == ["gateway unreachable"]
    assert "reason=connect" in caplog.text


def test_recovered_gateway_is_logged_once_after_the_back_off(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = ManualClock()
    faults = ResponseOverrides({"*": closes_connection})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        assert exporter.scrape().value("enphase_up") == 0
        faults.clear()
        clock.advance(5)
        assert exporter.scrape().value("enphase_up") == 0, "no request during the back-off"
        clock.advance(10)
        exposition = exporter.scrape()
    assert exposition.value("enphase_up") == 1
    assert all(value == 1 for value in exposition.of(SUCCESS).values())
    assert messages(caplog, logging.INFO) == ["gateway unreachable", "gateway reachable"]
    assert "model=800-00555-r03 firmware=D8.3.5169" in caplog.text


def test_gateway_down_has_no_old_values() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        assert "enphase_production_power_watts" in exporter.scrape()
    clock.advance(15)
    exposition = exporter.scrape()
    assert exposition.value("enphase_up") == 0
    assert "enphase_production_power_watts" not in exposition
    assert set(exposition.of(SUCCESS).values()) == {0.0}


def test_gateway_down_has_no_old_information() -> None:
    """The model may have changed, if the gateway was replaced."""
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        assert "enphase_gateway_info" in exporter.scrape()
    clock.advance(15)
    assert "enphase_gateway_info" not in exporter.scrape()
    assert exporter.gateway.snapshot().documents.available == {}


def test_gateway_without_any_site_document_is_not_up() -> None:
    clock = ManualClock()
    core = (documents.METER_READINGS, documents.PRODUCTION_JSON, documents.PRODUCTION_V1, documents.PRODUCTION)
    faults = ResponseOverrides({path: responds(500) for path in core})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        assert exporter.scrape().value("enphase_up") == 0
        assert exporter.gateway.snapshot().reachable
        del faults.overrides[documents.METER_READINGS]
        clock.advance(30)
        assert exporter.scrape().value("enphase_up") == 1, "one of them is enough"


def test_endpoint_that_breaks_affects_one_collector() -> None:
    clock = ManualClock()
    faults = ResponseOverrides({documents.DEVICE_DATA: closes_connection})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        exposition = exporter.scrape()
    assert exposition.value("enphase_up") == 1
    assert {name for (name,), good in exposition.of(SUCCESS).items() if not good} == {"inverters"}
    assert exposition.value(FAILURES, endpoint=documents.DEVICE_DATA, reason="reset") == 1
    assert "enphase_meter_power_watts" in exposition


def test_info_with_503_is_requested_after_its_retry_after() -> None:
    clock = ManualClock()
    busy = responds(503, b"Resource busy, please retry after 30 seconds")
    faults = ResponseOverrides({documents.INFO: busy})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        for _ in range(10):
            exporter.poll()
            clock.advance(2.9)
        assert gateway.load.requests == {documents.INFO: 1}
        faults.clear()
        clock.advance(2)
        assert exporter.scrape().value("enphase_up") == 1


def test_info_that_is_a_web_page_is_invalid(caplog: pytest.LogCaptureFixture) -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(http_response(b"<html>"))

    with RawGateway(script) as gateway:
        exporter = InProcessExporter(Settings(name="home", host=gateway.host, port=gateway.port, scheme="http"))
        assert exporter.scrape().value(FAILURES, endpoint=documents.INFO, reason="schema") == 1
    assert "web page" in caplog.text


@pytest.mark.parametrize("profile", ["5.0", "8.3"])
def test_scheme_auto_finds_the_scheme(profile: str) -> None:
    with Simulator(profile) as gateway:
        exporter = InProcessExporter(settings(gateway, scheme="auto"))
        assert exporter.scrape().value("enphase_up") == 1


def test_firmware_change_is_logged_once_and_documents_are_reset(caplog: pytest.LogCaptureFixture) -> None:
    """An upgrade to firmware 7, with both kinds of credentials configured, needs no user."""
    caplog.set_level(logging.INFO)
    clock = ManualClock()
    with Simulator("5.0", clock=clock.time) as old:
        port = int(old.address.rpartition(":")[2])
        exporter = InProcessExporter(settings(old, scheme="auto", token=None), clock)
        assert exporter.scrape().value("enphase_authenticated") == 1
    with Simulator("8.3", clock=clock.time, port=port) as new:
        exporter.gateway.change(replace(exporter.gateway.settings, token=parse(new.token)))
        heal(exporter)
        exposition = exporter.exposition()
    assert exposition.value("enphase_up") == 1
    assert exposition.value("enphase_authenticated") == 1
    assert all(exposition.of(SUCCESS).values())
    assert messages(caplog, logging.INFO).count("gateway firmware changed") == 1


@pytest.mark.parametrize(
    "missing",
    [responds(404, b'{ "err": "404 - Not Found" }'), responds(403), responds(200, b'{"error": "404 - Not Found"}')],
    ids=["404", "403", "error object with 200"],
)
def test_endpoint_that_is_not_available_is_not_a_failure(missing: object, caplog: pytest.LogCaptureFixture) -> None:
    with Simulator("8.3", faults=ResponseOverrides({documents.DEVICE_DATA: missing})) as gateway:  # type: ignore[dict-item]
        exposition = InProcessExporter(settings(gateway)).scrape()
    assert all(exposition.of(SUCCESS).values())
    assert exposition.of(FAILURES) == {}
    assert gateway.load.requests["/api/v1/production/inverters"] == 1, "the older list is requested instead"
    assert messages(caplog) == []
