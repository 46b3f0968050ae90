"""A gateway whose tokens come from Enlighten: through a year, an upgrade, and all that a cloud can do. Real sockets."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from support.clock import StillClock
from support.enlighten import YEAR, account, renewal
from support.exporter import Scraped
from support.faults import Answer, Odd, says
from support.gateways import settings
from support.house import ACCOUNT, DAY, HOUR, MINUTE, House, is_well, refused, renewals

from envoy_exporter.gateway.state import Trying
from envoy_exporter.secret import Redaction, Secret
from envoy_exporter.simulator import PROFILES, Simulator
from envoy_exporter.simulator.answering import Request, Response
from envoy_exporter.simulator.cloud import Cloud
from envoy_exporter.simulator.faults import NoFaults
from envoy_exporter.token import parse

# --- the usual life


def test_the_first_scrape_logs_in_and_has_everything(house: House) -> None:
    exposition = house.exporter().scrape()
    assert is_well(exposition)
    assert exposition.value("enphase_token_expiry_timestamp_seconds") == house.clock.time() + YEAR
    assert renewals(exposition) == {"success": 1}
    assert house.cloud.logins == 1
    assert not any(code == 401 for _, code in house.gateway.load.codes)


def test_the_token_is_kept_for_its_owner_alone_and_a_restart_needs_no_cloud(house: House) -> None:
    house.exporter().scrape()
    assert house.file.stat().st_mode & 0o777 == 0o600
    assert house.state.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in house.state.iterdir()] == [house.file.name]
    house.cloud.close()
    assert is_well(house.exporter().scrape())
    assert house.cloud.logins == 1


def test_a_year_s_token_is_renewed_when_a_month_is_left_and_nothing_is_lost(house: House) -> None:
    scraped = house.exporter()
    first = scraped.scrape().value("enphase_token_expiry_timestamp_seconds")
    house.clock.turn(YEAR * 11 / 12 - 4 * DAY)
    assert is_well(scraped.scrape())
    assert house.cloud.logins == 1
    house.clock.turn(4 * DAY)
    before = scraped.scrape()
    assert house.cloud.logins == 2
    assert before.value("enphase_token_expiry_timestamp_seconds") == first
    kept = house.file.read_text()
    house.clock.turn(15)
    after = scraped.scrape()
    assert after.value("enphase_token_expiry_timestamp_seconds") == house.clock.time() - 15 + YEAR
    assert is_well(after)
    assert house.file.read_text() != kept
    assert renewals(after) == {"success": 2}


class Listening(Redaction):
    """Notes what it is to strike out."""

    def __init__(self) -> None:
        super().__init__()
        self.learned: list[Secret] = []

    def learn(self, *secrets: Secret) -> None:
        self.learned += secrets
        super().learn(*secrets)


def test_a_fetched_token_is_struck_out_of_the_log_before_it_is_sent(house: House) -> None:
    redaction = Listening()
    own = renewal(house.account, house.gateway.serial, house.clock, state=house.state)
    scraped = Scraped(house.settings(), house.clock, redaction=redaction, renewal=own)
    scraped.scrape()
    assert Secret(house.file.read_text().strip()) in redaction.learned
    house.clock.turn(YEAR * 11 / 12)
    scraped.scrape()
    offered = scraped.gateway.state.login.state
    assert isinstance(offered, Trying), "a new one, that the next poll tries"
    assert offered.new.secret in redaction.learned


def test_an_installer_s_tokens_of_twelve_hours_carry_through_three_days(tmp_path: Path) -> None:
    with House(tmp_path, ticking=True) as house:
        house.cloud.claims = {"enphaseUser": "installer"}
        scraped = house.exporter(collectors=frozenset({"production"}))
        for _ in range(3 * 48):
            assert is_well(scraped.scrape())
            house.clock.turn(30 * MINUTE)
        assert 7 <= house.cloud.logins <= 8


def test_a_token_file_goes_first_and_the_account_takes_over_when_it_runs_out(house: House, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text(house.gateway.make_token(jti="mine"))
    scraped = house.exporter(token_file=path)
    assert is_well(scraped.scrape())
    assert house.cloud.logins == 0
    house.clock.turn(YEAR - 10 * DAY)
    scraped.scrape()
    house.clock.turn(15)
    assert renewals(scraped.scrape()) == {"success": 1}
    house.clock.turn(20 * DAY)
    assert is_well(scraped.scrape())
    end = int(house.clock.time()) + YEAR
    path.write_text(house.gateway.make_token(exp=end, enphaseUser="installer"))
    house.clock.turn(15)
    exposition = scraped.scrape()
    assert exposition.of("enphase_token_info") == {("installer",): 1}


def test_two_exporters_with_one_state_directory_log_in_once(house: House) -> None:
    first = house.exporter()
    first.scrape()
    second = house.exporter(account(house.cloud, house.folder, house.clock))
    assert is_well(second.scrape())
    house.clock.turn(YEAR * 11 / 12)
    for _ in range(2):
        first.scrape()
        house.clock.turn(15)
    for _ in range(2):
        assert is_well(second.scrape())
        house.clock.turn(15)
    assert house.cloud.logins == 2


def test_the_night_of_an_upgrade_from_6_to_7_needs_nobody(tmp_path: Path) -> None:
    clock = StillClock()
    old = PROFILES["5.0"]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cloud = Cloud(old.serial, username=ACCOUNT, clock=clock.time)
    with cloud:
        own = renewal(account(cloud, tmp_path, clock), old.serial, clock, state=tmp_path)
        with Simulator(old, clock=clock.time, port=port) as gateway:
            told = settings(gateway, token=None, scheme="auto", serial=old.serial)
            scraped = Scraped(told, clock, renewal=own)
            exposition = scraped.scrape()
            assert exposition.value("enphase_up") == 1
            assert exposition.value("enphase_authenticated") == 1
            assert cloud.logins == 0
        clock.turn(60)
        assert scraped.scrape().value("enphase_up") == 0
        new = replace(PROFILES["7.3"], serial=old.serial)
        with Simulator(new, clock=clock.time, port=port) as upgraded:
            clock.turn(5 * MINUTE)
            exposition = scraped.scrape()
            assert exposition.value("enphase_up") == 1
            assert exposition.value("enphase_authenticated") == 1
            assert renewals(exposition) == {"success": 1}
            assert upgraded.scheme == "https"
        assert cloud.logins == 1


# --- a gateway that refuses


def test_a_gateway_that_starts_and_refuses_for_a_while_is_asked_again_before_the_cloud(tmp_path: Path) -> None:
    odd = Odd({})
    with House(tmp_path, odd) as house:
        scraped = house.exporter()
        scraped.scrape()
        odd.oddities["*"] = _refusing_all_but_info
        house.clock.turn(301)
        assert scraped.scrape().value("enphase_authenticated") == 0
        odd.heal()
        house.clock.turn(15)
        assert scraped.scrape().value("enphase_authenticated") == 1
        assert house.cloud.logins == 1


def test_a_revoked_token_is_replaced_after_one_more_try(house: House) -> None:
    scraped = house.exporter()
    scraped.scrape()
    house.gateway.revoke()
    house.clock.turn(301)
    assert scraped.scrape().value("enphase_authenticated") == 0
    assert house.cloud.logins == 1
    house.clock.turn(15)
    scraped.scrape()
    house.clock.turn(15)
    assert scraped.scrape().value("enphase_authenticated") == 1
    assert house.cloud.logins == 2
    assert parse(house.file.read_text()).issued == int(house.clock.time()) - 15


def test_a_stored_token_that_is_refused_does_not_keep_the_cloud_from_being_asked(house: House, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_text(house.gateway.make_token(jti="mine"))
    house.state.mkdir()
    house.file.write_text(house.gateway.make_token(jti="stored"))
    house.gateway.revoke()
    scraped = house.exporter(token_file=path)
    for _ in range(10):
        exposition = scraped.scrape()
        house.clock.turn(30)
    assert exposition.value("enphase_authenticated") == 1
    assert house.cloud.logins == 1


def test_a_401_on_one_endpoint_asks_nothing_of_the_cloud(tmp_path: Path) -> None:
    odd = Odd({"/ivp/meters": says(401), "/ivp/meters/readings": says(401)})
    with House(tmp_path, odd) as house:
        scraped = house.exporter()
        for _ in range(10):
            exposition = scraped.scrape()
            house.clock.turn(60)
        assert exposition.value("enphase_authenticated") == 1
        assert house.cloud.logins == 1


def test_a_gateway_that_refuses_every_token_does_not_wear_the_cloud_out(tmp_path: Path) -> None:
    odd = Odd({"*": _refusing_all_but_info})
    with House(tmp_path, odd) as house:
        scraped = house.exporter(collectors=frozenset({"production"}))
        for _ in range(24 * 6):
            scraped.poll()
            house.clock.turn(10 * MINUTE)
        exposition = scraped.exposition()
        assert 2 <= house.cloud.logins <= 12
        assert exposition.value("enphase_authenticated") == 0
        assert renewals(exposition).keys() == {"gateway"}


def _refusing_all_but_info(request: Request, answer: Answer) -> Response:
    return answer(request) if request.path == "/info" else Response(401)


class OnlyThis(NoFaults):
    """A gateway that takes one token, once a test has said which."""

    token = ""

    def request(self, request: Request, connection: socket.socket, answer: Answer) -> Response | None:
        shown = request.headers.get("authorization", f"Bearer {self.token}")
        if self.token and shown != f"Bearer {self.token}":
            return Response(401)
        return super().request(request, connection, answer)


@pytest.mark.parametrize("collectors", [{"production"}, {"inverters"}, {"production", "inverters"}])
def test_a_new_token_that_the_gateway_refuses_changes_nothing(collectors: set[str], tmp_path: Path) -> None:
    picky = OnlyThis()
    with House(tmp_path, picky) as house:
        scraped = house.exporter(collectors=frozenset(collectors))
        scraped.scrape()
        kept = house.file.read_text()
        picky.token = kept.strip()
        house.clock.turn(YEAR * 11 / 12)
        for _ in range(12):
            exposition = scraped.scrape()
            assert is_well(exposition)
            house.clock.turn(150)
        assert house.file.read_text() == kept
        assert house.cloud.logins == 2
        assert renewals(exposition) == {"success": 1, "gateway": 1}
        assert 1 <= refused(exposition) <= 3


# --- whom a token goes to


def test_a_gateway_of_another_serial_is_sent_nothing_and_the_cloud_not_asked(house: House) -> None:
    own = renewal(house.account, "122000000001", house.clock)
    scraped = Scraped(house.settings(serial="122000000001"), house.clock, renewal=own)
    assert scraped.scrape().value("enphase_up") == 0
    assert house.cloud.asked == []
    assert set(house.gateway.load.requests) == {"/info"}


def test_a_stored_token_for_another_gateway_is_not_sent(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.state.mkdir()
    house.file.write_text(house.gateway.make_token(aud="122000000001"))
    assert is_well(house.exporter().scrape())
    assert house.cloud.logins == 1
    assert "holds no token for the gateway" in caplog.text


def test_with_a_clock_that_is_wrong_the_gateway_has_the_last_word(house: House) -> None:
    """Ours is ten years ahead, so every token seems to have run out."""
    ahead = StillClock(house.clock.time() + 10 * YEAR)
    shared = account(house.cloud, house.folder, ahead)
    own = renewal(shared, house.gateway.serial, ahead)
    scraped = Scraped(house.settings(token=parse(house.gateway.token)), ahead, renewal=own)
    for _ in range(3):
        exposition = scraped.scrape()
        ahead.turn(15)
        assert is_well(exposition)
    assert renewals(exposition) == {"unusable": 1}
    assert house.cloud.logins == 1


def test_an_installer_s_token_that_becomes_an_owner_s_is_no_bad_one(tmp_path: Path) -> None:
    """As accounts were changed from around 8.3.5289 on."""
    with House(tmp_path) as house:
        house.cloud.claims = {"enphaseUser": "installer"}
        scraped = house.exporter(collectors=frozenset({"production", "installer"}))
        scraped.scrape()
        house.cloud.claims = {}
        house.clock.turn(12 * HOUR)
        for _ in range(3):
            exposition = scraped.scrape()
            house.clock.turn(15)
        assert exposition.of("enphase_token_info") == {("owner",): 1}
        assert renewals(exposition) == {"success": 2}
