"""What a failure means: for the endpoint, for the credentials, or for the gateway. Simulated gateways, real sockets."""

import logging
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.raw_gateway import RawGateway, closed_port, http_response
from support.response_overrides import Answer, ResponseOverrides, closes_connection, responds

from envoy_exporter import documents
from envoy_exporter.gateway.auth import Local
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.secret import Redaction, Secret
from envoy_exporter.token import parse
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request, Response

pytestmark = pytest.mark.integration

READ = "enphase_scrape_collector_success"
FAILURES = "enphase_gateway_request_failures_total"


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    ours = [record for record in caplog.records if record.name.startswith("envoy_exporter")]
    return [record.getMessage() for record in ours if record.levelno >= level]


def heal(scraped: InProcessExporter, seconds: float = 300) -> None:
    """Let a back-off pass, and scrape twice."""
    scraped.clock.sleep(seconds)
    scraped.poll()
    scraped.clock.sleep(15)
    scraped.poll()


# --- the gateway


def test_a_gateway_that_refuses_connections_is_down_and_asked_less_and_less(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    with closed_port() as port:
        scraped = InProcessExporter(Settings(name="home", host="127.0.0.1", port=port), clock)
        for _ in range(240):
            exposition = scraped.scrape()
            clock.advance(15)
    assert exposition.value("enphase_up") == 0
    assert not any(name.startswith("enphase_gateway_info") for name, _ in exposition.samples)
    failures = exposition.value(FAILURES, endpoint=documents.INFO, reason="connect")
    assert 3600 / (120 * 1.2 + 15) <= failures <= 3600 / 120 + 5
    assert len(lines(caplog)) == 1
    assert "no connection" in lines(caplog)[0]


def test_data_is_back_after_the_back_off_and_the_log_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = ManualClock()
    odd = ResponseOverrides({"*": closes_connection})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        assert scraped.scrape().value("enphase_up") == 0
        odd.clear()
        clock.advance(5)
        assert scraped.scrape().value("enphase_up") == 0, "in its back-off it is not asked"
        clock.advance(10)
        exposition = scraped.scrape()
    assert exposition.value("enphase_up") == 1
    assert all(value == 1 for value in exposition.of(READ).values())
    assert len(lines(caplog, logging.INFO)) == 2
    assert "answers: 800-00555-r03, firmware D8.3.5169" in lines(caplog, logging.INFO)[1]


def test_while_it_is_down_no_old_value_is_repeated() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        assert "enphase_production_power_watts" in scraped.scrape()
    clock.advance(15)
    exposition = scraped.scrape()
    assert exposition.value("enphase_up") == 0
    assert "enphase_production_power_watts" not in exposition
    assert set(exposition.of(READ).values()) == {0.0}


def test_while_it_is_down_no_old_value_is_shown_to_anybody() -> None:
    """Neither what it was, which a swapped gateway is not any more."""
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        assert "enphase_gateway_info" in scraped.scrape()
    clock.advance(15)
    assert "enphase_gateway_info" not in scraped.scrape()
    assert scraped.gateway.snapshot().documents.available == {}


def test_without_any_document_of_the_site_it_is_not_up() -> None:
    clock = ManualClock()
    core = (documents.METER_READINGS, documents.PRODUCTION_JSON, documents.PRODUCTION_V1, documents.PRODUCTION)
    odd = ResponseOverrides({each: responds(500) for each in core})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        assert scraped.scrape().value("enphase_up") == 0
        assert scraped.gateway.snapshot().answering
        del odd.overrides[documents.METER_READINGS]
        clock.advance(30)
        assert scraped.scrape().value("enphase_up") == 1, "one of them is enough"


def test_one_silent_endpoint_costs_one_collector_and_not_the_gateway() -> None:
    clock = ManualClock()
    odd = ResponseOverrides({documents.DEVICE_DATA: closes_connection})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        exposition = scraped.scrape()
    assert exposition.value("enphase_up") == 1
    assert {name for (name,), good in exposition.of(READ).items() if not good} == {"inverters"}
    assert exposition.value(FAILURES, endpoint=documents.DEVICE_DATA, reason="reset") == 1
    assert "enphase_meter_power_watts" in exposition


def test_an_answer_of_503_with_a_time_is_honoured() -> None:
    clock = ManualClock()
    busy = responds(503, b"Resource busy, please retry after 30 seconds")
    odd = ResponseOverrides({documents.INFO: busy})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        for _ in range(10):
            scraped.poll()
            clock.advance(2.9)
        assert gateway.load.requests == {documents.INFO: 1}
        odd.clear()
        clock.advance(2)
        assert scraped.scrape().value("enphase_up") == 1


def test_a_page_where_info_should_be_is_no_gateway(caplog: pytest.LogCaptureFixture) -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(http_response(b"<html>"))

    with RawGateway(script) as gateway:
        scraped = InProcessExporter(Settings(name="home", host=gateway.host, port=gateway.port, scheme="http"))
        assert scraped.scrape().value(FAILURES, endpoint=documents.INFO, reason="schema") == 1
    assert "is this a gateway?" in lines(caplog)[0]


@pytest.mark.parametrize("profile", ["5.0", "8.3"])
def test_the_scheme_is_found(profile: str) -> None:
    with Simulator(profile) as gateway:
        scraped = InProcessExporter(settings(gateway, scheme="auto"))
        assert scraped.scrape().value("enphase_up") == 1


def test_firmware_that_changes_is_told_once_and_asked_anew(caplog: pytest.LogCaptureFixture) -> None:
    """The night of an upgrade from 6 to 7, with both kinds of credentials, needs nobody."""
    caplog.set_level(logging.INFO)
    clock = ManualClock()
    with Simulator("5.0", clock=clock.time) as old:
        port = int(old.address.rpartition(":")[2])
        scraped = InProcessExporter(settings(old, scheme="auto", token=None), clock)
        assert scraped.scrape().value("enphase_authenticated") == 1
    with Simulator("8.3", clock=clock.time, port=port) as new:
        scraped.gateway.change(replace(scraped.gateway.settings, token=parse(new.token)))
        heal(scraped)
        exposition = scraped.exposition()
    assert exposition.value("enphase_up") == 1
    assert exposition.value("enphase_authenticated") == 1
    assert all(exposition.of(READ).values())
    assert sum("its firmware is" in line for line in lines(caplog, logging.INFO)) == 1


# --- whose gateway it is


def test_nothing_secret_goes_to_a_gateway_of_another_serial(caplog: pytest.LogCaptureFixture) -> None:
    with Simulator("8.3") as gateway:
        scraped = InProcessExporter(settings(gateway, serial="999999999999"))
        exposition = scraped.scrape()
    assert gateway.load.requests == {documents.INFO: 1}
    assert exposition.value("enphase_up") == 0
    assert exposition.value(FAILURES, endpoint=documents.INFO, reason="wrong_gateway") == 1
    assert [line for line in lines(caplog) if gateway.serial in line and "999999999999" in line] == lines(caplog)


def test_a_token_for_another_gateway_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    with Simulator("8.3") as gateway:
        token = parse(gateway.make_token(aud="999999999999"))
        scraped = InProcessExporter(settings(gateway, token=token))
        assert scraped.scrape().value("enphase_up") == 0
    assert gateway.load.requests == {documents.INFO: 1}
    assert len(lines(caplog)) == 1
    assert "the token was made for 999999999999" in lines(caplog)[0]


@pytest.mark.parametrize("profile", ["5.0", "8.3"])
def test_info_is_asked_without_credentials(profile: str) -> None:
    """It says whose gateway this is, so nobody knows before."""
    told: list[str] = []

    def noted(request: Request, truth: Answer) -> Response:
        told.append(request.headers.get("authorization", ""))
        return truth(request)

    clock = ManualClock()
    with Simulator(profile, clock=clock.time, faults=ResponseOverrides({documents.INFO: noted})) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        for _ in range(2):
            assert scraped.scrape().value("enphase_authenticated") == 1
            clock.advance(300)
    assert told == ["", ""]


def test_a_token_is_not_sent_to_a_gateway_that_took_the_address_since_the_last_poll() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        assert scraped.scrape().value("enphase_up") == 1
        gateway.reset_load()
        clock.advance(15)
        with gateway.faults.during("another-gateway"):
            assert scraped.scrape().value("enphase_up") == 0
            assert set(gateway.load.requests) == {documents.INFO}
        assert gateway.token.encode() not in gateway.received_bytes


def test_the_same_gateway_with_a_new_certificate_goes_on_as_before() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        scraped.scrape()
        gateway.faults.on("certificate")
        with gateway.faults.during("silent"):
            pass  # whatever is connected is cut off
        gateway.faults.on("not-kept")
        for _ in range(2):
            clock.advance(60)
            exposition = scraped.scrape()
            assert exposition.value("enphase_up") == 1
        assert set(exposition.of(READ).values()) == {1}
        assert not any(exposition.of(FAILURES).values())


# --- credentials


@pytest.mark.parametrize("profile", ["3.9", "5.0"])
def test_the_factory_s_user_and_password_need_no_config(profile: str) -> None:
    with Simulator(profile) as gateway:
        scraped = InProcessExporter(settings(gateway, local=Local()))
        assert scraped.scrape().value("enphase_authenticated") == 1


def test_what_an_older_firmware_leaves_open_proves_no_credentials_that_a_newer_one_took() -> None:
    clock = ManualClock()
    with Simulator("3.7", clock=clock.time) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        assert "enphase_authenticated" not in scraped.scrape()
        with gateway.faults.during("firmware", profile="4.10"):
            clock.advance(300)
            assert scraped.scrape().value("enphase_authenticated") == 1
        clock.advance(300)
        assert "enphase_authenticated" not in scraped.scrape()


def test_an_empty_password_is_a_password() -> None:
    with Simulator("5.0", password="") as gateway:
        exposition = InProcessExporter(settings(gateway, local=Local("envoy", Secret("")))).scrape()
    assert exposition.value("enphase_authenticated") == 1
    assert "enphase_inverter_info" in exposition


@pytest.mark.parametrize(("user", "password"), [("envoy", "pässwörd €"), ("müller", "geheim"), ("渡辺", "密码")])
def test_letters_beyond_ascii_are_counted_into_the_digest_as_utf_8(user: str, password: str) -> None:
    with Simulator("5.0", username=user, password=password) as gateway:
        exposition = InProcessExporter(settings(gateway, local=Local(user, Secret(password)))).scrape()
    assert exposition.value("enphase_authenticated") == 1
    assert "enphase_inverter_info" in exposition


def test_a_wrong_password_is_told_once_in_words_that_help_and_the_open_data_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    with Simulator("5.0", clock=clock.time) as gateway:
        scraped = InProcessExporter(settings(gateway, local=Local("homeowner", Secret("battery-staple"))), clock)
        for _ in range(40):
            exposition = scraped.scrape()
            clock.advance(15)
    assert exposition.value("enphase_authenticated") == 0
    assert exposition.value("enphase_up") == 1
    assert "enphase_production_power_watts" in exposition
    assert [line for line in lines(caplog) if "password" in line] == lines(caplog)[:1]
    assert "local.password" in lines(caplog)[0]
    assert "battery-staple" not in caplog.text
    assert "homeowner" not in caplog.text, "whose account it is, is nobody's business"
    assert gateway.load.requests["/api/v1/production/inverters"] <= 2 * 12, "no storm"


def test_a_revoked_token_is_told_once_and_tried_with_one_request_a_back_off(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        assert scraped.scrape().value("enphase_authenticated") == 1
        gateway.revoke()
        gateway.reset_load()
        for _ in range(240):
            clock.advance(15)
            exposition = scraped.scrape()
        refused = sum(count for (_, code), count in gateway.load.codes.items() if code == 401)
        assert exposition.value("enphase_authenticated") == 0
        assert exposition.value("enphase_up") == 0
        assert refused <= 3600 / 120 + 8
        assert len(lines(caplog)) == 1
        assert "https://entrez.enphaseenergy.com" in lines(caplog)[0]
        assert gateway.token not in caplog.text
        gateway.restore()
        heal(scraped)
        assert scraped.exposition().value("enphase_up") == 1
        assert all(scraped.exposition().of(READ).values())


def test_without_a_token_the_log_says_where_to_get_one(caplog: pytest.LogCaptureFixture) -> None:
    with Simulator("8.3") as gateway:
        assert InProcessExporter(settings(gateway, token=None)).scrape().value("enphase_authenticated") == 0
        assert sum(gateway.load.requests.values()) <= 4
    assert "wants a token" in lines(caplog)[0]


def test_a_new_token_in_the_file_is_used_at_the_next_scrape(tmp_path: Path) -> None:
    clock = ManualClock()
    file = tmp_path / "token"
    with Simulator("8.3", clock=clock.time) as gateway:
        file.write_text(gateway.make_token(exp=1) + "\n")
        redaction = Redaction()
        scraped = InProcessExporter(settings(gateway, token=None, token_file=file), clock, redaction=redaction)
        assert scraped.scrape().value("enphase_authenticated") == 0
        file.write_text(gateway.token + "\n")
        clock.advance(15)
        exposition = scraped.scrape()
    assert exposition.value("enphase_authenticated") == 1
    assert exposition.value("enphase_up") == 1
    assert gateway.token not in redaction.redact(f"x {gateway.token} x")


def test_a_token_file_that_is_not_there_yet_is_no_reason_to_die(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        scraped = InProcessExporter(settings(gateway, token=None, token_file=tmp_path / "token"), clock)
        for _ in range(5):
            assert scraped.scrape().value("enphase_up") == 0
            clock.advance(15)
        assert sum("cannot be used: No such file" in line for line in lines(caplog)) == 1
        (tmp_path / "token").write_text(gateway.token)
        assert scraped.scrape().value("enphase_up") == 1


OPTIONAL = [
    documents.METERS,
    documents.METER_READINGS,
    documents.PRODUCTION_JSON,
    documents.DEVICE_DATA,
    documents.ENSEMBLE_INVENTORY,
    documents.ENSEMBLE_POWER,
    documents.ENSEMBLE_SECCTRL,
    documents.ENSEMBLE_STATUS,
    documents.HOME,
]


@pytest.mark.parametrize("path", OPTIONAL)
def test_a_401_on_one_endpoint_is_a_matter_of_the_role(path: str, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    page = b"<html><title>401 Authorization Required</title></html>"
    with Simulator("8.3", clock=clock.time, faults=ResponseOverrides({path: responds(401, page)})) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        for _ in range(20):
            exposition = scraped.scrape()
            clock.advance(15)
    assert exposition.value("enphase_authenticated") == 1
    assert exposition.value("enphase_up") == 1
    assert all(exposition.of(READ).values())
    assert gateway.load.requests[path] == 1
    assert lines(caplog) == []


def test_a_401_is_not_judged_while_the_one_that_could_tell_was_asked_a_moment_ago() -> None:
    """Else one endpoint's 401 would lock a good token out, with nothing left that could prove it good."""
    clock = ManualClock()

    def slow(request: Request, truth: Answer) -> Response | None:
        clock.advance(6)
        return truth(request)

    odd = ResponseOverrides({"/ivp/pdm/device_data": responds(404), "/production.json": slow})
    with Simulator("8.3", clock=clock.time, faults=odd) as gateway:
        scraped = InProcessExporter(settings(gateway), clock)
        scraped.scrape()
        odd.overrides["/ivp/meters/readings"] = responds(401)
        for _ in range(6):
            clock.advance(4)
            exposition = scraped.scrape()
            assert exposition.value("enphase_authenticated") == 1
            assert exposition.value("enphase_up") == 1


def test_owners_of_early_7_are_refused_most_of_ensemble_and_see_the_rest() -> None:
    refused = {path: responds(401) for path in OPTIONAL[4:8]}
    with Simulator("8.3", faults=ResponseOverrides(refused)) as gateway:
        exposition = InProcessExporter(settings(gateway)).scrape()
    assert exposition.value("enphase_authenticated") == 1
    assert "enphase_battery_charge_ratio" not in exposition
    assert "enphase_meter_power_watts" in exposition


@pytest.mark.parametrize(
    "gone",
    [responds(404, b'{ "err": "404 - Not Found" }'), responds(403), responds(200, b'{"error": "404 - Not Found"}')],
    ids=["404", "403", "an error object with 200"],
)
def test_what_is_not_on_this_gateway_is_no_failure(gone: object, caplog: pytest.LogCaptureFixture) -> None:
    with Simulator("8.3", faults=ResponseOverrides({documents.DEVICE_DATA: gone})) as gateway:  # type: ignore[dict-item]
        exposition = InProcessExporter(settings(gateway)).scrape()
    assert all(exposition.of(READ).values())
    assert exposition.of(FAILURES) == {}
    assert gateway.load.requests["/api/v1/production/inverters"] == 1, "the older list instead"
    assert lines(caplog) == []


def test_a_token_goes_over_tls_or_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever blocks port 443 and answers on port 80 must not be handed it."""
    with Simulator("8.3", tls=False) as gateway:
        scraped = InProcessExporter(settings(gateway, scheme="auto"))
        assert scraped.scrape().value("enphase_up") == 0
        assert gateway.token.encode() not in gateway.received_bytes
        assert gateway.load.requests == {documents.INFO: 1}
        assert InProcessExporter(settings(gateway, scheme="http")).scrape().value("enphase_up") == 1
    assert "is port 443 blocked?" in lines(caplog)[0]


def test_a_token_file_that_cannot_be_read_is_what_the_trouble_is(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        scraped = InProcessExporter(settings(gateway, token=None, token_file=tmp_path / "token"))
        scraped.scrape()
        trouble = scraped.gateway.snapshot().error or ""
    assert f"the token file {tmp_path / 'token'} cannot be used: No such file" in trouble
