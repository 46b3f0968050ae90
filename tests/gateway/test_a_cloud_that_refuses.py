"""A cloud that refuses, hangs, is not there or says something else: nothing is lost, and it is not worn out."""

import json
import logging
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.enlighten import YEAR, account, token_renewal
from support.enlighten_setup import ACCOUNT, DAY, FEW, HOUR, MINUTE, House, is_healthy, renewals
from support.gateways import settings
from support.in_process_exporter import InProcessExporter

from envoy_simulator import PROFILES, Simulator
from envoy_simulator.cloud import RESPONSES, Cloud

pytestmark = pytest.mark.integration


def test_whatever_the_cloud_says_nothing_is_lost_and_no_secret_told(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "envoy_exporter")
    scraped = house.exporter()
    scraped.scrape()
    kept = house.file.read_text()
    house.clock.advance(YEAR * 11 / 12)
    for count, mood in enumerate(RESPONSES, start=2):
        house.cloud.response = mood
        exposition = scraped.scrape()
        scraped.poll()
        assert is_healthy(exposition), mood
        assert (mood, house.cloud.logins) == (mood, count)
        assert (mood, sum(renewals(scraped.exposition()).values())) == (mood, count)
        house.clock.advance(4.9 * HOUR)
    assert house.file.read_text() == kept
    said = caplog.text + str(scraped.gateway.snapshot().error)
    sessions = [json.loads(each.body)["session_id"] for each in house.cloud.requests if each.path == "/tokens"]
    for secret in (
        ACCOUNT,
        house.cloud.password,
        *sessions,
        *(kept[at : at + 12] for at in range(0, len(kept) - 12, 12)),
    ):
        assert secret not in said
    told = [record.getMessage() for record in caplog.records if "no new token" in record.getMessage()]
    assert all(line != after for line, after in pairwise(told))
    assert any("second factor" in line for line in told)
    house.cloud.response = ""
    scraped.poll()
    house.clock.advance(15)
    scraped.poll()
    house.clock.advance(15)
    scraped.poll()
    assert house.file.read_text() != kept


def test_scrapes_have_their_documents_before_the_cloud_is_asked(house: House) -> None:
    """It is asked once nobody waits: whatever it then does, and however long, holds up no scrape."""
    scraped = house.exporter()
    scraped.scrape()
    house.clock.advance(YEAR * 11 / 12)
    house.cloud.response = "slow"
    waited = scraped.gateway.scrape()
    _until_asked(house.cloud, 3)
    assert waited.done()
    exposition = scraped.exposition()
    assert is_healthy(exposition)
    assert scraped.gateway.snapshot().documents.available


def _until_asked(cloud: Cloud, count: int) -> None:
    waiting = threading.Event()
    for _ in range(1000):
        if len(cloud.requests) >= count:
            return
        waiting.wait(0.01)
    raise AssertionError("the cloud is not asked")


def test_an_account_that_is_refused_is_left_alone_for_hours_however_many_gateways_share_it(tmp_path: Path) -> None:
    clock = ManualClock()
    profile = PROFILES["7.3"]
    serials = [f"12200000000{number}" for number in range(3)]
    gateways = [Simulator(replace(profile, serial=serial), clock=clock.time) for serial in serials]
    with Cloud(*serials, username=ACCOUNT, clock=clock.time) as cloud:
        shared = account(cloud, tmp_path, clock, password="wrong")
        exporters = []
        for gateway in gateways:
            gateway.start()
            told = settings(gateway, token=None, serial=gateway.serial, name=gateway.serial, collectors=FEW)
            exporters.append(InProcessExporter(told, clock, renewal=token_renewal(shared, gateway.serial, clock)))
        for _ in range(24 * 4):
            for scraped in exporters:
                scraped.poll()
            clock.advance(15 * MINUTE)
        for gateway in gateways:
            gateway.close()
        assert 2 <= cloud.logins <= 12
        assert len(cloud.requests) == cloud.logins


def test_a_gateway_that_the_account_does_not_see_holds_up_no_other(tmp_path: Path) -> None:
    clock = ManualClock()
    strange, own = replace(PROFILES["7.3"], serial="122000000009"), PROFILES["8.3"]
    with (
        Simulator(strange, clock=clock.time) as first,
        Simulator(own, clock=clock.time) as second,
        Cloud(own.serial, username=ACCOUNT, clock=clock.time) as cloud,
    ):
        shared = account(cloud, tmp_path, clock)
        refused = InProcessExporter(
            settings(first, token=None, serial=strange.serial, collectors=FEW),
            clock,
            renewal=token_renewal(shared, strange.serial, clock),
        )
        served = InProcessExporter(
            settings(second, token=None, serial=own.serial, collectors=FEW),
            clock,
            renewal=token_renewal(shared, own.serial, clock),
        )
        for _ in range(20):
            exposition = refused.scrape()
            clock.advance(15)
        assert renewals(exposition) == {"serial": 1}
        assert is_healthy(served.scrape())
        assert cloud.logins == 2


def test_a_cloud_that_is_down_at_the_start_is_asked_again_in_a_minute(house: House) -> None:
    house.cloud.response = "login_503"
    scraped = house.exporter()
    assert scraped.scrape().value("enphase_authenticated") == 0
    house.clock.advance(15)
    scraped.scrape()
    assert house.cloud.logins == 1
    house.cloud.response = ""
    house.clock.advance(60)
    scraped.scrape()
    house.clock.advance(15)
    assert scraped.scrape().value("enphase_authenticated") == 1
    assert house.cloud.logins == 2


def test_a_cloud_whose_tokens_are_old_when_they_come_is_not_asked_with_every_poll(house: House) -> None:
    now = int(house.clock.time())
    house.cloud.claims = {"iat": now - YEAR, "exp": now + 2 * int(DAY)}
    scraped = house.exporter(collectors=frozenset({"production"}))
    for _ in range(24 * 6):
        scraped.poll()
        house.clock.advance(10 * MINUTE)
    assert is_healthy(scraped.exposition())
    assert 2 <= house.cloud.logins <= 24


def test_a_cloud_that_says_when_is_asked_then(house: House) -> None:
    house.cloud.response = "login_429"
    scraped = house.exporter()
    for _ in range(29):
        scraped.poll()
        house.clock.advance(MINUTE)
    assert house.cloud.logins == 1
    house.clock.advance(10 * MINUTE)
    scraped.poll()
    assert house.cloud.logins == 2


def test_mfa_is_told_in_words_that_say_what_to_do(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.cloud.response = "mfa"
    scraped = house.exporter()
    exposition = scraped.scrape()
    assert exposition.value("enphase_authenticated") == 0
    assert renewals(exposition) == {"mfa": 1}
    assert "https://entrez.enphaseenergy.com" in str(scraped.gateway.snapshot().error)
    assert "token_file" in caplog.text
