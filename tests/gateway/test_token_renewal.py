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


def test_first_scrape_logs_in_and_has_all_data(setup: EnlightenSetup) -> None:
    exposition = setup.exporter().scrape()
    assert is_healthy(exposition)
    assert exposition.value("enphase_token_expiry_timestamp_seconds") == setup.clock.time() + YEAR
    assert renewals(exposition) == {"success": 1}
    assert setup.cloud.logins == 1
    assert not any(code == 401 for _, code in setup.gateway.load.codes)


def test_stored_token_is_private_and_a_restart_needs_no_login(setup: EnlightenSetup) -> None:
    setup.exporter().scrape()
    assert setup.file.stat().st_mode & 0o777 == 0o600
    assert setup.state.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in setup.state.iterdir()] == [setup.file.name]
    setup.cloud.close()
    assert is_healthy(setup.exporter().scrape())
    assert setup.cloud.logins == 1


def test_token_of_a_year_is_renewed_when_a_month_is_left(setup: EnlightenSetup) -> None:
    exporter = setup.exporter()
    first = exporter.scrape().value("enphase_token_expiry_timestamp_seconds")
    setup.clock.advance(YEAR * 11 / 12 - 4 * DAY)
    assert is_healthy(exporter.scrape())
    assert setup.cloud.logins == 1
    setup.clock.advance(4 * DAY)
    before = exporter.scrape()
    assert setup.cloud.logins == 2
    assert before.value("enphase_token_expiry_timestamp_seconds") == first
    old_text = setup.file.read_text()
    setup.clock.advance(15)
    after = exporter.scrape()
    assert after.value("enphase_token_expiry_timestamp_seconds") == setup.clock.time() - 15 + YEAR
    assert is_healthy(after)
    assert setup.file.read_text() != old_text
    assert renewals(after) == {"success": 2}


def test_fetched_token_is_redacted_before_it_is_sent(setup: EnlightenSetup) -> None:
    redaction = Redaction()
    own = token_renewal(setup.account, setup.gateway.serial, setup.clock, state=setup.state)
    exporter = InProcessExporter(setup.settings(), setup.clock, redaction=redaction, renewal=own)
    exporter.scrape()
    stored = setup.file.read_text().strip()
    assert stored not in redaction.redact(f"token {stored}")
    setup.clock.advance(YEAR * 11 / 12)
    exporter.scrape()
    login = exporter.gateway.state.login.state
    assert isinstance(login, Trying), "the next poll tries the new token"
    new = login.new.secret.reveal()
    assert new not in redaction.redact(f"token {new}")


def test_installer_tokens_of_twelve_hours_last_three_days(tmp_path: Path) -> None:
    with EnlightenSetup(tmp_path, ticking=True) as setup:
        setup.cloud.claims = {"enphaseUser": "installer"}
        exporter = setup.exporter(collectors=frozenset({"production"}))
        for _ in range(3 * 48):
            assert is_healthy(exporter.scrape())
            setup.clock.advance(30 * MINUTE)
        assert 7 <= setup.cloud.logins <= 8


def test_token_file_is_used_until_it_expires_then_the_account(setup: EnlightenSetup, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text(setup.gateway.make_token(jti="mine"))
    exporter = setup.exporter(token_file=path)
    assert is_healthy(exporter.scrape())
    assert setup.cloud.logins == 0
    setup.clock.advance(YEAR - 10 * DAY)
    exporter.scrape()
    setup.clock.advance(15)
    assert renewals(exporter.scrape()) == {"success": 1}
    setup.clock.advance(20 * DAY)
    assert is_healthy(exporter.scrape())
    end = int(setup.clock.time()) + YEAR
    path.write_text(setup.gateway.make_token(exp=end, enphaseUser="installer"))
    setup.clock.advance(15)
    exposition = exporter.scrape()
    assert exposition.of("enphase_token_info") == {("installer",): 1}


def test_two_exporters_with_one_state_directory_log_in_once(setup: EnlightenSetup) -> None:
    first = setup.exporter()
    first.scrape()
    second = setup.exporter(account(setup.cloud, setup.folder, setup.clock))
    assert is_healthy(second.scrape())
    setup.clock.advance(YEAR * 11 / 12)
    for _ in range(2):
        first.scrape()
        setup.clock.advance(15)
    for _ in range(2):
        assert is_healthy(second.scrape())
        setup.clock.advance(15)
    assert setup.cloud.logins == 2


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
            exporter = InProcessExporter(own_settings, clock, renewal=own)
            exposition = exporter.scrape()
            assert exposition.value("enphase_up") == 1
            assert exposition.value("enphase_authenticated") == 1
            assert cloud.logins == 0
        clock.advance(60)
        assert exporter.scrape().value("enphase_up") == 0
        new = replace(PROFILES["7.3"], serial=old.serial)
        with Simulator(new, clock=clock.time, port=port) as upgraded:
            clock.advance(5 * MINUTE)
            exposition = exporter.scrape()
            assert exposition.value("enphase_up") == 1
            assert exposition.value("enphase_authenticated") == 1
            assert renewals(exposition) == {"success": 1}
            assert upgraded.scheme == "https"
        assert cloud.logins == 1


# --- rejected tokens


def test_token_rejected_once_is_tried_again_before_a_login(tmp_path: Path) -> None:
    faults = ResponseOverrides({})
    with EnlightenSetup(tmp_path, faults) as setup:
        exporter = setup.exporter()
        exporter.scrape()
        faults.overrides["*"] = _rejecting_all_but_info
        setup.clock.advance(301)
        assert exporter.scrape().value("enphase_authenticated") == 0
        faults.clear()
        setup.clock.advance(15)
        assert exporter.scrape().value("enphase_authenticated") == 1
        assert setup.cloud.logins == 1


def test_revoked_token_is_replaced_after_one_more_try(setup: EnlightenSetup) -> None:
    exporter = setup.exporter()
    exporter.scrape()
    setup.gateway.revoke()
    setup.clock.advance(301)
    assert exporter.scrape().value("enphase_authenticated") == 0
    assert setup.cloud.logins == 1
    setup.clock.advance(15)
    exporter.scrape()
    setup.clock.advance(15)
    assert exporter.scrape().value("enphase_authenticated") == 1
    assert setup.cloud.logins == 2
    assert parse(setup.file.read_text()).issued == int(setup.clock.time()) - 15


def test_stored_token_that_is_rejected_is_replaced_by_a_login(setup: EnlightenSetup, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text(setup.gateway.make_token(jti="mine"))
    setup.state.mkdir()
    setup.file.write_text(setup.gateway.make_token(jti="stored"))
    setup.gateway.revoke()
    exporter = setup.exporter(token_file=path)
    for _ in range(10):
        exposition = exporter.scrape()
        setup.clock.advance(30)
    assert exposition.value("enphase_authenticated") == 1
    assert setup.cloud.logins == 1


def test_401_of_two_endpoints_causes_no_login(tmp_path: Path) -> None:
    faults = ResponseOverrides({"/ivp/meters": responds(401), "/ivp/meters/readings": responds(401)})
    with EnlightenSetup(tmp_path, faults) as setup:
        exporter = setup.exporter()
        for _ in range(10):
            exposition = exporter.scrape()
            setup.clock.advance(60)
        assert exposition.value("enphase_authenticated") == 1
        assert setup.cloud.logins == 1


def test_gateway_that_rejects_every_token_logs_in_at_most_12_times_a_day(tmp_path: Path) -> None:
    faults = ResponseOverrides({"*": _rejecting_all_but_info})
    with EnlightenSetup(tmp_path, faults) as setup:
        exporter = setup.exporter(collectors=frozenset({"production"}))
        for _ in range(24 * 6):
            exporter.poll()
            setup.clock.advance(10 * MINUTE)
        exposition = exporter.exposition()
        assert 2 <= setup.cloud.logins <= 12
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
    with EnlightenSetup(tmp_path, gateway) as setup:
        exporter = setup.exporter(collectors=frozenset(collectors))
        exporter.scrape()
        old_text = setup.file.read_text()
        gateway.token = old_text.strip()
        setup.clock.advance(YEAR * 11 / 12)
        for _ in range(12):
            exposition = exporter.scrape()
            assert is_healthy(exposition)
            setup.clock.advance(150)
        assert setup.file.read_text() == old_text
        assert setup.cloud.logins == 2
        assert renewals(exposition) == {"success": 1, "gateway": 1}
        assert 1 <= unauthorized_requests(exposition) <= 3


# --- identity


def test_gateway_of_another_serial_gets_no_token_and_causes_no_login(setup: EnlightenSetup) -> None:
    own = token_renewal(setup.account, "122000000001", setup.clock)
    exporter = InProcessExporter(setup.settings(serial="122000000001"), setup.clock, renewal=own)
    assert exporter.scrape().value("enphase_up") == 0
    assert setup.cloud.requests == []
    assert set(setup.gateway.load.requests) == {"/info"}


def test_stored_token_of_another_gateway_is_not_sent(setup: EnlightenSetup, caplog: pytest.LogCaptureFixture) -> None:
    setup.state.mkdir()
    setup.file.write_text(setup.gateway.make_token(aud="122000000001"))
    assert is_healthy(setup.exporter().scrape())
    assert setup.cloud.logins == 1
    assert "stored token" in caplog.text


def test_wrong_clock_does_not_stop_a_token_that_the_gateway_accepts(setup: EnlightenSetup) -> None:
    """The clock of the exporter is ten years ahead, so every token seems to have expired."""
    ahead = ManualClock(setup.clock.time() + 10 * YEAR)
    shared = account(setup.cloud, setup.folder, ahead)
    own = token_renewal(shared, setup.gateway.serial, ahead)
    exporter = InProcessExporter(setup.settings(token=parse(setup.gateway.token)), ahead, renewal=own)
    for _ in range(3):
        exposition = exporter.scrape()
        ahead.advance(15)
        assert is_healthy(exposition)
    assert renewals(exposition) == {"unusable": 1}
    assert setup.cloud.logins == 1


def test_role_change_from_installer_to_owner_renews_the_token(tmp_path: Path) -> None:
    """Enphase changed accounts in this way around firmware 8.3.5289."""
    with EnlightenSetup(tmp_path) as setup:
        setup.cloud.claims = {"enphaseUser": "installer"}
        exporter = setup.exporter(collectors=frozenset({"production", "installer"}))
        exporter.scrape()
        setup.cloud.claims = {}
        setup.clock.advance(12 * HOUR)
        for _ in range(3):
            exposition = exporter.scrape()
            setup.clock.advance(15)
        assert exposition.of("enphase_token_info") == {("owner",): 1}
        assert renewals(exposition) == {"success": 2}
