"""Connections to Enlighten over real sockets and real TLS: certificates, proxies, deadlines."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.enlighten import YEAR, enlighten, login, trusted_ca_file

from envoy_exporter.clock import SystemClock
from envoy_exporter.enlighten.client import Unavailable
from envoy_simulator import Simulator
from envoy_simulator.cloud import Cloud

pytestmark = pytest.mark.integration

SERIAL = "122333444555"
NOW = ManualClock().time()


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


@pytest.mark.parametrize("response", ["login_silent", "token_silent"])
def test_connection_that_closes_without_a_response_is_unavailable(response: str, tmp_path: Path) -> None:
    with Cloud(SERIAL) as cloud:
        cloud.response = response
        with pytest.raises(Unavailable, match="no response"):
            enlighten(login(cloud, trusted_ca_file(cloud, tmp_path))).token(SERIAL)


def test_server_with_an_untrusted_certificate_gets_no_password() -> None:
    with Cloud(SERIAL) as cloud:
        with pytest.raises(Unavailable, match="certificate"):
            enlighten(login(cloud, None)).token(SERIAL)
        assert cloud.requests == []


def test_server_with_a_certificate_for_another_name_gets_no_password(tmp_path: Path) -> None:
    with Cloud(SERIAL) as cloud:
        account = login(cloud, trusted_ca_file(cloud, tmp_path))
        other = replace(account, login_url=account.login_url.replace("127.0.0.1", "127.1"))
        with pytest.raises(Unavailable, match="certificate"):
            enlighten(other).token(SERIAL)
        assert cloud.requests == []


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
