"""The sockets: TLS and plain HTTP, connections, the errors of each firmware, and a quick shutdown."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest
from simulator.helpers import client, connect

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


def test_scheme_is_https_from_7_on() -> None:
    for name, scheme in (("5.0", "http"), ("7.3", "https")):
        with Simulator(name) as gateway, client(gateway) as http:
            assert gateway.scheme == scheme
            assert http.get("/info").status_code == 200


def test_authority_verifies_the_certificate() -> None:
    with Simulator("8.3", tls=True) as gateway:
        assert gateway.authority is not None
        context = ssl.create_default_context(cadata=gateway.authority.decode())
        response = httpx.get(f"https://{gateway.address}/info", verify=context, trust_env=False)
        assert response.status_code == 200
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"https://{gateway.address}/info", trust_env=False)


def test_without_trustme_http_still_requires_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envoy_simulator.certificate.find_spec", lambda _: None)
    with Simulator("8.3") as gateway:
        assert gateway.scheme == "http"
        assert httpx.get(f"http://{gateway.address}/ivp/meters", trust_env=False).status_code == 401
        with client(gateway) as http:
            assert http.get("/ivp/meters").status_code == 200
    with pytest.raises(RuntimeError, match=r"\.\[simulator\]"):
        Simulator("8.3", tls=True).start()


def test_tls_to_an_http_gateway_is_closed_at_once() -> None:
    with Simulator("5.0") as gateway:
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"https://{gateway.address}/info", verify=False, trust_env=False, timeout=10)  # noqa: S501  # there is no certificate
        with connect(gateway) as connection:
            connection.sendall(b"\x16\x03\x01\x02")  # the beginning of a handshake, without a line end
            assert is_closed(connection)
        assert httpx.get(f"http://{gateway.address}/info", trust_env=False).status_code == 200


def is_closed(connection: socket.socket) -> bool:
    """Whether the gateway closed the connection: by FIN, or by RST if it left bytes unread."""
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def test_http_to_a_tls_gateway_does_not_affect_others() -> None:
    with Simulator("8.3", tls=True) as gateway:
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://{gateway.address}/info", trust_env=False, timeout=10)
        with client(gateway) as http:
            assert http.get("/info").status_code == 200


@pytest.mark.parametrize("tls", [True, False])
def test_silent_clients_do_not_block_others(tls: bool) -> None:
    with Simulator("8.3", tls=tls) as gateway:
        silent = [connect(gateway) for _ in range(20)]
        with client(gateway) as http:
            assert http.get("/info").status_code == 200
        assert gateway.load.connections == 21
        for connection in silent:
            connection.close()


@pytest.mark.parametrize("tls", [True, False])
def test_close_does_not_wait_for_clients(tls: bool) -> None:
    threads = threading.active_count()
    gateway = Simulator("8.3", tls=tls)
    gateway.start()
    silent = connect(gateway)
    incomplete = connect(gateway)
    incomplete.sendall(b"GET /in")
    with client(gateway) as kept:
        kept.get("/info")
        began = time.monotonic()
        gateway.close()
        assert time.monotonic() - began < 30, "an idle connection is kept for 75 s"
        assert threading.active_count() == threads
        assert gateway.load.open_connections == 0
        with pytest.raises(OSError, match="refused"):
            connect(gateway)
    silent.close()
    incomplete.close()


def test_close_does_not_wait_for_a_slow_page() -> None:
    gateway = Simulator("8.3", tls=False, latency=10.0)
    gateway.start()
    failures: list[Exception] = []

    def fetch() -> None:
        with client(gateway) as http:
            try:
                http.get("/production.json")
            except httpx.HTTPError as error:
                failures.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    until(lambda: gateway.load.requests.get("/production.json") == 1)
    began = time.monotonic()
    gateway.close()
    thread.join()
    assert time.monotonic() - began < 30, "an idle connection is kept for 75 s"


def until(condition: Callable[[], bool]) -> None:
    """Wait until another thread has fulfilled the condition."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_keep_alive_is_used_from_7_on() -> None:
    for name, connections, header in (("8.3", 1, "keep-alive"), ("5.0", 3, "close")):
        with Simulator(name, tls=False) as gateway, client(gateway) as http:
            responses = [http.get("/info") for _ in range(3)]
            assert {response.headers["connection"] for response in responses} == {header}
            assert gateway.load.connections == connections


def test_connection_close_of_the_client_is_respected() -> None:
    with Simulator("8.3", tls=False) as gateway, client(gateway) as http:
        assert http.get("/info", headers={"connection": "close"}).headers["connection"] == "close"
        http.get("/info")
        assert gateway.load.connections == 2


def test_headers_match_the_firmware() -> None:
    with Simulator("8.3", tls=False) as gateway, client(gateway) as http:
        native, page = http.get("/ivp/meters").headers, http.get("/production.json").headers
        assert native["server"] == page["server"] == "openresty/1.17.8.1"
        assert "content-type" not in native
        assert "transfer-encoding" not in native
        assert page["content-type"] == "application/json"
        assert page["transfer-encoding"] == "chunked"
    with Simulator("5.0") as gateway, client(gateway) as http:
        assert "server" not in http.get("/api/v1/production").headers


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("3.7", "/api/v1/production", b'{ "error" : "404 - Not Found" }'),
        ("3.9", "/ivp/meters", b'{ "error" : "404 - Not Found" }'),
        ("4.10", "/ivp/ss/gen_config", b'{ "error" : "404 - Not Found" }'),
        ("5.0", "/ivp/ensemble/inventory", b'{ "error" : "404 - Not Found" }'),
        ("5.0", "/ivp/ss/gen_config", b' { "err": "404 - Not Found" }'),
        ("5.0", "/ivp/sc/pvlimit", b' { "err": "404 - Not Found" }'),
        ("8.2", "/ivp/pdm/device_data", b' { "err": "404 - Not Found" }'),
    ],
)
def test_404_body_matches_the_firmware(name: str, path: str, body: bytes) -> None:
    with Simulator(name, tls=False) as gateway, client(gateway) as http:
        response = http.get(path)
        assert (response.status_code, response.content) == (404, body)


def test_firmware_3_missing_page_has_status_200() -> None:
    with Simulator("3.9") as gateway, client(gateway) as http:
        response = http.get("/production.json")
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/html"
        assert "Page Not Found" in response.text


@pytest.mark.parametrize(
    "nonsense", [b"\r\n\r\n", b"GET /info\r\n\r\n", b"GET /info HTTP/2.0\r\n\r\n", b"\x00" * 99999]
)
def test_invalid_request_closes_the_connection(nonsense: bytes) -> None:
    with Simulator("8.3", tls=False) as gateway:
        with connect(gateway) as connection:
            with suppress(OSError):  # the gateway may close before it has read everything
                connection.sendall(nonsense)
                connection.shutdown(socket.SHUT_WR)
            assert is_closed(connection)
        with client(gateway) as http:
            assert http.get("/info").status_code == 200


def test_gateway_listens_on_ipv6() -> None:
    with Simulator("8.3", tls=False, host="::1") as gateway, client(gateway) as http:
        assert gateway.address.startswith("[::1]:")
        assert http.get("/info").status_code == 200


def test_simulator_logs_nothing(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with (
        caplog.at_level(logging.DEBUG, logger="envoy_exporter"),
        Simulator("8.3") as gateway,
        client(gateway) as http,
    ):
        http.get("/ivp/meters")
        http.get("/ivp/meters", headers={"authorization": "Bearer nonsense"})
    assert not [record for record in caplog.records if record.name.startswith("envoy_exporter")]
    assert capfd.readouterr() == ("", "")
