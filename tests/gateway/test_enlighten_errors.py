"""Enlighten rejects, hangs, is down or sends invalid responses: no data is lost, and it is requested rarely."""

import json
import logging
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.enlighten import YEAR, account, token_renewal
from support.enlighten_setup import ACCOUNT, DAY, FEW, HOUR, MINUTE, EnlightenSetup, is_healthy, renewals
from support.gateways import settings
from support.in_process_exporter import InProcessExporter

from envoy_simulator import PROFILES, Simulator
from envoy_simulator.cloud import RESPONSES, Cloud

pytestmark = pytest.mark.integration


def test_renewal_after_any_odd_response_loses_no_data_and_shows_no_secret(
    setup: EnlightenSetup, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "envoy_exporter")
    exporter = setup.exporter()
    exporter.scrape()
    old_text = setup.file.read_text()
    setup.clock.advance(YEAR * 11 / 12)
    for count, response in enumerate(RESPONSES, start=2):
        setup.cloud.response = response
        exposition = exporter.scrape()
        exporter.poll()
        assert is_healthy(exposition), response
        assert (response, setup.cloud.logins) == (response, count)
        assert (response, sum(renewals(exporter.exposition()).values())) == (response, count)
        setup.clock.advance(4.9 * HOUR)
    assert setup.file.read_text() == old_text
    texts = caplog.text + str(exporter.gateway.snapshot().error)
    token_requests = [request for request in setup.cloud.requests if request.path == "/tokens"]
    sessions = [json.loads(request.body)["session_id"] for request in token_requests]
    for secret in (
        ACCOUNT,
        setup.cloud.password,
        *sessions,
        *(old_text[at : at + 12] for at in range(0, len(old_text) - 12, 12)),
    ):
        assert secret not in texts
    errors = [vars(record)["error"] for record in caplog.records if record.getMessage() == "token renewal failed"]
    assert any("MFA" in error for error in errors)
    assert all(error != following for error, following in pairwise(errors))
    setup.cloud.response = ""
    exporter.poll()
    setup.clock.advance(15)
    exporter.poll()
    setup.clock.advance(15)
    exporter.poll()
    assert setup.file.read_text() != old_text


def test_renewal_that_hangs_delays_no_scrape(setup: EnlightenSetup) -> None:
    """Enlighten is requested after the scrapes were over, so its response time does not matter to them."""
    exporter = setup.exporter()
    exporter.scrape()
    setup.clock.advance(YEAR * 11 / 12)
    setup.cloud.response = "slow"
    scrape = exporter.gateway.scrape()
    _wait_for_requests(setup.cloud, 3)
    assert scrape.done()
    exposition = exporter.exposition()
    assert is_healthy(exposition)
    assert exporter.gateway.snapshot().documents.available


def _wait_for_requests(cloud: Cloud, count: int) -> None:
    waiting = threading.Event()
    for _ in range(1000):
        if len(cloud.requests) >= count:
            return
        waiting.wait(0.01)
    raise AssertionError("Enlighten was not requested")


def test_rejected_account_of_three_gateways_logs_in_at_most_12_times_a_day(tmp_path: Path) -> None:
    clock = ManualClock()
    profile = PROFILES["7.3"]
    serials = [f"12200000000{number}" for number in range(3)]
    gateways = [Simulator(replace(profile, serial=serial), clock=clock.time) for serial in serials]
    with Cloud(*serials, username=ACCOUNT, clock=clock.time) as cloud:
        shared = account(cloud, tmp_path, clock, password="wrong")
        exporters = []
        for gateway in gateways:
            gateway.start()
            own = settings(gateway, token=None, serial=gateway.serial, name=gateway.serial, collectors=FEW)
            exporters.append(InProcessExporter(own, clock, renewal=token_renewal(shared, gateway.serial, clock)))
        for _ in range(24 * 4):
            for exporter in exporters:
                exporter.poll()
            clock.advance(15 * MINUTE)
        for gateway in gateways:
            gateway.close()
        assert 2 <= cloud.logins <= 12
        assert len(cloud.requests) == cloud.logins


def test_gateway_of_another_account_does_not_delay_the_others(tmp_path: Path) -> None:
    clock = ManualClock()
    foreign, own = replace(PROFILES["7.3"], serial="122000000009"), PROFILES["8.3"]
    with (
        Simulator(foreign, clock=clock.time) as first,
        Simulator(own, clock=clock.time) as second,
        Cloud(own.serial, username=ACCOUNT, clock=clock.time) as cloud,
    ):
        shared = account(cloud, tmp_path, clock)
        rejected = InProcessExporter(
            settings(first, token=None, serial=foreign.serial, collectors=FEW),
            clock,
            renewal=token_renewal(shared, foreign.serial, clock),
        )
        served = InProcessExporter(
            settings(second, token=None, serial=own.serial, collectors=FEW),
            clock,
            renewal=token_renewal(shared, own.serial, clock),
        )
        for _ in range(20):
            exposition = rejected.scrape()
            clock.advance(15)
        assert renewals(exposition) == {"serial": 1}
        assert is_healthy(served.scrape())
        assert cloud.logins == 2


def test_enlighten_down_at_the_start_is_requested_again_after_a_minute(setup: EnlightenSetup) -> None:
    setup.cloud.response = "login_503"
    exporter = setup.exporter()
    assert exporter.scrape().value("enphase_authenticated") == 0
    setup.clock.advance(15)
    exporter.scrape()
    assert setup.cloud.logins == 1
    setup.cloud.response = ""
    setup.clock.advance(60)
    exporter.scrape()
    setup.clock.advance(15)
    assert exporter.scrape().value("enphase_authenticated") == 1
    assert setup.cloud.logins == 2


def test_new_token_that_is_already_due_is_not_renewed_with_every_poll(setup: EnlightenSetup) -> None:
    now = int(setup.clock.time())
    setup.cloud.claims = {"iat": now - YEAR, "exp": now + 2 * int(DAY)}
    exporter = setup.exporter(collectors=frozenset({"production"}))
    for _ in range(24 * 6):
        exporter.poll()
        setup.clock.advance(10 * MINUTE)
    assert is_healthy(exporter.exposition())
    assert 2 <= setup.cloud.logins <= 24


def test_retry_after_of_enlighten_is_honoured(setup: EnlightenSetup) -> None:
    setup.cloud.response = "login_429"
    exporter = setup.exporter()
    for _ in range(29):
        exporter.poll()
        setup.clock.advance(MINUTE)
    assert setup.cloud.logins == 1
    setup.clock.advance(10 * MINUTE)
    exporter.poll()
    assert setup.cloud.logins == 2


def test_account_with_mfa_reports_how_to_create_a_token(
    setup: EnlightenSetup, caplog: pytest.LogCaptureFixture
) -> None:
    setup.cloud.response = "mfa"
    exporter = setup.exporter()
    exposition = exporter.scrape()
    assert exposition.value("enphase_authenticated") == 0
    assert renewals(exposition) == {"mfa": 1}
    assert "https://entrez.enphaseenergy.com" in str(exporter.gateway.snapshot().error)
    assert "token_file" in caplog.text
