"""The sockets: TLS and plain, connections kept and closed, the words of each firmware, and that it all ends in time."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import httpx
import pytest
from simulator.bench import client, connect

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


def test_https_from_7_on_and_http_below() -> None:
    for name, scheme in (("5.0", "http"), ("7.3", "https")):
        with Simulator(name) as gateway, client(gateway) as asking:
            assert gateway.scheme == scheme
            assert asking.get("/info").status_code == 200


def test_its_authority_vouches_for_its_certificate() -> None:
    with Simulator("8.3", tls=True) as gateway:
        assert gateway.authority is not None
        context = ssl.create_default_context(cadata=gateway.authority.decode())
        answer = httpx.get(f"https://{gateway.address}/info", verify=context, trust_env=False)
        assert answer.status_code == 200
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            httpx.get(f"https://{gateway.address}/info", trust_env=False)


def test_without_trustme_it_is_plain_http_and_still_wants_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envoy_simulator.certificate.find_spec", lambda _: None)
    with Simulator("8.3") as gateway:
        assert gateway.scheme == "http"
        assert httpx.get(f"http://{gateway.address}/ivp/meters", trust_env=False).status_code == 401
        with client(gateway) as asking:
            assert asking.get("/ivp/meters").status_code == 200
    with pytest.raises(RuntimeError, match=r"\.\[simulator\]"):
        Simulator("8.3", tls=True).start()


def test_tls_to_a_plain_gateway_is_ended_at_once() -> None:
    with Simulator("5.0") as gateway:
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"https://{gateway.address}/info", verify=False, trust_env=False, timeout=10)  # noqa: S501  # no certificate comes
        with connect(gateway) as connection:
            connection.sendall(b"\x16\x03\x01\x02")  # how a handshake begins, and no line that would end
            assert ended(connection)
        assert httpx.get(f"http://{gateway.address}/info", trust_env=False).status_code == 200


def ended(connection: socket.socket) -> bool:
    """True if the other side has had enough: by FIN, or by RST if it left bytes unread."""
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def test_plain_http_to_a_tls_gateway_harms_nobody() -> None:
    with Simulator("8.3", tls=True) as gateway:
        with pytest.raises(httpx.HTTPError):
            httpx.get(f"http://{gateway.address}/info", trust_env=False, timeout=10)
        with client(gateway) as asking:
            assert asking.get("/info").status_code == 200


@pytest.mark.parametrize("tls", [True, False])
def test_silent_clients_hold_up_nobody(tls: bool) -> None:
    with Simulator("8.3", tls=tls) as gateway:
        silent = [connect(gateway) for _ in range(20)]
        with client(gateway) as asking:
            assert asking.get("/info").status_code == 200
        assert gateway.load.connections == 21
        for each in silent:
            each.close()


@pytest.mark.parametrize("tls", [True, False])
def test_it_ends_at_once_whatever_its_clients_do(tls: bool) -> None:
    threads = threading.active_count()
    gateway = Simulator("8.3", tls=tls)
    gateway.start()
    silent = connect(gateway)
    half_asked = connect(gateway)
    half_asked.sendall(b"GET /in")
    with client(gateway) as kept:
        kept.get("/info")
        began = time.monotonic()
        gateway.close()
        assert time.monotonic() - began < 30, "it would let silent clients be for 75"
        assert threading.active_count() == threads
        assert gateway.load.open_connections == 0
        with pytest.raises(OSError, match="refused"):
            connect(gateway)
    silent.close()
    half_asked.close()


def test_it_ends_while_its_slow_process_thinks() -> None:
    gateway = Simulator("8.3", tls=False, latency=10.0)
    gateway.start()
    failures: list[Exception] = []

    def ask() -> None:
        with client(gateway) as asking:
            try:
                asking.get("/production.json")
            except httpx.HTTPError as error:
                failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: gateway.load.requests.get("/production.json") == 1)
    began = time.monotonic()
    gateway.close()
    asking.join()
    assert time.monotonic() - began < 30, "it would let silent clients be for 75"


def until(condition: Callable[[], bool]) -> None:
    """Wait for another thread to come that far."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_connections_are_kept_from_7_on_and_closed_below() -> None:
    for name, connections, fate in (("8.3", 1, "keep-alive"), ("5.0", 3, "close")):
        with Simulator(name, tls=False) as gateway, client(gateway) as asking:
            answers = [asking.get("/info") for _ in range(3)]
            assert {answer.headers["connection"] for answer in answers} == {fate}
            assert gateway.load.connections == connections


def test_a_client_may_ask_for_the_end() -> None:
    with Simulator("8.3", tls=False) as gateway, client(gateway) as asking:
        assert asking.get("/info", headers={"connection": "close"}).headers["connection"] == "close"
        asking.get("/info")
        assert gateway.load.connections == 2


def test_headers_are_those_of_the_firmware() -> None:
    with Simulator("8.3", tls=False) as gateway, client(gateway) as asking:
        native, page = asking.get("/ivp/meters").headers, asking.get("/production.json").headers
        assert native["server"] == page["server"] == "openresty/1.17.8.1"
        assert "content-type" not in native
        assert "transfer-encoding" not in native
        assert page["content-type"] == "application/json"
        assert page["transfer-encoding"] == "chunked"
    with Simulator("5.0") as gateway, client(gateway) as asking:
        assert "server" not in asking.get("/api/v1/production").headers


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
def test_what_is_not_there_is_said_in_the_words_of_the_firmware(name: str, path: str, body: bytes) -> None:
    with Simulator(name, tls=False) as gateway, client(gateway) as asking:
        answer = asking.get(path)
        assert (answer.status_code, answer.content) == (404, body)


def test_firmware_3_has_a_page_with_status_200_for_a_page_it_has_not() -> None:
    with Simulator("3.9") as gateway, client(gateway) as asking:
        answer = asking.get("/production.json")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html"
        assert "Page Not Found" in answer.text


@pytest.mark.parametrize(
    "nonsense", [b"\r\n\r\n", b"GET /info\r\n\r\n", b"GET /info HTTP/2.0\r\n\r\n", b"\x00" * 99999]
)
def test_nonsense_ends_the_connection(nonsense: bytes) -> None:
    with Simulator("8.3", tls=False) as gateway:
        with connect(gateway) as connection:
            with suppress(OSError):  # it may have closed already, before it read all of it
                connection.sendall(nonsense)
                connection.shutdown(socket.SHUT_WR)
            assert ended(connection)
        with client(gateway) as asking:
            assert asking.get("/info").status_code == 200


def test_it_listens_on_ipv6_too() -> None:
    with Simulator("8.3", tls=False, host="::1") as gateway, client(gateway) as asking:
        assert gateway.address.startswith("[::1]:")
        assert asking.get("/info").status_code == 200


def test_nothing_is_logged_least_of_all_a_token(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        caplog.at_level(logging.DEBUG, logger="envoy_exporter"),
        Simulator("8.3") as gateway,
        client(gateway) as asking,
    ):
        asking.get("/ivp/meters")
        asking.get("/ivp/meters", headers={"authorization": "Bearer nonsense"})
    assert not [record for record in caplog.records if record.name.startswith("envoy_exporter")]
    assert capfd.readouterr() == ("", "")
