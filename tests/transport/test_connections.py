"""Connections: a name and its addresses, TLS and accepted certificates, and the deadline of a handshake."""

import hashlib
import socket
import ssl
import time
from pathlib import Path

import httpx
import pytest
from support.certificates import write_certificate
from support.counting_client import LIMIT, LONG_BEFORE_THE_DRIP_ENDS, CountingClient
from support.in_process_exporter import InProcessExporter
from support.raw_gateway import RawGateway, closed_port, http_response, unresponsive_port

from envoy_exporter.gateway.settings import Settings
from envoy_exporter.transport.client import Client
from envoy_exporter.transport.errors import RequestError, Unreachable
from envoy_exporter.transport.network import tls_context
from envoy_exporter.transport.timeouts import Timeouts
from envoy_simulator import Simulator
from envoy_simulator.certificate import self_signed

pytestmark = pytest.mark.integration


def test_handshake_without_a_response_ends_by_the_deadline() -> None:
    with RawGateway(lambda connection, _: connection.recv(100_000) and gateway.ended.wait(20)) as gateway:
        client = CountingClient(gateway.host, gateway.port, "https")
        began = time.monotonic()
        with pytest.raises(Unreachable) as error:
            client.get(LIMIT)
        assert time.monotonic() - began < LONG_BEFORE_THE_DRIP_ENDS
    assert error.value.reason == "tls"


def test_handshake_of_single_bytes_ends_by_the_deadline() -> None:
    def script(connection: socket.socket, _: int) -> None:
        connection.recv(100_000)
        gateway.drip(connection, b"\x16\x03\x03\x40\x00" + b"\x02" * 1000)

    with RawGateway(script) as gateway:
        client = CountingClient(gateway.host, gateway.port, "https")
        began = time.monotonic()
        with pytest.raises(RequestError) as error:
            client.get(LIMIT)
        assert time.monotonic() - began < LONG_BEFORE_THE_DRIP_ENDS
    assert error.value.reason == "tls"


def test_plain_http_where_tls_was_expected_is_a_tls_error() -> None:
    script = lambda connection, _: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")  # noqa: E731
    with RawGateway(script) as gateway, pytest.raises(Unreachable) as error:
        CountingClient(gateway.host, gateway.port, "https").get()
    assert error.value.reason == "tls"
    assert f"{gateway.host}:{gateway.port}" in str(error.value)
    assert "no TLS" in str(error.value)


def test_closed_port_is_a_connect_error() -> None:
    with closed_port() as port, pytest.raises(Unreachable) as error:
        CountingClient("127.0.0.1", port).get()
    assert error.value.reason == "connect"
    assert f"127.0.0.1:{port}" in str(error.value)


def test_port_of_another_protocol_is_named_with_its_first_bytes() -> None:
    def script(connection: socket.socket, _: int) -> None:
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\x1b\r\n")
        gateway.request(connection)

    with RawGateway(script) as gateway, pytest.raises(RequestError) as error:
        CountingClient(gateway.host, gateway.port).get()
    assert error.value.reason == "protocol"
    assert f"{gateway.host}:{gateway.port} sent 'SSH-2.0-OpenSSH_9.2'" in str(error.value)


def test_response_that_is_not_http_to_credentials_is_not_repeated() -> None:
    def script(connection: socket.socket, _: int) -> None:
        connection.sendall(gateway.request(connection))

    with RawGateway(script) as gateway, pytest.raises(RequestError) as error:
        CountingClient(gateway.host, gateway.port).get(auth=httpx.BasicAuth("me", "hunter2"))
    assert b"uthorization" in gateway.received
    assert "GET" not in str(error.value)


def test_unknown_name_is_a_dns_error() -> None:
    with pytest.raises(Unreachable) as error:
        CountingClient("no-such-gateway.invalid", 80).get()
    assert error.value.reason == "dns"


def test_name_with_an_unresponsive_address_connects_to_the_other_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For example an IPv6 address that a router still announces: each request waited for the whole connect timeout."""

    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(http_response(b"accepted", keep=False))

    with RawGateway(script) as gateway, unresponsive_port() as unresponsive:
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))
            for port in (unresponsive, gateway.port)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: list(addresses))
        client = CountingClient("envoy.local", 80)
        assert client.get().body == b"accepted"
        began = time.monotonic()
        assert client.get().body == b"accepted"
        assert time.monotonic() - began < Timeouts().connect / 2, "the unresponsive address was not tried again"
        client.client.close()
    assert gateway.connections == 2


def test_fingerprint_accepts_only_its_certificate() -> None:
    with Simulator("8.3") as gateway:
        host, _, port = gateway.address.rpartition(":")
        fingerprint = _fingerprint(host, int(port))
        pinned = CountingClient(host, int(port), "https", fingerprint)
        assert pinned.get().status == 200
        pinned.client.close()
        other = CountingClient(host, int(port), "https", bytes(32))
        with pytest.raises(Unreachable) as error:
            other.get()
        assert error.value.reason == "tls"
        assert fingerprint.hex(":").upper() in str(error.value)


def test_gateway_with_a_fingerprint_is_requested_over_tls_only() -> None:
    """Otherwise an attacker who takes its address and breaks the handshake would get the token in plain text."""

    def script(connection: socket.socket, _: int) -> None:
        gateway.received += connection.recv(100_000)

    with RawGateway(script) as gateway:
        InProcessExporter(Settings(name="home", host=gateway.host, port=gateway.port, fingerprint=bytes(32))).poll()
    assert gateway.connections == 1
    assert b"GET" not in gateway.received


def test_ca_file_accepts_only_certificates_that_it_signed(tmp_path: Path) -> None:
    context = self_signed("122012345678", "127.0.0.1")

    def script(connection: socket.socket, _: int) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            gateway.request(secured)
            secured.sendall(http_response(b"accepted", keep=False))

    write_certificate(tmp_path)
    with RawGateway(script) as gateway:
        own = ssl.get_server_certificate((gateway.host, gateway.port))
        client = CountingClient(gateway.host, gateway.port, "https")
        client.client = Client(client.network, tls_context(own), lambda *_: None, "test")
        assert client.get().body == b"accepted"
        client.client.close()
        other = (tmp_path / "authority.pem").read_text()
        client.client = Client(client.network, tls_context(other), lambda *_: None, "test")
        with pytest.raises(Unreachable) as error:
            client.get()
    assert error.value.reason == "tls"
    assert gateway.received.count(b"GET") == 1


def _fingerprint(host: str, port: int) -> bytes:
    certificate = ssl.get_server_certificate((host, port))
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).digest()
