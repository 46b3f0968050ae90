"""Failures of an endpoint, of the credentials and of the gateway. Simulated gateways, real sockets."""

import logging
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.raw_gateway import RawGateway, closed_port, http_response
from support.response_overrides import Respond, ResponseOverrides, closes_connection, responds

from envoy_exporter import documents
from envoy_exporter.gateway.auth import Local
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.secret import Redaction, Secret
from envoy_exporter.token import parse
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request, Response

pytestmark = pytest.mark.integration

SUCCESS = "enphase_scrape_collector_success"
FAILURES = "enphase_gateway_request_failures_total"


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.WARNING) -> list[str]:
    own = [record for record in caplog.records if record.name.startswith("envoy_exporter")]
    return [record.getMessage() for record in own if record.levelno >= level]


def heal(exporter: InProcessExporter, seconds: float = 300) -> None:
    """Let a back-off pass, and scrape twice."""
    exporter.clock.sleep(seconds)
    exporter.poll()
    exporter.clock.sleep(15)
    exporter.poll()


# --- the gateway


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
    assert lines(caplog) == ["gateway unreachable"]
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
    assert lines(caplog, logging.INFO) == ["gateway unreachable", "gateway reachable"]
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
    assert lines(caplog, logging.INFO).count("gateway firmware changed") == 1


# --- identity


def test_gateway_of_another_serial_gets_no_credentials(caplog: pytest.LogCaptureFixture) -> None:
    with Simulator("8.3") as gateway:
        exporter = InProcessExporter(settings(gateway, serial="999999999999"))
        exposition = exporter.scrape()
    assert gateway.load.requests == {documents.INFO: 1}
    assert exposition.value("enphase_up") == 0
    assert exposition.value(FAILURES, endpoint=documents.INFO, reason="wrong_gateway") == 1
    (record,) = caplog.records
    assert gateway.serial in vars(record)["error"]
    assert "999999999999" in vars(record)["error"]


def test_token_of_another_gateway_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    with Simulator("8.3") as gateway:
        token = parse(gateway.make_token(aud="999999999999"))
        exporter = InProcessExporter(settings(gateway, token=token))
        assert exporter.scrape().value("enphase_up") == 0
    assert gateway.load.requests == {documents.INFO: 1}
    (record,) = caplog.records
    assert "the token was issued for 999999999999" in vars(record)["error"]


@pytest.mark.parametrize("profile", ["5.0", "8.3"])
def test_info_is_requested_without_credentials(profile: str) -> None:
    """Before its response, the gateway is not identified."""
    sent: list[str] = []

    def recorded(request: Request, unchanged: Respond) -> Response:
        sent.append(request.headers.get("authorization", ""))
        return unchanged(request)

    clock = ManualClock()
    with Simulator(profile, clock=clock.time, faults=ResponseOverrides({documents.INFO: recorded})) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        for _ in range(2):
            assert exporter.scrape().value("enphase_authenticated") == 1
            clock.advance(300)
    assert sent == ["", ""]


def test_gateway_that_took_over_the_address_gets_no_token() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        assert exporter.scrape().value("enphase_up") == 1
        gateway.reset_load()
        clock.advance(15)
        with gateway.faults.during("another-gateway"):
            assert exporter.scrape().value("enphase_up") == 0
            assert set(gateway.load.requests) == {documents.INFO}
        assert gateway.token.encode() not in gateway.received_bytes


def test_same_gateway_with_a_new_certificate_is_still_up() -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        exporter.scrape()
        gateway.faults.on("certificate")
        with gateway.faults.during("silent"):
            pass  # this closes the open connections
        gateway.faults.on("not-kept")
        for _ in range(2):
            clock.advance(60)
            exposition = exporter.scrape()
            assert exposition.value("enphase_up") == 1
        assert set(exposition.of(SUCCESS).values()) == {1}
        assert not any(exposition.of(FAILURES).values())


# --- credentials


@pytest.mark.parametrize("profile", ["3.9", "5.0"])
def test_factory_password_needs_no_config(profile: str) -> None:
    with Simulator(profile) as gateway:
        exporter = InProcessExporter(settings(gateway, local=Local()))
        assert exporter.scrape().value("enphase_authenticated") == 1


def test_firmware_that_needs_no_credentials_reports_none_accepted() -> None:
    clock = ManualClock()
    with Simulator("3.7", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        assert "enphase_authenticated" not in exporter.scrape()
        with gateway.faults.during("firmware", profile="4.10"):
            clock.advance(300)
            assert exporter.scrape().value("enphase_authenticated") == 1
        clock.advance(300)
        assert "enphase_authenticated" not in exporter.scrape()


def test_empty_password_is_sent() -> None:
    with Simulator("5.0", password="") as gateway:
        exposition = InProcessExporter(settings(gateway, local=Local("envoy", Secret("")))).scrape()
    assert exposition.value("enphase_authenticated") == 1
    assert "enphase_inverter_info" in exposition


@pytest.mark.parametrize(("user", "password"), [("envoy", "pässwörd €"), ("müller", "geheim"), ("渡辺", "密码")])
def test_digest_encodes_user_and_password_as_utf_8(user: str, password: str) -> None:
    with Simulator("5.0", username=user, password=password) as gateway:
        exposition = InProcessExporter(settings(gateway, local=Local(user, Secret(password)))).scrape()
    assert exposition.value("enphase_authenticated") == 1
    assert "enphase_inverter_info" in exposition


def test_wrong_password_is_logged_once_and_open_data_are_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    with Simulator("5.0", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway, local=Local("homeowner", Secret("battery-staple"))), clock)
        for _ in range(40):
            exposition = exporter.scrape()
            clock.advance(15)
    assert exposition.value("enphase_authenticated") == 0
    assert exposition.value("enphase_up") == 1
    assert "enphase_production_power_watts" in exposition
    assert lines(caplog).count("credentials rejected") == 1
    assert "local.password" in caplog.text
    assert "battery-staple" not in caplog.text
    assert "homeowner" not in caplog.text, "the username is private"
    assert gateway.load.requests["/api/v1/production/inverters"] <= 2 * 12, "at the rate of the back-off"


def test_revoked_token_is_logged_once_and_tried_after_each_back_off(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        assert exporter.scrape().value("enphase_authenticated") == 1
        gateway.revoke()
        gateway.reset_load()
        for _ in range(240):
            clock.advance(15)
            exposition = exporter.scrape()
        rejections = sum(count for (_, code), count in gateway.load.codes.items() if code == 401)
        assert exposition.value("enphase_authenticated") == 0
        assert exposition.value("enphase_up") == 0
        assert rejections <= 3600 / 120 + 8
        assert lines(caplog) == ["credentials rejected"]
        assert "https://entrez.enphaseenergy.com" in caplog.text
        assert gateway.token not in caplog.text
        gateway.restore()
        heal(exporter)
        assert exporter.exposition().value("enphase_up") == 1
        assert all(exporter.exposition().of(SUCCESS).values())


def test_missing_token_is_logged_with_the_address_to_get_one(caplog: pytest.LogCaptureFixture) -> None:
    with Simulator("8.3") as gateway:
        assert InProcessExporter(settings(gateway, token=None)).scrape().value("enphase_authenticated") == 0
        assert sum(gateway.load.requests.values()) <= 4
    assert "https://entrez.enphaseenergy.com" in caplog.text


def test_new_token_in_the_file_is_used_at_the_next_scrape(tmp_path: Path) -> None:
    clock = ManualClock()
    file = tmp_path / "token"
    with Simulator("8.3", clock=clock.time) as gateway:
        file.write_text(gateway.make_token(exp=1) + "\n")
        redaction = Redaction()
        exporter = InProcessExporter(settings(gateway, token=None, token_file=file), clock, redaction=redaction)
        assert exporter.scrape().value("enphase_authenticated") == 0
        file.write_text(gateway.token + "\n")
        clock.advance(15)
        exposition = exporter.scrape()
    assert exposition.value("enphase_authenticated") == 1
    assert exposition.value("enphase_up") == 1
    assert gateway.token not in redaction.redact(f"x {gateway.token} x")


def test_missing_token_file_is_logged_once_and_read_when_it_exists(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    with Simulator("8.3", clock=clock.time) as gateway:
        exporter = InProcessExporter(settings(gateway, token=None, token_file=tmp_path / "token"), clock)
        for _ in range(5):
            assert exporter.scrape().value("enphase_up") == 0
            clock.advance(15)
        assert lines(caplog).count("token file cannot be used") == 1
        (tmp_path / "token").write_text(gateway.token)
        assert exporter.scrape().value("enphase_up") == 1


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
def test_401_of_one_endpoint_is_about_the_role(path: str, caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    page = b"<html><title>401 Authorization Required</title></html>"
    with Simulator("8.3", clock=clock.time, faults=ResponseOverrides({path: responds(401, page)})) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        for _ in range(20):
            exposition = exporter.scrape()
            clock.advance(15)
    assert exposition.value("enphase_authenticated") == 1
    assert exposition.value("enphase_up") == 1
    assert all(exposition.of(SUCCESS).values())
    assert gateway.load.requests[path] == 1
    assert lines(caplog) == []


def test_401_is_not_decided_before_the_probe_may_be_requested() -> None:
    """Otherwise the 401 of one endpoint would reject a valid token, and no request could show that it is valid."""
    clock = ManualClock()

    def slow(request: Request, unchanged: Respond) -> Response | None:
        clock.advance(6)
        return unchanged(request)

    faults = ResponseOverrides({"/ivp/pdm/device_data": responds(404), "/production.json": slow})
    with Simulator("8.3", clock=clock.time, faults=faults) as gateway:
        exporter = InProcessExporter(settings(gateway), clock)
        exporter.scrape()
        faults.overrides["/ivp/meters/readings"] = responds(401)
        for _ in range(6):
            clock.advance(4)
            exposition = exporter.scrape()
            assert exposition.value("enphase_authenticated") == 1
            assert exposition.value("enphase_up") == 1


def test_owner_of_early_7_gets_all_but_the_ensemble_documents() -> None:
    rejections = {path: responds(401) for path in OPTIONAL[4:8]}
    with Simulator("8.3", faults=ResponseOverrides(rejections)) as gateway:
        exposition = InProcessExporter(settings(gateway)).scrape()
    assert exposition.value("enphase_authenticated") == 1
    assert "enphase_battery_charge_ratio" not in exposition
    assert "enphase_meter_power_watts" in exposition


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
    assert lines(caplog) == []


def test_token_is_not_sent_over_http_found_by_scheme_auto(caplog: pytest.LogCaptureFixture) -> None:
    """An attacker who blocks port 443 and responds on port 80 must not get the token."""
    with Simulator("8.3", tls=False) as gateway:
        exporter = InProcessExporter(settings(gateway, scheme="auto"))
        assert exporter.scrape().value("enphase_up") == 0
        assert gateway.token.encode() not in gateway.received_bytes
        assert gateway.load.requests == {documents.INFO: 1}
        assert InProcessExporter(settings(gateway, scheme="http")).scrape().value("enphase_up") == 1
    assert "port 443" in caplog.text


def test_token_file_that_cannot_be_read_is_the_error(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        exporter = InProcessExporter(settings(gateway, token=None, token_file=tmp_path / "token"))
        exporter.scrape()
        error = exporter.gateway.snapshot().error or ""
    assert f"token file {tmp_path / 'token'} cannot be used: No such file" in error
