"""Endpoints that reject the token of an owner are not failures, and do not make the token rejected. Real sockets."""

import logging

import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import ENABLED_BY_DEFAULT, InProcessExporter
from support.response_overrides import ResponseOverrides, responds

from envoy_exporter import documents
from envoy_exporter.app import COLLECTORS
from envoy_exporter.token import parse
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

FOR_INSTALLERS = (
    documents.PLC_STATUS,
    documents.PDM_ENERGY,
    documents.DYNAMIC_EXPORT_LIMIT,
    documents.PRODUCTION_SWITCH,
    documents.GRID_PROFILE,
)
ALL = frozenset(COLLECTORS)


def test_401_of_installer_endpoints_for_an_owner_is_not_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    with Simulator("8.2", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway, collectors=ALL), clock)
        for _ in range(20):
            exposition = exporter.scrape()
            clock.advance(15)
    assert exposition.value("enphase_authenticated") == 1
    assert all(exposition.of("enphase_scrape_collector_success").values())
    assert exposition.of("enphase_gateway_request_failures_total") == {}
    assert {path: gateway.load.requests[path] for path in FOR_INSTALLERS} == dict.fromkeys(FOR_INSTALLERS, 1)
    assert not any(
        name.startswith(("enphase_plc_", "enphase_pdm_", "enphase_dynamic_")) for name, _ in exposition.samples
    )
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_installer_collector_alone_for_an_owner_is_authenticated() -> None:
    """No other endpoint demands the token, so a probe endpoint is requested."""
    clock = ManualClock()
    with Simulator("8.2", clock=clock.time) as gateway:
        exposition = InProcessExporter(settings(gateway, collectors=frozenset({"installer"})), clock).scrape()
    assert exposition.value("enphase_authenticated") == 1
    assert exposition.value("enphase_scrape_collector_success", collector="installer") == 1
    assert exposition.of("enphase_gateway_request_failures_total") == {}


def test_403_of_installer_endpoints_is_not_a_failure() -> None:
    rejections = dict.fromkeys(FOR_INSTALLERS, responds(403))
    with Simulator("8.2", faults=ResponseOverrides(rejections)) as gateway:
        exposition = InProcessExporter(settings(gateway, collectors=ALL)).scrape()
    assert exposition.value("enphase_authenticated") == 1
    assert exposition.value("enphase_scrape_collector_success", collector="installer") == 1


def test_installer_gets_all_documents() -> None:
    clock = ManualClock()
    with Simulator("8.2", clock=clock.time) as gateway:
        token = parse(gateway.make_token(enphaseUser="installer"))
        exposition = InProcessExporter(settings(gateway, token=token, collectors=ALL), clock).scrape()
    assert exposition.value("enphase_production_forced_off") == 0
    assert exposition.value("enphase_plc_devices", device="pcu", state="expected") == 26


def test_collectors_disabled_by_default_request_nothing() -> None:
    with Simulator("8.2") as gateway:
        token = parse(gateway.make_token(enphaseUser="installer"))
        InProcessExporter(settings(gateway, token=token)).scrape()
    assert not {*FOR_INSTALLERS, documents.LIVE_DATA} & set(gateway.load.requests)
    assert {"livedata", "installer"} <= ALL - ENABLED_BY_DEFAULT


def test_live_stream_that_is_closed_is_not_opened() -> None:
    """Without an open stream the live data of 8.3 are old. The exporter does not change that."""
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        exposition = InProcessExporter(settings(gateway, collectors=ALL), clock).scrape()
    assert exposition.value("enphase_live_stream_enabled") == 0
    assert "enphase_live_power_watts" not in exposition
    assert exposition.value("enphase_scrape_collector_success", collector="livedata") == 1
    assert gateway.load.invalid_requests == []
