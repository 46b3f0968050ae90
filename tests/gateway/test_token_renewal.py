"""A gateway with tokens from Enlighten: over a year, an upgrade, rejections. Real sockets."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.enlighten import YEAR, account, token_renewal
from support.enlighten_setup import (
    ACCOUNT,
    DAY,
    HOUR,
    MINUTE,
    EnlightenSetup,
    is_healthy,
    renewals,
    unauthorized_requests,
)
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.response_overrides import Respond, ResponseOverrides, responds

from envoy_exporter.gateway.state import Trying
from envoy_exporter.secret import Redaction
from envoy_exporter.token import parse
from envoy_simulator import PROFILES, Simulator
from envoy_simulator.cloud import Cloud
from envoy_simulator.faults import NoFaults
from envoy_simulator.http_types import Request, Response

pytestmark = pytest.mark.integration

# --- renewal


def test_first_scrape_logs_in_and_has_all_data(house: EnlightenSetup) -> None:
    exposition = house.exporter().scrape()
    assert is_healthy(exposition)
    assert exposition.value("enphase_token_expiry_timestamp_seconds") == house.clock.time() + YEAR
    assert renewals(exposition) == {"success": 1}
    assert house.cloud.logins == 1
    assert not any(code == 401 for _, code in house.gateway.load.codes)


def test_stored_token_is_private_and_a_restart_needs_no_login(house: EnlightenSetup) -> None:
    house.exporter().scrape()
    assert house.file.stat().st_mode & 0o777 == 0o600
    assert house.state.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in house.state.iterdir()] == [house.file.name]
    house.cloud.close()
    assert is_healthy(house.exporter().scrape())
    assert house.cloud.logins == 1


def test_token_of_a_year_is_renewed_when_a_month_is_left(house: EnlightenSetup) -> None:
    scraped = house.exporter()
    first = scraped.scrape().value("enphase_token_expiry_timestamp_seconds")
    house.clock.advance(YEAR * 11 / 12 - 4 * DAY)
    assert is_healthy(scraped.scrape())
    assert house.cloud.logins == 1
    house.clock.advance(4 * DAY)
    before = scraped.scrape()
    assert house.cloud.logins == 2
    assert before.value("enphase_token_expiry_timestamp_seconds") == first
    kept = house.file.read_text()
    house.clock.advance(15)
    after = scraped.scrape()
    assert after.value("enphase_token_expiry_timestamp_seconds") == house.clock.time() - 15 + YEAR
    assert is_healthy(after)
    assert house.file.read_text() != kept
    assert renewals(after) == {"success": 2}


def test_fetched_token_is_redacted_before_it_is_sent(house: EnlightenSetup) -> None:
    redaction = Redaction()
    own = token_renewal(house.account, house.gateway.serial, house.clock, state=house.state)
    scraped = InProcessExporter(house.settings(), house.clock, redaction=redaction, renewal=own)
    scraped.scrape()
    stored = house.file.read_text().strip()
    assert stored not in redaction.redact(f"token {stored}")
    house.clock.advance(YEAR * 11 / 12)
    scraped.scrape()
    login = scraped.gateway.state.login.state
    assert isinstance(login, Trying), "the next poll tries the new token"
    new = login.new.secret.reveal()
    assert new not in redaction.redact(f"token {new}")


def test_installer_tokens_of_twelve_hours_last_three_days(tmp_path: Path) -> None:
    with EnlightenSetup(tmp_path, ticking=True) as house:
        house.cloud.claims = {"enphaseUser": "installer"}
        scraped = house.exporter(collectors=frozenset({"production"}))
        for _ in range(3 * 48):
            assert is_healthy(scraped.scrape())
            house.clock.advance(30 * MINUTE)
        assert 7 <= house.cloud.logins <= 8


def test_token_file_is_used_until_it_expires_then_the_account(house: EnlightenSetup, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text(house.gateway.make_token(jti="mine"))
    scraped = house.exporter(token_file=path)
    assert is_healthy(scraped.scrape())
    assert house.cloud.logins == 0
    house.clock.advance(YEAR - 10 * DAY)
    scraped.scrape()
    house.clock.advance(15)
    assert renewals(scraped.scrape()) == {"success": 1}
    house.clock.advance(20 * DAY)
    assert is_healthy(scraped.scrape())
    end = int(house.clock.time()) + YEAR
    path.write_text(house.gateway.make_token(exp=end, enphaseUser="installer"))
    house.clock.advance(15)
    exposition = scraped.scrape()
    assert exposition.of("enphase_token_info") == {("installer",): 1}


def test_two_exporters_with_one_state_directory_log_in_once(house: EnlightenSetup) -> None:
    first = house.exporter()
    first.scrape()
    second = house.exporter(account(house.cloud, house.folder, house.clock))
    assert is_healthy(second.scrape())
    house.clock.advance(YEAR * 11 / 12)
    for _ in range(2):
        first.scrape()
        house.clock.advance(15)
    for _ in range(2):
        assert is_healthy(second.scrape())
        house.clock.advance(15)
    assert house.cloud.logins == 2


def test_firmware_upgrade_from_5_to_7_fetches_a_token(tmp_path: Path) -> None:
    clock = ManualClock()
    old = PROFILES["5.0"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cloud = Cloud(old.serial, username=ACCOUNT, clock=clock.time)
    with cloud:
        own = token_renewal(account(cloud, tmp_path, clock), old.serial, clock, state=tmp_path)
        with Simulator(old, clock=clock.time, port=port) as gateway:
            own_settings = settings(gateway, token=None, scheme="auto", serial=old.serial)
            scraped = InProcessExporter(own_settings, clock, renewal=own)
            exposition = scraped.scrape()
            assert exposition.value("enphase_up") == 1
            assert exposition.value("enphase_authenticated") == 1
            assert cloud.logins == 0
        clock.advance(60)
        assert scraped.scrape().value("enphase_up") == 0
        new = replace(PROFILES["7.3"], serial=old.serial)
        with Simulator(new, clock=clock.time, port=port) as upgraded:
            clock.advance(5 * MINUTE)
            exposition = scraped.scrape()
            assert exposition.value("enphase_up") == 1
            assert exposition.value("enphase_authenticated") == 1
            assert renewals(exposition) == {"success": 1}
            assert upgraded.scheme == "https"
        assert cloud.logins == 1


# --- rejected tokens


def test_token_rejected_once_is_tried_again_before_a_login(tmp_path: Path) -> None:
    odd = ResponseOverrides({})
    with EnlightenSetup(tmp_path, odd) as house:
        scraped = house.exporter()
        scraped.scrape()
        odd.overrides["*"] = _rejecting_all_but_info
        house.clock.advance(301)
        assert scraped.scrape().value("enphase_authenticated") == 0
        odd.clear()
        house.clock.advance(15)
        assert scraped.scrape().value("enphase_authenticated") == 1
        assert house.cloud.logins == 1


def test_revoked_token_is_replaced_after_one_more_try(house: EnlightenSetup) -> None:
    scraped = house.exporter()
    scraped.scrape()
    house.gateway.revoke()
    house.clock.advance(301)
    assert scraped.scrape().value("enphase_authenticated") == 0
    assert house.cloud.logins == 1
    house.clock.advance(15)
    scraped.scrape()
    house.clock.advance(15)
    assert scraped.scrape().value("enphase_authenticated") == 1
    assert house.cloud.logins == 2
    assert parse(house.file.read_text()).issued == int(house.clock.time()) - 15


def test_stored_token_that_is_rejected_is_replaced_by_a_login(house: EnlightenSetup, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text(house.gateway.make_token(jti="mine"))
    house.state.mkdir()
    house.file.write_text(house.gateway.make_token(jti="stored"))
    house.gateway.revoke()
    scraped = house.exporter(token_file=path)
    for _ in range(10):
        exposition = scraped.scrape()
        house.clock.advance(30)
    assert exposition.value("enphase_authenticated") == 1
    assert house.cloud.logins == 1


def test_401_of_two_endpoints_causes_no_login(tmp_path: Path) -> None:
    odd = ResponseOverrides({"/ivp/meters": responds(401), "/ivp/meters/readings": responds(401)})
    with EnlightenSetup(tmp_path, odd) as house:
        scraped = house.exporter()
        for _ in range(10):
            exposition = scraped.scrape()
            house.clock.advance(60)
        assert exposition.value("enphase_authenticated") == 1
        assert house.cloud.logins == 1


def test_gateway_that_rejects_every_token_logs_in_at_most_12_times_a_day(tmp_path: Path) -> None:
    odd = ResponseOverrides({"*": _rejecting_all_but_info})
    with EnlightenSetup(tmp_path, odd) as house:
        scraped = house.exporter(collectors=frozenset({"production"}))
        for _ in range(24 * 6):
            scraped.poll()
            house.clock.advance(10 * MINUTE)
        exposition = scraped.exposition()
        assert 2 <= house.cloud.logins <= 12
        assert exposition.value("enphase_authenticated") == 0
        assert renewals(exposition).keys() == {"gateway"}


def _rejecting_all_but_info(request: Request, respond: Respond) -> Response:
    return respond(request) if request.path == "/info" else Response(401)


class OneToken(NoFaults):
    """A gateway that accepts one token only, once the test has set it."""

    token = ""

    def request(self, request: Request, connection: socket.socket, respond: Respond) -> Response | None:
        header = request.headers.get("authorization", f"Bearer {self.token}")
        if self.token and header != f"Bearer {self.token}":
            return Response(401)
        return super().request(request, connection, respond)


@pytest.mark.parametrize("collectors", [{"production"}, {"inverters"}, {"production", "inverters"}])
def test_new_token_that_is_rejected_leaves_the_old_one_in_use(collectors: set[str], tmp_path: Path) -> None:
    gateway = OneToken()
    with EnlightenSetup(tmp_path, gateway) as house:
        scraped = house.exporter(collectors=frozenset(collectors))
        scraped.scrape()
        kept = house.file.read_text()
        gateway.token = kept.strip()
        house.clock.advance(YEAR * 11 / 12)
        for _ in range(12):
            exposition = scraped.scrape()
            assert is_healthy(exposition)
            house.clock.advance(150)
        assert house.file.read_text() == kept
        assert house.cloud.logins == 2
        assert renewals(exposition) == {"success": 1, "gateway": 1}
        assert 1 <= unauthorized_requests(exposition) <= 3


# --- identity


def test_gateway_of_another_serial_gets_no_token_and_causes_no_login(house: EnlightenSetup) -> None:
    own = token_renewal(house.account, "122000000001", house.clock)
    scraped = InProcessExporter(house.settings(serial="122000000001"), house.clock, renewal=own)
    assert scraped.scrape().value("enphase_up") == 0
    assert house.cloud.requests == []
    assert set(house.gateway.load.requests) == {"/info"}


def test_stored_token_of_another_gateway_is_not_sent(house: EnlightenSetup, caplog: pytest.LogCaptureFixture) -> None:
    house.state.mkdir()
    house.file.write_text(house.gateway.make_token(aud="122000000001"))
    assert is_healthy(house.exporter().scrape())
    assert house.cloud.logins == 1
    assert "stored token is not valid" in caplog.text


def test_wrong_clock_does_not_stop_a_token_that_the_gateway_accepts(house: EnlightenSetup) -> None:
    """The clock of the exporter is ten years ahead, so every token seems to have expired."""
    ahead = ManualClock(house.clock.time() + 10 * YEAR)
    shared = account(house.cloud, house.folder, ahead)
    own = token_renewal(shared, house.gateway.serial, ahead)
    scraped = InProcessExporter(house.settings(token=parse(house.gateway.token)), ahead, renewal=own)
    for _ in range(3):
        exposition = scraped.scrape()
        ahead.advance(15)
        assert is_healthy(exposition)
    assert renewals(exposition) == {"unusable": 1}
    assert house.cloud.logins == 1


def test_role_change_from_installer_to_owner_renews_the_token(tmp_path: Path) -> None:
    """Enphase changed accounts in this way around firmware 8.3.5289."""
    with EnlightenSetup(tmp_path) as house:
        house.cloud.claims = {"enphaseUser": "installer"}
        scraped = house.exporter(collectors=frozenset({"production", "installer"}))
        scraped.scrape()
        house.cloud.claims = {}
        house.clock.advance(12 * HOUR)
        for _ in range(3):
            exposition = scraped.scrape()
            house.clock.advance(15)
        assert exposition.of("enphase_token_info") == {("owner",): 1}
        assert renewals(exposition) == {"success": 2}
