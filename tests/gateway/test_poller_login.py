"""The identity and the credentials of a gateway: when they are sent, and what a rejection means. Real sockets."""

from pathlib import Path

import pytest
from support.clock import ManualClock
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.recovery import heal, messages
from support.response_overrides import Respond, ResponseOverrides, responds

from envoy_exporter import documents
from envoy_exporter.gateway.auth import Local
from envoy_exporter.secret import Redaction, Secret
from envoy_exporter.token import parse
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request, Response

pytestmark = pytest.mark.integration

SUCCESS = "enphase_scrape_collector_success"
FAILURES = "enphase_gateway_request_failures_total"


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
    assert messages(caplog).count("credentials rejected") == 1
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
        assert messages(caplog) == ["credentials rejected"]
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
        assert messages(caplog).count("token file cannot be used") == 1
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
    assert messages(caplog) == []


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
