"""The health check of the container image, against exporters that run on real sockets."""

import socket
from pathlib import Path

import bcrypt
import pytest
from support.certificates import write_certificate
from support.process import Command
from support.raw_gateway import RawGateway

from envoy_exporter import healthcheck

ENVIRONMENT = {"ENVOY_HOST": "127.0.0.1:1"}


def free_port(host: str = "127.0.0.1") -> int:
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        return int(listener.getsockname()[1])


def is_healthy(*arguments: str, listen: str) -> bool:
    with Command(*arguments, environment=ENVIRONMENT, listen=listen) as command:
        assert command.url
        return healthcheck.main([f"--pid={command.process.pid}"]) == 0


@pytest.mark.integration
@pytest.mark.parametrize("host", ["127.0.0.1", "", "0.0.0.0", "localhost"])
def test_healthcheck_follows_the_listen_address(host: str) -> None:
    assert is_healthy(listen=f"{host}:{free_port()}")


@pytest.mark.integration
def test_healthcheck_follows_an_ipv6_address() -> None:
    try:
        port = free_port("::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert is_healthy(listen=f"[::1]:{port}")


@pytest.mark.integration
@pytest.mark.parametrize(
    "client_auth", ["", ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: authority.pem"]
)
@pytest.mark.parametrize("min_version", ["TLS12", "TLS13"])
def test_healthcheck_with_tls_is_healthy(tmp_path: Path, client_auth: str, min_version: str) -> None:
    write_certificate(tmp_path)
    web = tmp_path / "web.yml"
    settings = f"cert_file: cert.pem, key_file: key.pem, min_version: {min_version}{client_auth}"
    web.write_text(f"tls_server_config: {{{settings}}}")
    assert is_healthy("--web.config.file", str(web), listen=f"127.0.0.1:{free_port()}")


@pytest.mark.integration
def test_healthcheck_with_users_and_without_tls_is_healthy(tmp_path: Path) -> None:
    web = tmp_path / "web.yml"
    web.write_text(f"basic_auth_users: {{prometheus: '{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}'}}")
    assert is_healthy(f"--web.config.file={web}", listen=f"127.0.0.1:{free_port()}")


@pytest.mark.integration
def test_healthcheck_without_a_listener_is_unhealthy(capsys: pytest.CaptureFixture[str]) -> None:
    with Command(environment=ENVIRONMENT) as command:  # on a port that its flags do not contain
        assert command.url
        assert healthcheck.main([f"--pid={command.process.pid}"]) == 1
    assert "unhealthy" in capsys.readouterr().err


@pytest.mark.integration
@pytest.mark.parametrize(
    ("response", "healthy"), [(b"200 OK", True), (b"401 Unauthorized", True), (b"500 Error", False)]
)
def test_healthcheck_response_decides(response: bytes, healthy: bool) -> None:
    with RawGateway(lambda connection, _: connection.sendall(b"HTTP/1.0 " + response + b"\r\n\r\n")) as server:
        if healthy:
            healthcheck.check(server.host, server.port, tls=False)
        else:
            with pytest.raises(ValueError, match="500"):
                healthcheck.check(server.host, server.port, tls=False)


@pytest.mark.integration
def test_healthcheck_of_a_silent_exporter_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(healthcheck, "TIMEOUT", 0.2)
    with RawGateway(lambda *_: server.ended.wait(60)) as server, pytest.raises(OSError, match="timed out"):
        healthcheck.check(server.host, server.port, tls=False)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["python", "envoy-exporter"], ("127.0.0.1", 9433)),
        (["docker-init", "--", "envoy-exporter", "--web.listen-address=:9500"], ("127.0.0.1", 9500)),
        (["envoy-exporter", "--web.listen-address", "10.0.0.5:1", "--web.listen-address=:2"], ("10.0.0.5", 1)),
        (["envoy-exporter", "--log.level=debug", "--web.listen-address=[::]:3", "--collector.livedata"], ("::1", 3)),
    ],
)
def test_healthcheck_address_is_that_of_the_flags(words: list[str], expected: tuple[str, int]) -> None:
    assert healthcheck.address(healthcheck.flags_of("\0".join([*words, ""]).encode())) == expected
