"""Hundreds of connections that are silent, incomplete, slow, or never read their response."""

import contextlib
import gc
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.attackers import allow_files, dripping, is_closed, reset, send, wait_until
from support.exposition import parsed
from support.process import Command
from support.served_exporter import ServedExporter, write_config

from envoy_exporter.web import connections
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

HALF = b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-A: "
WHOLE = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
HEALTHY = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Simulator]:
    with Simulator("8.3") as gateway:
        yield gateway


@pytest.fixture(params=["h11", "httptools"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both HTTP parsers; httptools is in the extra `speed`."""
    name: str = request.param
    if name == "h11":
        monkeypatch.setattr(connections, "protocol", lambda: connections.H11Connection)
    else:
        pytest.importorskip("httptools")
    return name


@pytest.fixture
def served(gateway: Simulator, tmp_path: Path, parser: str) -> Iterator[ServedExporter]:
    assert parser
    with ServedExporter(write_config(gateway, folder=tmp_path)) as served:
        yield served


@pytest.fixture
def crowd(monkeypatch: pytest.MonkeyPatch) -> Iterator[contextlib.ExitStack]:
    """Closes the sockets of a test; the exporter's timeout is one second."""
    allow_files(2500)
    monkeypatch.setattr(connections, "CLIENT_TIMEOUT", 1.0)
    with contextlib.ExitStack() as crowd:
        yield crowd


def open_files(command: Command) -> float:
    return parsed(command.get("/telemetry", timeout=10).text).value("process_open_fds")


def resident(command: Command) -> float:
    return parsed(command.get("/telemetry", timeout=10).text).value("process_resident_memory_bytes")


def test_connections_500_slow_clients_do_not_delay_a_scrape(gateway: Simulator, tmp_path: Path) -> None:
    allow_files(2500)
    with Command(f"--config.file={write_config(gateway, folder=tmp_path)}") as command, contextlib.ExitStack() as stack:
        assert parsed(command.get("/metrics").text).value("enphase_up") == 1
        files, memory = open_files(command), resident(command)
        port = int(command.url.rpartition(":")[2])
        crowd = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 10)) for _ in range(500)]
        for number, client in enumerate(crowd):
            with contextlib.suppress(OSError):
                client.sendall([b"", HALF, b"G"][number % 3])
        with dripping(crowd[2::3], b"ET /metrics HTTP/1.1"):
            for _ in range(3):
                assert parsed(command.get("/metrics", timeout=5).text).value("enphase_up") == 1
            assert open_files(command) <= files + connections.MAX_CONNECTIONS + 5
            assert resident(command) < memory + 50e6
        assert command.output.count("\n") < 10


def test_connections_slow_clients_are_closed_after_the_timeout(
    served: ServedExporter, crowd: contextlib.ExitStack
) -> None:
    clients = [crowd.enter_context(served.connect()) for _ in range(200)]
    for number, client in enumerate(clients):
        client.sendall([b"", HALF, WHOLE + HALF, b"POST /config HTTP/1.1\r\nContent-Length: 9\r\n"][number % 4])
    with dripping(clients[1::4], b"x" * 100):
        assert parsed(served.get("/metrics", timeout=5).text).value("enphase_up") == 1
        for number, client in enumerate(clients):
            assert number % 4 == 2 or is_closed(client)  # a client with a response may stay idle


def test_connections_limit_closes_those_without_requests_first(
    gateway: Simulator, tmp_path: Path, parser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parser
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 5)
    with ServedExporter(write_config(gateway, folder=tmp_path)) as served, contextlib.ExitStack() as stack:
        prometheus = stack.enter_context(served.connect())
        assert send(prometheus, HEALTHY) == 200
        silent = [stack.enter_context(served.connect()) for _ in range(20)]
        assert all(is_closed(client, 5) for client in silent[:16])
        assert not any(is_closed(client, 0.01) for client in silent[16:])
        assert send(prometheus, HEALTHY) == 200
        assert served.get("/-/healthy", timeout=5).status_code == 200
        assert is_closed(silent[16], 5)


def test_connections_client_that_never_reads_is_closed(served: ServedExporter, crowd: contextlib.ExitStack) -> None:
    served.get("/metrics")
    for _ in range(6):
        client = crowd.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", served.port))
        client.settimeout(0.3)
        with contextlib.suppress(OSError):
            client.sendall(WHOLE * 2000)
    wait_until(lambda: living(served) == 0)
    assert parsed(served.get("/metrics", timeout=5).text).value("enphase_up") == 1


def test_connections_last_response_that_is_not_read_is_aborted(
    served: ServedExporter, crowd: contextlib.ExitStack
) -> None:
    """With Connection: close, the server would wait until the client has read the response."""
    assert served.server is not None
    client = crowd.enter_context(socket.socket())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", served.port))
    assert send(client, HEALTHY) == 200
    (connection,) = served.server.server_state.connections
    accepted = connection.transport.get_extra_info("socket")
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    client.sendall(WHOLE.replace(b"Host", b"Connection: close\r\nHost"))
    wait_until(connection.transport.is_closing)
    assert connection.transport.get_write_buffer_size(), "else the connection would end by itself"
    wait_until(lambda: living(served) == 0)


def test_connections_200_resets_leave_no_connection_behind(
    served: ServedExporter, caplog: pytest.LogCaptureFixture
) -> None:
    served.get("/metrics")
    for number in range(200):
        client = served.connect()
        client.sendall(WHOLE)
        client.recv(1 + number * 20)
        reset(client)
    wait_until(lambda: living(served) == 0)
    assert parsed(served.get("/metrics", timeout=5).text).value("enphase_up") == 1
    gc.collect()
    kept = [found for found in gc.get_objects() if isinstance(found, connections.Connection)]
    assert len(kept) < 20
    assert not [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]


def test_connections_fifty_concurrent_scrapes_get_a_response(served: ServedExporter) -> None:
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(50) as threads:
        clients = [stack.enter_context(served.connect()) for _ in range(50)]
        assert set(threads.map(lambda client: send(client, WHOLE, 30), clients)) == {200}


def test_connections_accepted_socket_has_tcp_nodelay(served: ServedExporter) -> None:
    """Without it, Nagle's algorithm delays each scrape on a kept connection by 40 ms."""
    with served.connect() as client:
        assert send(client, HEALTHY) == 200
        assert served.server is not None
        (connection,) = served.server.server_state.connections
        accepted = connection.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_connections_pipelined_requests_get_responses_in_order(served: ServedExporter) -> None:
    paths = [b"/-/healthy", b"/nothing", b"/telemetry", b"/probe"] * 10
    with served.connect() as client:
        client.sendall(b"".join(HEALTHY.replace(b"/-/healthy", path) for path in paths))
        received = b""
        while received.count(b"HTTP/1.1 ") < len(paths):
            part = client.recv(65536)
            assert part
            received += part
    codes = [int(response[:3]) for response in received.split(b"HTTP/1.1 ")[1:]]
    assert codes == [200, 404, 200, 400] * 10


def test_connections_endless_body_is_not_read(served: ServedExporter, crowd: contextlib.ExitStack) -> None:
    for head in (b"Content-Length: 10000000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"):
        client = crowd.enter_context(served.connect())
        client.sendall(HEALTHY[:-2] + head)
        assert client.recv(1000).startswith(b"HTTP/1.1 200")
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 200e6:
                client.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                sent += 65536
        assert sent < 50e6, "only what the kernel buffers"


def test_connections_endless_header_is_rejected(served: ServedExporter, crowd: contextlib.ExitStack) -> None:
    for filling in (b"X-A: " + b"y" * 1000 + b"\r\n", b"y" * 1000, b"A: b\r\n" * 100):
        client = crowd.enter_context(served.connect())
        client.sendall(HALF)
        sent = 0
        with contextlib.suppress(OSError):
            while sent < 100e6:
                client.sendall(filling)
                sent += len(filling)
        assert sent < 50e6
        assert send(client, b"") in {0, 400}


def living(served: ServedExporter) -> int:
    assert served.server is not None
    return len(served.server.server_state.connections)
