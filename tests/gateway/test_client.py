"""One GET: the deadline bounds all of it, and what comes back is whole or an error that says why."""

import gzip
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from support.certificates import certified
from support.exporter import Scraped
from support.faults import Odd
from support.gateways import settings
from support.raw import RawGateway, Script, answer, closed_port, deaf_port, reset

from envoy_exporter.gateway.auth import Bearer, Digest, Local
from envoy_exporter.gateway.client import LARGEST_BODY, Answer, Client
from envoy_exporter.gateway.errors import GatewayError, NoAnswer, Unreachable, Unusable
from envoy_exporter.gateway.network import CONNECT_SECONDS, Network, tls_context
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.secret import Secret
from envoy_exporter.simulator import Simulator
from envoy_exporter.simulator.answering import Request, Response
from envoy_exporter.simulator.certificate import self_signed

LIMIT = 0.5
LONG_BEFORE_THE_DRIP_ENDS = 10.0


class Asked:
    """A client of one gateway, and what it counted."""

    def __init__(self, host: str, port: int, scheme: str = "http", fingerprint: bytes | None = None) -> None:
        self.counted: list[tuple[str, int]] = []
        self.network = Network(host, port, time.monotonic, fingerprint)
        count = lambda path, status: self.counted.append((path, status))  # noqa: E731
        self.client = Client(self.network, tls_context(), count, "test")
        self._url = httpx.URL(scheme=scheme, host=host, port=port, raw_path=b"/info")

    def get(self, limit: float = 5.0, auth: httpx.Auth | None = None, *, keep_alive: bool = True) -> Answer:
        return self.client.get(self._url, auth, time.monotonic() + limit, keep_alive=keep_alive)


def asked(gateway: RawGateway) -> Asked:
    return Asked(gateway.host, gateway.port)


def refused(script: Script, limit: float = 5.0) -> GatewayError:
    """The error that one GET ends with."""
    with RawGateway(script) as gateway:
        client = asked(gateway)
        with pytest.raises(GatewayError) as error:
            client.get(limit)
        client.client.close()
    return error.value


def test_a_whole_answer_comes_as_it_was_sent() -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(answer(b"<envoy_info/>", headers="Content-Type: application/json\r\n"))

    with RawGateway(script) as gateway:
        client = asked(gateway)
        got = client.get()
        client.client.close()
    assert (got.status, got.body, got.headers["content-type"]) == (200, b"<envoy_info/>", "application/json")
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
def test_a_gateway_that_drips_a_byte_at_a_time_does_not_outlast_the_deadline(head: bytes, dripped: bytes) -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(head)
        gateway.drip(connection, dripped)

    with RawGateway(script) as gateway:
        client = asked(gateway)
        began = time.monotonic()
        with pytest.raises(NoAnswer) as error:
            client.get(LIMIT)
        assert time.monotonic() - began < LONG_BEFORE_THE_DRIP_ENDS
    assert error.value.reason == "deadline"


def test_a_gateway_that_accepts_and_says_nothing_is_a_timeout() -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        gateway.ended.wait(20)

    with RawGateway(script) as gateway, pytest.raises(NoAnswer) as error:
        asked(gateway).get(LIMIT)
    assert error.value.reason == "timeout"


def test_a_handshake_that_nobody_answers_ends_by_the_deadline() -> None:
    with RawGateway(lambda connection, _: connection.recv(100_000) and gateway.ended.wait(20)) as gateway:
        client = Asked(gateway.host, gateway.port, "https")
        began = time.monotonic()
        with pytest.raises(Unreachable) as error:
            client.get(LIMIT)
        assert time.monotonic() - began < LONG_BEFORE_THE_DRIP_ENDS
    assert error.value.reason == "tls"


def test_a_handshake_that_drips_ends_by_the_deadline() -> None:
    def script(connection: socket.socket, _: int) -> None:
        connection.recv(100_000)
        gateway.drip(connection, b"\x16\x03\x03\x40\x00" + b"\x02" * 1000)

    with RawGateway(script) as gateway:
        client = Asked(gateway.host, gateway.port, "https")
        began = time.monotonic()
        with pytest.raises(GatewayError) as error:
            client.get(LIMIT)
        assert time.monotonic() - began < LONG_BEFORE_THE_DRIP_ENDS
    assert error.value.reason == "tls"


def test_plain_http_where_tls_was_expected_is_a_tls_error() -> None:
    script = lambda connection, _: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")  # noqa: E731
    with RawGateway(script) as gateway, pytest.raises(Unreachable) as error:
        Asked(gateway.host, gateway.port, "https").get()
    assert error.value.reason == "tls"


def test_nothing_listens() -> None:
    with closed_port() as port, pytest.raises(Unreachable) as error:
        Asked("127.0.0.1", port).get()
    assert error.value.reason == "connect"


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(Unreachable) as error:
        Asked("no-such-gateway.invalid", 80).get()
    assert error.value.reason == "dns"


def _reset_after_request(connection: socket.socket, _: int) -> None:
    connection.recv(100_000)
    reset(connection)


def _close_after_request(connection: socket.socket, _: int) -> None:
    connection.recv(100_000)


def _cut(whole: bytes) -> Script:
    def script(connection: socket.socket, _: int) -> None:
        connection.recv(100_000)
        connection.sendall(whole[:-1])

    return script


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (_reset_after_request, "reset"),
        (_close_after_request, "reset"),
        (_cut(answer(b"{}")), "truncated"),
        (_cut(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), "truncated"),
        (_cut(b"HTTP/1.1 200 OK\r\nContent-"), "truncated"),
        (_cut(b"not HTTP at all\r\n\r\n."), "protocol"),
        (_cut(b"HTTP/1.1 200 OK\r\nno colon\r\n\r\nx"), "protocol"),
        (_cut(answer(gzip.compress(b"{}"), headers="Content-Encoding: gzip\r\n") + b"x"), "protocol"),
    ],
    ids=[
        "reset",
        "closed",
        "cut body",
        "cut chunks",
        "cut headers",
        "no HTTP",
        "header without colon",
        "packed unasked",
    ],
)
def test_what_is_no_whole_answer_says_why(script: Script, reason: str) -> None:
    error = refused(script)
    assert isinstance(error, NoAnswer)
    assert error.reason == reason


def test_an_endless_body_is_not_kept() -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while not gateway.ended.is_set():
            connection.sendall(b" " * 65536)

    with RawGateway(script) as gateway:
        client = asked(gateway)
        with pytest.raises(Unusable) as error:
            client.get()
    assert error.value.reason == "too_large"


def test_a_gzip_bomb_stays_packed() -> None:
    bomb = gzip.compress(b" " * (LARGEST_BODY * 20))

    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(answer(bomb, headers="Content-Encoding: gzip\r\n"))

    with RawGateway(script) as gateway, pytest.raises(NoAnswer) as error:
        asked(gateway).get()
    assert error.value.reason == "protocol"


def test_a_gzip_bomb_in_a_challenge_stays_packed_too_and_the_digest_is_sent() -> None:
    bomb = gzip.compress(b" " * (LARGEST_BODY * 20))
    challenge = 'WWW-Authenticate: Digest realm="enphaseenergy.com", nonce="y", qop="auth"\r\n'

    def script(connection: socket.socket, _: int) -> None:
        while request := gateway.request(connection):
            headers = f"Content-Encoding: gzip\r\n{challenge}"
            denied = answer(bomb, "401 Unauthorized", headers)
            connection.sendall(answer(b"well") if b"Digest username" in request else denied)

    with RawGateway(script) as gateway:
        client = asked(gateway)
        tracemalloc.start()
        tracemalloc.reset_peak()
        assert client.get(auth=Digest(Local("envoy", Secret("")))).body == b"well"
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        client.client.close()
    assert peak < LARGEST_BODY


def test_a_name_whose_first_address_is_dead_is_reached_by_the_second_and_then_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As with an IPv6 address that a router still announces: it took all of the three seconds, each time."""

    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(answer(b"well", keep=False))

    with RawGateway(script) as gateway, deaf_port() as deaf:
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))
            for port in (deaf, gateway.port)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: list(addresses))
        client = Asked("envoy.local", 80)
        assert client.get().body == b"well"
        began = time.monotonic()
        assert client.get().body == b"well"
        assert time.monotonic() - began < CONNECT_SECONDS / 2, "the dead one was not tried again"
        client.client.close()
    assert gateway.connections == 2


@pytest.mark.parametrize("end", [reset, lambda connection: connection.close()], ids=["RST", "FIN"])
def test_a_reused_connection_that_breaks_is_repeated_once_on_a_fresh_one(end) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(answer(b"{}"))
        if gateway.request(connection):
            end(connection)

    with RawGateway(script) as gateway:
        client = asked(gateway)
        assert [client.get().status for _ in range(10)] == [200] * 10
        client.client.close()
    assert gateway.connections == 10


def test_a_kept_connection_that_was_given_up_as_idle_is_repeated_once_on_a_fresh_one() -> None:
    def script(connection: socket.socket, number: int) -> None:
        gateway.request(connection)
        if number == 3:
            connection.sendall(answer(b"", "408 Request Time-out", keep=False))
            return
        connection.sendall(answer(b"%d" % number))
        if number == 1:
            gateway.request(connection)
            connection.sendall(answer(b"", "408 Request Time-out", keep=False))

    with RawGateway(script) as gateway:
        client = asked(gateway)
        assert [client.get().body, client.get().body] == [b"1", b"2"]
        client.client.close()
        assert client.get().status == 408
        client.client.close()
        assert gateway.connections == 3


def test_a_fresh_connection_that_breaks_is_not_repeated() -> None:
    with RawGateway(_reset_after_request) as gateway:
        with pytest.raises(NoAnswer):
            asked(gateway).get()
        assert gateway.connections == 1


def test_a_reused_connection_that_answers_half_is_not_repeated() -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(answer(b"{}"))
        gateway.request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")

    with RawGateway(script) as gateway:
        client = asked(gateway)
        client.get()
        with pytest.raises(NoAnswer) as error:
            client.get()
        assert (error.value.reason, gateway.connections) == ("truncated", 1)


def test_one_connection_serves_many_requests_and_none_is_kept_where_that_is_wanted() -> None:
    def script(connection: socket.socket, _: int) -> None:
        while gateway.request(connection):
            connection.sendall(answer(b"{}"))

    with RawGateway(script) as gateway:
        client = asked(gateway)
        for _ in range(5):
            client.get()
        assert gateway.connections == 1
        for _ in range(5):
            client.get(keep_alive=False)
        assert gateway.connections == 6
        assert b"Connection: close" in gateway.received


def test_a_redirect_is_not_followed_and_no_cookie_comes_back() -> None:
    def script(connection: socket.socket, _: int) -> None:
        while gateway.request(connection):
            moved = f"Location: http://{gateway.host}:{gateway.port}/elsewhere\r\nSet-Cookie: sessionId=1; path=/\r\n"
            connection.sendall(answer(b"", "301 Moved", moved))

    with RawGateway(script) as gateway:
        client = asked(gateway)
        assert client.get(auth=Bearer(Secret("eyJ"))).status == 301
        client.get()
        client.client.close()
        assert b"elsewhere" not in gateway.received
        assert b"ookie" not in gateway.received


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.request(connection)
        connection.sendall(answer(b"{}"))

    with RawGateway(_close_after_request) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.host}:{proxy.port}")
        with RawGateway(script) as gateway:
            client = asked(gateway)
            assert client.get().status == 200
            client.client.close()
        assert proxy.connections == 0


def test_a_pinned_certificate_lets_only_its_gateway_in() -> None:
    with Simulator("8.3") as gateway:
        host, _, port = gateway.address.rpartition(":")
        shown = _fingerprint(host, int(port))
        known = Asked(host, int(port), "https", shown)
        assert known.get().status == 200
        known.client.close()
        other = Asked(host, int(port), "https", bytes(32))
        with pytest.raises(Unreachable) as error:
            other.get()
        assert error.value.reason == "tls"
        assert shown.hex(":").upper() in str(error.value)


def test_a_pinned_gateway_is_asked_by_tls_alone() -> None:
    """Else whoever takes its address and breaks the handshake gets the token in plain text."""

    def script(connection: socket.socket, _: int) -> None:
        gateway.received += connection.recv(100_000)

    with RawGateway(script) as gateway:
        Scraped(Settings(name="home", host=gateway.host, port=gateway.port, fingerprint=bytes(32))).poll()
    assert gateway.connections == 1
    assert b"GET" not in gateway.received


def test_a_ca_file_lets_only_its_gateway_in(tmp_path: Path) -> None:
    shown = self_signed("122012345678", "127.0.0.1")

    def script(connection: socket.socket, _: int) -> None:
        with shown.wrap_socket(connection, server_side=True) as secured:
            gateway.request(secured)
            secured.sendall(answer(b"well", keep=False))

    certified(tmp_path)
    with RawGateway(script) as gateway:
        (tmp_path / "gateway.pem").write_text(ssl.get_server_certificate((gateway.host, gateway.port)))
        client = Asked(gateway.host, gateway.port, "https")
        client.client = Client(client.network, tls_context(str(tmp_path / "gateway.pem")), lambda *_: None, "test")
        assert client.get().body == b"well"
        client.client.close()
        client.client = Client(client.network, tls_context(str(tmp_path / "authority.pem")), lambda *_: None, "test")
        with pytest.raises(Unreachable) as error:
            client.get()
    assert error.value.reason == "tls"
    assert gateway.received.count(b"GET") == 1


def _fingerprint(host: str, port: int) -> bytes:
    import hashlib  # noqa: PLC0415

    certificate = ssl.get_server_certificate((host, port))
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).digest()


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
def test_a_challenge_that_nobody_can_meet_is_a_401_and_no_more(challenge: str) -> None:
    def script(connection: socket.socket, _: int) -> None:
        while gateway.request(connection):
            connection.sendall(answer(b"", "401 Unauthorized", f"WWW-Authenticate: {challenge}\r\n"))

    with RawGateway(script) as gateway:
        client = asked(gateway)
        digest = Digest(Local("envoy", Secret("")))
        assert client.get(auth=digest).status == 401
        assert client.get(auth=digest).status == 401
        client.client.close()
    assert digest.challenged == {"/info"}


@pytest.mark.parametrize("end", ["", "\n"], ids=["as it should be", "one that no header can hold"])
def test_a_token_is_in_no_error(end: str) -> None:
    with RawGateway(_cut(b"not HTTP\r\n\r\n.")) as gateway, pytest.raises(GatewayError) as error:
        asked(gateway).get(auth=Bearer(Secret(f"eyJhbGciOiJub25lIn0.e30.{end}")))
    chain: BaseException | None = error.value
    while chain is not None:
        assert "eyJ" not in repr(chain)
        chain = chain.__cause__


@pytest.mark.parametrize("apart", [True, False], ids=["a moment later", "in the same breath"])
def test_what_a_gateway_says_unasked_on_a_kept_connection_answers_no_later_question(apart: bool) -> None:  # noqa: FBT001  # a case
    def script(connection: socket.socket, number: int) -> None:
        gateway.request(connection)
        if number > 1:
            connection.sendall(answer(b"second"))
        elif apart:
            connection.sendall(answer(b"first"))
            heard.wait(10)
            connection.sendall(answer(b"unasked"))
        else:
            connection.sendall(answer(b"first") + answer(b"unasked"))
        said.set()
        gateway.request(connection)

    heard, said = threading.Event(), threading.Event()
    with RawGateway(script) as gateway:
        client = asked(gateway)
        assert client.get().body == b"first"
        heard.set()
        assert said.wait(10)
        assert client.get().body == b"second"
        client.client.close()


@pytest.mark.parametrize(("profile", "kept"), [("5.0", False), ("8.3", True)])
def test_firmware_below_7_is_told_to_close_each_connection(profile: str, kept: bool) -> None:  # noqa: FBT001  # a case
    """It resets what it said it would keep (home-assistant/core#126162)."""
    told: list[str] = []

    def noted(request: Request, truth: Callable[[Request], Response]) -> Response:
        if request.path != "/info":
            told.append(request.headers.get("connection", ""))
        return truth(request)

    with Simulator(profile, faults=Odd({"*": noted})) as gateway:
        Scraped(settings(gateway)).poll()
    assert told
    assert {each == "close" for each in told} == {not kept}
