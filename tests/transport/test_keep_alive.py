"""Reused connections: gateways announce keep-alive, and then close, reset or send unexpected bytes."""

import socket
import threading

import pytest
from support.counting_client import client_of, reset_after_request
from support.gateways import settings
from support.in_process_exporter import InProcessExporter
from support.raw_gateway import RawGateway, http_response, reset
from support.response_overrides import Respond, ResponseOverrides, responds

from envoy_exporter.documents import DEVICE_DATA, EXPORT_LIMIT, PRODUCTION_LIMIT, TARIFF
from envoy_exporter.transport.errors import NoResponse
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request, Response

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("end", [reset, lambda connection: connection.close()], ids=["RST", "FIN"])
def test_request_on_reused_connection_that_breaks_is_repeated_once(end) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(http_response(b"{}"))
        if gateway.request(connection):
            end(connection)

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        assert [client.get().status for _ in range(10)] == [200] * 10
        client.client.close()
    assert gateway.connections == 10


def test_request_on_reused_connection_with_408_is_repeated_once() -> None:
    def script(connection: socket.socket, number: int) -> None:
        gateway.request(connection)
        if number == 3:
            connection.sendall(http_response(b"", "408 Request Time-out", keep=False))
            return
        connection.sendall(http_response(b"%d" % number))
        if number == 1:
            gateway.request(connection)
            connection.sendall(http_response(b"", "408 Request Time-out", keep=False))

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        assert [client.get().body, client.get().body] == [b"1", b"2"]
        client.client.close()
        assert client.get().status == 408
        client.client.close()
        assert gateway.connections == 3


def test_request_on_fresh_connection_that_breaks_is_not_repeated() -> None:
    with RawGateway(reset_after_request) as gateway:
        with pytest.raises(NoResponse):
            client_of(gateway).get()
        assert gateway.connections == 1


def test_request_on_reused_connection_is_not_repeated_if_truncated() -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(http_response(b"{}"))
        gateway.request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        client.get()
        with pytest.raises(NoResponse) as error:
            client.get()
        assert (error.value.reason, gateway.connections) == ("truncated", 1)


def test_connection_is_reused_only_with_keep_alive() -> None:
    def script(connection: socket.socket, _: int) -> None:
        while gateway.request(connection):
            connection.sendall(http_response(b"%d" % len(gateway.received)))

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        for _ in range(5):
            client.get()
        assert gateway.connections == 1
        for _ in range(5):
            client.get(keep_alive=False)
        assert gateway.connections == 6
        assert b"Connection: close" in gateway.received


@pytest.mark.parametrize("delayed", [True, False], ids=["a moment later", "at once"])
def test_reused_connection_with_unread_bytes_is_closed(delayed: bool) -> None:
    def script(connection: socket.socket, number: int) -> None:
        gateway.request(connection)
        if number > 1:
            connection.sendall(http_response(b"second"))
        elif delayed:
            connection.sendall(http_response(b"first"))
            received.wait(10)
            connection.sendall(http_response(b"unexpected"))
        else:
            connection.sendall(http_response(b"first") + http_response(b"unexpected"))
        sent.set()
        gateway.request(connection)

    received, sent = threading.Event(), threading.Event()
    with RawGateway(script) as gateway:
        client = client_of(gateway)
        assert client.get().body == b"first"
        received.set()
        assert sent.wait(10)
        assert client.get().body == b"second"
        client.client.close()


@pytest.mark.parametrize(("ending", "reason"), [("silence", "timeout"), ("end", "reset")])
def test_repeated_request_that_fails_reports_its_own_reason(ending: str, reason: str) -> None:
    """The 408 on the first connection is not the beginning of a response on the second."""

    def script(connection: socket.socket, number: int) -> None:
        gateway.request(connection)
        if number == 1:
            connection.sendall(http_response(b"{}"))
            gateway.request(connection)
            connection.sendall(http_response(b"", "408 Request Time-out"))
        elif ending == "silence":
            connection.recv(1)

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        client.get()
        with pytest.raises(NoResponse) as error:
            client.get(limit=0.7)
        assert error.value.reason == reason


@pytest.mark.parametrize("status", ["301 Moved", "401 Unauthorized", "404 Not Found", "503 Service Unavailable"])
def test_connection_survives_error_status(status: str) -> None:
    def script(connection: socket.socket, _: int) -> None:
        while request := gateway.request(connection):
            is_available = request.split()[1] == b"/available"
            connection.sendall(http_response(b"{}") if is_available else http_response(b"no", status))

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        statuses = [client.get(path=path).status for path in ("/a", "/available", "/b", "/c", "/available")]
        client.client.close()
    expected = int(status[:3])
    assert statuses == [expected, 200, expected, expected, 200]
    assert gateway.connections == 1


def test_first_poll_of_firmware_8_with_404s_uses_one_connection() -> None:
    """Each connection costs the gateway a TLS handshake."""
    missing = {DEVICE_DATA, TARIFF, EXPORT_LIMIT, PRODUCTION_LIMIT}
    with Simulator("8.3", faults=ResponseOverrides(dict.fromkeys(missing, responds(404)))) as gateway:
        InProcessExporter(settings(gateway)).poll()
        assert {path for path, status in gateway.load.codes if status == 404} == missing
        assert gateway.scheme == "https"
        assert gateway.load.connections == 1


@pytest.mark.parametrize(("profile", "keep_alive"), [("5.0", False), ("8.3", True)])
def test_firmware_below_7_gets_connection_close(profile: str, keep_alive: bool) -> None:
    """It announces keep-alive and resets the connection (home-assistant/core#126162)."""
    sent: list[str] = []

    def recorded(request: Request, respond: Respond) -> Response:
        if request.path != "/info":
            sent.append(request.headers.get("connection", ""))
        return respond(request)

    with Simulator(profile, faults=ResponseOverrides({"*": recorded})) as gateway:
        InProcessExporter(settings(gateway)).poll()
    assert sent
    assert {header == "close" for header in sent} == {not keep_alive}
