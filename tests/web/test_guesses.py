"""Password guesses, and connections to the TLS port without a complete TLS handshake."""

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.attackers import is_closed, send, wait_until
from support.certificates import write_certificate
from support.served_exporter import UNVERIFIED, ServedExporter, write_config

from envoy_exporter.web import access, connections
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

HASH = "$2b$04$" + "a" * 53
"""Not the hash of any password: `Comparing` decides."""
WHOLE = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


class Comparing:
    """Replaces bcrypt: the password `right` is correct. It waits until `free` is set, and records its arguments."""

    def __init__(self) -> None:
        self.checked: list[tuple[str, str]] = []
        self.free = threading.Event()
        self.free.set()

    def __call__(self, password: str, expected: str) -> bool:
        self.checked.append((password, expected))
        assert self.free.wait(30)
        return password == "right"


@pytest.fixture
def comparing(monkeypatch: pytest.MonkeyPatch) -> Comparing:
    comparing = Comparing()
    monkeypatch.setattr(access, "_matches", comparing)
    return comparing


@pytest.fixture(scope="module")
def gateway() -> Iterator[Simulator]:
    with Simulator("8.3") as gateway:
        yield gateway


@pytest.fixture
def guarded(gateway: Simulator, tmp_path: Path, comparing: Comparing) -> Iterator[ServedExporter]:
    """The only user is alice, and one request is allowed at once."""
    assert comparing
    web = tmp_path / "web.yml"
    web.write_text(f"basic_auth_users: {{alice: {HASH}}}")
    with ServedExporter(write_config(gateway, folder=tmp_path), most=1, web_config=web) as served:
        yield served


def as_user(served: ServedExporter, user: str, password: str, path: str = "/metrics") -> int:
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    return served.get(path, authorization=f"Basic {credentials}").status_code


def test_access_guesses_do_not_delay_an_accepted_user(guarded: ServedExporter, comparing: Comparing) -> None:
    assert as_user(guarded, "alice", "right") == 200
    comparing.free.clear()
    with ThreadPoolExecutor(30) as guessers:
        guesses = [guessers.submit(as_user, guarded, "alice", f"guess {number}") for number in range(30)]
        wait_until(lambda: sum(guess.done() for guess in guesses) >= 10)
        assert as_user(guarded, "alice", "right") == 200
        assert len(comparing.checked) == 2, "alice, and one guess at a time"
        comparing.free.set()
        codes = sorted(guess.result() for guess in guesses)
    assert codes == [401] * 20 + [503] * 10


def test_access_only_accepted_passwords_are_remembered(guarded: ServedExporter, comparing: Comparing) -> None:
    assert [as_user(guarded, "alice", "right") for _ in range(3)] == [200] * 3
    assert len(comparing.checked) == 1
    assert [as_user(guarded, "alice", "wrong") for _ in range(3)] == [401] * 3
    assert len(comparing.checked) == 4


def test_access_unknown_user_takes_one_password_check_too(guarded: ServedExporter, comparing: Comparing) -> None:
    """The password of another user is not accepted."""
    assert as_user(guarded, "mallory", "right") == 401
    assert as_user(guarded, "mallory", "right") == 401
    assert as_user(guarded, "", "right") == 401
    assert {expected for _, expected in comparing.checked} == {HASH}


def test_access_every_path_requires_a_user(guarded: ServedExporter) -> None:
    for path in ("/metrics", "/probe?target=home", "/telemetry", "/sd", "/config", "/", "/-/healthy", "/nothing"):
        assert guarded.get(path).status_code == 401, path
    assert guarded.get("/-/reload", method="POST").status_code == 401


@pytest.fixture
def secure(gateway: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedExporter]:
    """With TLS, at most ten connections, and timeouts of one second."""
    for name, value in (("CLIENT_TIMEOUT", 1.0), ("KEEP_ALIVE_TIMEOUT", 1), ("MAX_CONNECTIONS", 10)):
        monkeypatch.setattr(connections, name, value)
    write_certificate(tmp_path)
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}")
    with ServedExporter(write_config(gateway, folder=tmp_path), web_config=web) as served:
        yield served


def test_connections_silent_tls_clients_make_room_and_are_closed(
    secure: ServedExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.ExitStack() as stack:
        monkeypatch.setattr(connections, "CLIENT_TIMEOUT", 60.0)
        patient = [stack.enter_context(secure.connect()) for _ in range(40)]
        assert all(is_closed(client, 20) for client in patient[:30])
        assert secure.get("/-/healthy", timeout=10).status_code == 200
        monkeypatch.setattr(connections, "CLIENT_TIMEOUT", 1.0)
        silent = [stack.enter_context(secure.connect()) for _ in range(9)]
        for number, client in enumerate(silent):
            with contextlib.suppress(OSError):
                client.sendall([b"", b"\x16\x03\x01\x02\x00", WHOLE][number % 3])
        assert all(is_closed(client, 20) for client in silent)


def test_connections_plain_http_on_the_tls_port_logs_no_error(
    secure: ServedExporter, caplog: pytest.LogCaptureFixture
) -> None:
    with secure.connect() as plain:
        assert send(plain, WHOLE) == 0
    with UNVERIFIED.wrap_socket(secure.connect()) as connection:
        raw = socket.socket(fileno=connection.detach())
    with raw:
        raw.sendall(b"\x00" * 1000)
        assert is_closed(raw)
    assert secure.get("/-/healthy", timeout=10).status_code == 200
    assert not [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]


def test_connections_tls_client_that_never_reads_is_closed(secure: ServedExporter) -> None:
    """With TLS, the server cannot see what is not read, so the keep-alive timeout closes the connection."""
    assert secure.server is not None
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    small.connect(("127.0.0.1", secure.port))
    with UNVERIFIED.wrap_socket(small) as client:
        assert send(client, WHOLE.replace(b"/metrics", b"/-/healthy")) == 200
        (connection,) = secure.server.server_state.connections
        accepted = connection.transport.get_extra_info("socket")
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        client.sendall(WHOLE)
        wait_until(lambda: not secure.server or not secure.server.limiter.open)
