"""One GET: the deadline bounds all of it, and what comes back is whole or an error that responds why."""

import gzip
import socket
import time
import tracemalloc

import pytest
from support.counting_client import LIMIT, LONG_BEFORE_THE_DRIP_ENDS, client_of, request_error, reset_after_request
from support.raw_gateway import RawGateway, Script, http_response

from envoy_exporter.gateway.auth import Bearer, Digest, Local
from envoy_exporter.secret import Secret
from envoy_exporter.transport.client import LARGEST_BODY
from envoy_exporter.transport.errors import InvalidResponse, NoResponse, RequestError

pytestmark = pytest.mark.integration


def test_complete_response_is_returned_unchanged() -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(http_response(b"<envoy_info/>", headers="Content-Type: application/json\r\n"))

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        response = client.get()
        client.client.close()
    assert (response.status, response.body, response.headers["content-type"]) == (
        200,
        b"<envoy_info/>",
        "application/json",
    )
    assert client.counted == [("/info", 200)]
    assert b"accept-encoding: identity" in gateway.received.lower()
    assert b"authorization" not in gateway.received.lower()


@pytest.mark.parametrize(
    ("head", "dripped"),
    [
        (b"", b"HTTP/1.1 200 OK\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: " + b"a" * 1000),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"a" * 1000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"a" * 1000),
    ],
    ids=["status line", "headers", "body", "chunks", "body without a length"],
)
def test_response_of_single_bytes_ends_by_the_deadline(head: bytes, dripped: bytes) -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(head)
        gateway.drip(connection, dripped)

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        began = time.monotonic()
        with pytest.raises(NoResponse) as error:
            client.get(LIMIT)
        assert time.monotonic() - began < LONG_BEFORE_THE_DRIP_ENDS
    assert error.value.reason == "deadline"


def test_connection_without_a_response_times_out() -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        gateway.ended.wait(20)

    with RawGateway(script) as gateway, pytest.raises(NoResponse) as error:
        client_of(gateway).get(LIMIT)
    assert error.value.reason == "timeout"


def _close_after_request(connection: socket.socket, _: int) -> None:
    connection.recv(100_000)


def _truncated(response: bytes) -> Script:
    def script(connection: socket.socket, _: int) -> None:
        connection.recv(100_000)
        connection.sendall(response[:-1])

    return script


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (reset_after_request, "reset"),
        (_close_after_request, "reset"),
        (_truncated(http_response(b"{}")), "truncated"),
        (_truncated(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), "truncated"),
        (_truncated(b"HTTP/1.1 200 OK\r\nContent-"), "truncated"),
        (_truncated(b"not HTTP at all\r\n\r\n."), "protocol"),
        (_truncated(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\nx"), "protocol"),
        (_truncated(http_response(gzip.compress(b"{}"), headers="Content-Encoding: gzip\r\n") + b"x"), "protocol"),
    ],
    ids=[
        "reset",
        "closed",
        "truncated body",
        "truncated chunks",
        "truncated headers",
        "no HTTP",
        "header without colon",
        "unexpected compression",
    ],
)
def test_incomplete_response_has_a_reason(script: Script, reason: str) -> None:
    error = request_error(script)
    assert isinstance(error, NoResponse)
    assert error.reason == reason


def test_endless_body_is_too_large() -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while not gateway.ended.is_set():
            connection.sendall(b" " * 65536)

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        with pytest.raises(InvalidResponse) as error:
            client.get()
    assert error.value.reason == "too_large"


def test_gzip_bomb_is_not_decompressed() -> None:
    bomb = gzip.compress(b" " * (LARGEST_BODY * 20))

    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(http_response(bomb, headers="Content-Encoding: gzip\r\n"))

    with RawGateway(script) as gateway, pytest.raises(NoResponse) as error:
        client_of(gateway).get()
    assert error.value.reason == "protocol"


def test_gzip_bomb_in_a_challenge_is_not_decompressed() -> None:
    bomb = gzip.compress(b" " * (LARGEST_BODY * 20))
    challenge = 'WWW-Authenticate: Digest realm="enphaseenergy.com", nonce="y", qop="auth"\r\n'

    def script(connection: socket.socket, _: int) -> None:
        while request := gateway.request(connection):
            headers = f"Content-Encoding: gzip\r\n{challenge}"
            denied = http_response(bomb, "401 Unauthorized", headers)
            connection.sendall(http_response(b"accepted") if b"Digest username" in request else denied)

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        tracemalloc.start()
        tracemalloc.reset_peak()
        assert client.get(auth=Digest(Local("envoy", Secret("")))).body == b"accepted"
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        client.client.close()
    assert peak < LARGEST_BODY


def test_redirect_is_not_followed_and_cookies_are_not_sent() -> None:
    def script(connection: socket.socket, _: int) -> None:
        session = "Set-Cookie: sessionId=1; path=/\r\n"
        moved = f"Location: http://{gateway.host}:{gateway.port}/elsewhere\r\n{session}"
        responses = http_response(b"{}", headers=session), http_response(b"", "301 Moved", moved)
        for response in responses:
            gateway.request(connection)
            connection.sendall(response)

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        statuses = [client.get(auth=Bearer(Secret("eyJ"))).status for _ in range(3)]
        assert statuses == [200, 301, 200]
        assert gateway.connections == 2
        client.client.close()
        assert b"elsewhere" not in gateway.received
        assert b"ookie" not in gateway.received


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(http_response(b"{}"))

    with RawGateway(_close_after_request) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.host}:{proxy.port}")
        with RawGateway(script) as gateway:
            client = client_of(gateway)
            assert client.get().status == 200
            client.client.close()
        assert proxy.connections == 0


@pytest.mark.parametrize(
    "challenge",
    [
        "\u00d8\u00c9\u00c6A",
        "Digest",
        "Digest realm=x",
        'Digest realm="x", nonce="y", algorithm=ROT13',
        "Digest ,,,=",
        'Digest realm="x", nonce="y", qop="auth-int"',
    ],
)
def test_invalid_challenge_is_a_401(challenge: str) -> None:
    def script(connection: socket.socket, _: int) -> None:
        while gateway.request(connection):
            connection.sendall(http_response(b"", "401 Unauthorized", f"WWW-Authenticate: {challenge}\r\n"))

    with RawGateway(script) as gateway:
        client = client_of(gateway)
        digest = Digest(Local("envoy", Secret("")))
        assert client.get(auth=digest).status == 401
        assert client.get(auth=digest).status == 401
        client.client.close()
    assert digest.challenged == {"/info"}


@pytest.mark.parametrize("end", ["", "\n"], ids=["valid", "invalid in a header"])
def test_errors_do_not_contain_the_token(end: str) -> None:
    with RawGateway(_truncated(b"not HTTP\r\n\r\n.")) as gateway, pytest.raises(RequestError) as error:
        client_of(gateway).get(auth=Bearer(Secret(f"eyJhbGciOiJub25lIn0.e30.{end}")))
    chain: BaseException | None = error.value
    while chain is not None:
        assert "eyJ" not in repr(chain)
        chain = chain.__cause__
