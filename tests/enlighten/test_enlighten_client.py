"""The responses of Enlighten, and the token or error for each. Real sockets, real TLS."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.enlighten import YEAR, enlighten, login, trusted_ca_file

from envoy_exporter.clock import SystemClock
from envoy_exporter.enlighten.client import EnlightenError, Unavailable, retry_after
from envoy_simulator import Simulator
from envoy_simulator.cloud import RESPONSES, Cloud

pytestmark = pytest.mark.integration

SERIAL = "122333444555"
NOW = ManualClock().time()

EXPECTED = {
    "mfa": "mfa",
    "blocked": "password",
    "login_list": "unavailable",
    "login_html": "unavailable",
    "login_empty": "unavailable",
    "login_401": "password",
    "login_403": "changed",
    "login_405": "changed",
    "login_429": "unavailable",
    "login_500": "unavailable",
    "login_503": "unavailable",
    "login_redirect": "changed",
    "login_silent": "unavailable",
    "token_error_text": "unusable",
    "token_sign_in": "unusable",
    "token_html": "unusable",
    "token_empty": "unusable",
    "token_dots": "unusable",
    "token_not_ascii": "unusable",
    "token_huge": "unusable",
    "token_401": "serial",
    "token_403": "serial",
    "token_429": "unavailable",
    "token_500": "unavailable",
    "token_503": "unavailable",
    "token_silent": "unavailable",
}
ADVICE = {
    "mfa": "MFA",
    "password": "username|blocked",
    "serial": "serial",
    "changed": "newer version",
    "unavailable": "Enlighten|response",
    "unusable": "token|larger",
}


def test_login_and_request_return_a_token_for_the_serial(tmp_path: Path) -> None:
    codes: list[int] = []
    clock = ManualClock()
    with Cloud(SERIAL, clock=clock.time) as cloud:
        token = enlighten(login(cloud, trusted_ca_file(cloud, tmp_path)), codes=codes).token(SERIAL)
    assert (token.serial, token.user, token.issued, token.expires) == (SERIAL, "owner", NOW, NOW + YEAR)
    assert codes == [200, 200]
    assert [request.path for request in cloud.requests] == ["/login/login.json", "/tokens"]
    assert cloud.requests[0].body == "user%5Bemail%5D=owner%40example.com&user%5Bpassword%5D=sun-and-wind"
    assert "sun-and-wind" not in cloud.requests[1].body


def test_each_odd_response_has_a_result_and_advice(tmp_path: Path) -> None:
    assert EXPECTED.keys() == RESPONSES.keys()
    with Cloud(SERIAL) as cloud:
        client = enlighten(login(cloud, trusted_ca_file(cloud, tmp_path)), seconds=30)
        for response, result in EXPECTED.items():
            cloud.response = response
            with pytest.raises(EnlightenError, match=ADVICE[result]) as error:
                client.token(SERIAL)
            assert (response, error.value.result) == (response, result)
            for secret in (cloud.username, cloud.password, "session-"):
                assert secret not in str(error.value)
        assert {request.path for request in cloud.requests} == {"/login/login.json", "/tokens"}, "nothing is redirected"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": "1812536000"},
        {"exp": True},
        {"exp": 1e30},
        {"exp": int(NOW) - 1},
        {"aud": None},
        {"aud": "999999999999"},
        {"aud": [SERIAL]},
    ],
)
def test_token_without_expiry_or_for_another_serial_is_unusable(claims: dict[str, object], tmp_path: Path) -> None:
    with Cloud(SERIAL, clock=ManualClock().time) as cloud:
        cloud.claims = claims  # type: ignore[assignment]
        with pytest.raises(EnlightenError) as error:
            enlighten(login(cloud, trusted_ca_file(cloud, tmp_path))).token(SERIAL)
    assert error.value.result == "unusable"
    assert "eyJ" not in str(error.value)


def test_server_with_an_untrusted_certificate_gets_no_password() -> None:
    with Cloud(SERIAL) as cloud:
        with pytest.raises(Unavailable, match="certificate cannot be verified"):
            enlighten(login(cloud, None)).token(SERIAL)
        assert cloud.requests == []


def test_server_with_a_certificate_for_another_name_gets_no_password(tmp_path: Path) -> None:
    with Cloud(SERIAL) as cloud:
        account = login(cloud, trusted_ca_file(cloud, tmp_path))
        other = replace(account, login_url=account.login_url.replace("127.0.0.1", "127.1"))
        with pytest.raises(Unavailable, match="certificate"):
            enlighten(other).token(SERIAL)
        assert cloud.requests == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/login", "enlighten.example.com/login", "https:///login"])
def test_url_without_tls_is_rejected(url: str, tmp_path: Path) -> None:
    with Cloud(SERIAL) as cloud:
        account = login(cloud, trusted_ca_file(cloud, tmp_path))
    with pytest.raises(ValueError, match="https"):
        enlighten(replace(account, login_url=url))


def test_proxies_of_the_environment_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)  # noqa: FBT003
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
            monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{proxy.getsockname()[1]}")
        with Cloud(SERIAL, clock=ManualClock().time) as cloud:
            assert enlighten(login(cloud, trusted_ca_file(cloud, tmp_path))).token(SERIAL).serial == SERIAL
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_enlighten_that_hangs_times_out_at_the_deadline(tmp_path: Path) -> None:
    with Cloud(SERIAL) as cloud:
        account = login(cloud, trusted_ca_file(cloud, tmp_path))
        cloud.response = "slow"
        with pytest.raises(Unavailable, match="timed out"):
            enlighten(account, SystemClock(), seconds=0.5).token(SERIAL)


def test_enlighten_that_refuses_connections_is_unavailable(tmp_path: Path) -> None:
    with Cloud(SERIAL) as cloud:
        account = login(cloud, trusted_ca_file(cloud, tmp_path))
    with pytest.raises(Unavailable, match="refused"):
        enlighten(account).token(SERIAL)


def test_gateway_with_the_login_url_gets_no_password(tmp_path: Path) -> None:
    """If the login_url is that of a gateway, its self-signed certificate is rejected."""
    with Simulator("8.3", tls=True) as gateway, Cloud(SERIAL) as cloud:
        account = login(cloud, trusted_ca_file(cloud, tmp_path))
        wrong = replace(account, login_url=f"https://{gateway.address}/login")
        with pytest.raises(Unavailable, match="certificate"):
            enlighten(wrong).token(SERIAL)
    assert gateway.load.requests == {}


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("1800", 1800.0),
        ("0", 0.0),
        ("999999999", 86400.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("Tue, 09 Jun 2026 10:23:20 GMT", 1000.0),
        ("Mon, 01 Jun 2020 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str, seconds: float | None) -> None:
    assert retry_after(header, 1_780_999_600.0) == seconds
