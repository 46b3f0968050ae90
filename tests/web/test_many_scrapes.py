"""Concurrent scrapes, their limit, and incomplete requests."""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from support.exposition import parsed
from support.response_overrides import ResponseOverrides
from support.served_exporter import ServedExporter, write_config

from envoy_exporter import documents
from envoy_exporter.web import connections
from envoy_exporter.web.exposition import Format
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request, Response

pytestmark = pytest.mark.integration


class Gate:
    """Delays a request until `opened` is set."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, request: Request, respond: Callable[[Request], Response]) -> Response:
        self.reached.set()
        self.opened.wait(30)
        return respond(request)


def test_scrapes_fifty_concurrent_make_one_request_per_endpoint(tmp_path: Path) -> None:
    gate = Gate()
    with Simulator("8.3", faults=ResponseOverrides({documents.INFO: gate})) as gateway:
        with ServedExporter(write_config(gateway, folder=tmp_path)) as served, ThreadPoolExecutor(50) as clients:
            scrapes = [clients.submit(served.get, "/probe?target=home") for _ in range(50)]
            assert gate.reached.wait(10)
            assert served.get("/-/healthy", timeout=5).status_code == 200
            assert served.get("/-/ready", timeout=5).status_code == 200
            assert not any(scrape.done() for scrape in scrapes)
            gate.opened.set()
            responses = [scrape.result() for scrape in scrapes]
            shared = parsed(served.get("/telemetry").text).value("enphase_exporter_scrapes_shared_total")
        load = gateway.load
    assert {response.status_code for response in responses} == {200}
    assert len({response.text for response in responses}) == 1
    assert parsed(responses[0].text).value("enphase_up") == 1
    assert set(load.requests.values()) == {1}
    assert load.most_in_flight == 1
    assert shared >= 39, "40 requests run at once, and 39 share the documents of the first one"


def test_scrape_during_a_back_off_sends_no_request(tmp_path: Path) -> None:
    overrides = ResponseOverrides({})
    overrides.overrides["*"] = overrides.silence
    overrides.silent.set()
    with (
        Simulator("8.3", faults=overrides) as gateway,
        ServedExporter(write_config(gateway, folder=tmp_path)) as served,
    ):
        served.get("/metrics")
        requests = sum(gateway.load.requests.values())
        for _ in range(5):
            assert parsed(served.get("/metrics", timeout=5).text).value("enphase_up") == 0
        assert sum(gateway.load.requests.values()) == requests


@pytest.mark.parametrize("only", ["", "&name[]=enphase_up", "&collect[]=meters"])
def test_scrapes_concurrent_are_rendered_in_two_threads(
    tmp_path: Path, only: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Families that wait to be rendered take megabytes, and rendering in the event loop would block all requests."""
    render, threads = Format.render, []

    def recorded(output_format: Format, metrics: Iterable[Metric]) -> bytes:
        threads.append(threading.current_thread().name)
        return render(output_format, metrics)

    with Simulator("8.3") as gateway, ServedExporter(write_config(gateway, folder=tmp_path)) as served:
        monkeypatch.setattr(Format, "render", recorded)
        with ThreadPoolExecutor(8) as clients:
            list(clients.map(served.get, [f"/probe?target=home{only}"] * 8))
    assert set(threads) <= {"render_0", "render_1"}
    assert threads


def test_scrape_nothing_due_returns_the_same_bytes(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway, ServedExporter(write_config(gateway, folder=tmp_path)) as served:
        first = served.get("/probe?target=home").text
        requests = sum(gateway.load.requests.values())
        assert {served.get("/probe?target=home").text for _ in range(5)} == {first}
        assert sum(gateway.load.requests.values()) == requests


@pytest.mark.parametrize("timeout", ["1", "1.5"])
def test_scrape_of_silent_gateway_ends_within_the_timeout(tmp_path: Path, timeout: str) -> None:
    """The gateway never responds; the timeout of the client is much longer than the deadline."""
    overrides = ResponseOverrides({})
    overrides.overrides["*"] = overrides.silence
    with (
        Simulator("8.3", faults=overrides) as gateway,
        ServedExporter(write_config(gateway, folder=tmp_path)) as served,
    ):
        began = time.monotonic()
        response = served.get("/metrics", timeout=9, x_prometheus_scrape_timeout_seconds=timeout)
        took = time.monotonic() - began
        overrides.clear()
    assert took < 8
    assert response.status_code == 200


@pytest.mark.parametrize("header", ["0", "-1", "0.1", "NaN", "soon", "1e9", "", "inf"])
def test_scrape_invalid_timeout_header_uses_the_default(tmp_path: Path, header: str) -> None:
    with Simulator("8.3") as gateway, ServedExporter(write_config(gateway, folder=tmp_path)) as served:
        served.get("/metrics")
        response = served.get("/metrics", x_prometheus_scrape_timeout_seconds=header)
    assert response.status_code == 200
    assert parsed(response.text).value("enphase_up") == 1


def test_requests_beyond_limit_and_queue_are_503(tmp_path: Path) -> None:
    gate = Gate()
    with Simulator("8.3", faults=ResponseOverrides({documents.INFO: gate})) as gateway:
        path = write_config(gateway, folder=tmp_path)
        with ServedExporter(path, most=2) as served, ThreadPoolExecutor(5) as clients:
            scrapes = [clients.submit(served.get, "/metrics") for _ in range(5)]
            assert gate.reached.wait(10)
            first, _ = wait(scrapes, timeout=10, return_when=FIRST_COMPLETED)
            assert served.get("/-/healthy").status_code == 200
            gate.opened.set()
            codes = sorted(scrape.result().status_code for scrape in scrapes)
    assert [scrape.result().status_code for scrape in first] == [503]
    assert codes == [200, 200, 200, 200, 503]


def test_clients_incomplete_requests_do_not_delay_a_scrape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CLIENT_TIMEOUT", 1.0)
    with Simulator("8.3") as gateway, ServedExporter(write_config(gateway, folder=tmp_path)) as served:
        silent = [served.connect() for _ in range(60)]
        for number, client in enumerate(silent):
            client.sendall(
                [b"", b"GET /metrics HTTP/1.1\r\n", b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-A: "][number % 3]
            )
        assert parsed(served.get("/metrics", timeout=5).text).value("enphase_up") == 1
        for client in silent:
            client.settimeout(10)
            assert client.recv(1000) == b""
            client.close()


def test_kept_connection_incomplete_request_closes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CLIENT_TIMEOUT", 1.0)
    with (
        Simulator("8.3") as gateway,
        ServedExporter(write_config(gateway, folder=tmp_path)) as served,
        served.connect() as kept,
    ):
        for _ in range(3):
            kept.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            while not received.endswith(b"OK\n"):
                received += kept.recv(1000)
            time.sleep(0.6)
        kept.sendall(b"GET /-/healthy HTTP/1.1\r\n")
        kept.settimeout(10)
        assert kept.recv(1000) == b""


def test_client_closing_early_logs_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Simulator("8.3") as gateway, ServedExporter(write_config(gateway, folder=tmp_path)) as served:
        for _ in range(20):
            with served.connect() as client:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                client.shutdown(socket.SHUT_RDWR)
        assert parsed(served.get("/metrics").text).value("enphase_up") == 1
    assert not [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}]
