"""The counted load, the latency of a gateway, and the hooks for faults."""

import socket
import threading
import time
from collections.abc import Callable

import httpx
import pytest
from simulator.helpers import SettableClock, client

from envoy_simulator import Simulator
from envoy_simulator.faults import NoFaults
from envoy_simulator.http_types import Request, Response
from envoy_simulator.steps import Close, Steps

pytestmark = pytest.mark.integration


def test_load_counts_requests_and_responses() -> None:
    with Simulator("8.3", tls=False) as gateway, client(gateway) as http:
        http.get("/production.json?details=1")
        http.get("/production.json")
        http.get("/ivp/cellular")
        http.get("/ivp/meters", headers={"authorization": ""})
        load = gateway.load
        assert load.requests == {"/production.json": 2, "/ivp/cellular": 1, "/ivp/meters": 1}
        assert load.codes == {("/production.json", 200): 2, ("/ivp/cellular", 404): 1, ("/ivp/meters", 401): 1}
        assert (load.connections, load.open_connections, load.most_in_flight) == (1, 1, 1)
        assert load.invalid_requests == []
        gateway.reset_load()
        assert (gateway.load.requests, gateway.load.connections, gateway.load.open_connections) == ({}, 0, 1)


def test_load_records_methods_other_than_get() -> None:
    with Simulator("8.3", tls=False) as gateway, client(gateway) as http:
        for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"):
            assert http.request(method, "/ivp/ensemble/relay", content=b"{}").status_code == 405
        assert gateway.load.invalid_requests == [
            f"{method} /ivp/ensemble/relay" for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
        ]


def test_load_records_paths_that_no_gateway_has() -> None:
    with Simulator("8.3", tls=False) as gateway, client(gateway) as http:
        for path in ("/metrics", "/ivp/peb/newscan", "/stream/meter", "/ivp/cellular", "/inv"):
            assert http.get(path).status_code == 404
        assert gateway.load.invalid_requests == ["GET /metrics", "GET /ivp/peb/newscan", "GET /stream/meter"]


def test_slow_pages_take_1_to_6_s_one_at_a_time() -> None:
    slept: list[float] = []
    at_once: list[int] = []
    sleeping = threading.Semaphore(1)

    def sleep(seconds: float) -> None:
        at_once.append(sleeping.acquire(blocking=False))
        slept.append(seconds)
        time.sleep(0.01)
        sleeping.release()

    with Simulator("8.3", tls=False, latency=2.0, sleep=sleep) as gateway:

        def fetch(path: str) -> None:
            with client(gateway) as http:
                http.get(path)

        slow = ["/production.json?details=1", "/production", "/home"] * 4
        threads = [threading.Thread(target=fetch, args=(path,)) for path in slow]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(slept) == 12
        assert all(at_once)
        assert all(2 <= seconds <= 12 for seconds in slept)
        assert len(set(slept)) == 12
        for path in ("/info", "/ivp/meters/readings", "/api/v1/production", "/ivp/ensemble/power"):
            fetch(path)
        with client(gateway) as http:
            http.get("/home", headers={"authorization": ""})
        assert len(slept) == 12


def test_native_documents_are_served_in_parallel() -> None:
    all_in_flight = threading.Barrier(5, timeout=10)

    class WaitForFive(NoFaults):
        """Respond only once five requests are in flight."""

        def request(
            self,
            request: Request,
            connection: socket.socket,  # noqa: ARG002  # the server sends the response
            respond: Callable[[Request], Response],
        ) -> Response | None:
            all_in_flight.wait()
            return respond(request)

    with Simulator("8.3", tls=False, faults=WaitForFive()) as gateway:
        url = f"http://{gateway.address}/info"
        threads = [threading.Thread(target=httpx.get, args=(url,), kwargs={"trust_env": False}) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert gateway.load.most_in_flight == 5


def test_sequential_requests_are_one_in_flight() -> None:
    with Simulator("8.3", tls=False) as gateway:
        for _ in range(60):
            with client(gateway) as http:
                http.get("/info")
        assert gateway.load.most_in_flight == 1


class CustomFaults(NoFaults):
    """Closes every second connection, replaces one response, and writes another to the socket itself."""

    def __init__(self) -> None:
        self.connections = 0

    def connection(self) -> Steps:
        self.connections += 1
        if self.connections % 2 == 0:
            yield Close()

    def request(
        self, request: Request, connection: socket.socket, respond: Callable[[Request], Response]
    ) -> Response | None:
        if request.path == "/ivp/meters":
            return Response(503, body=b"Resource busy, please retry after 30 seconds")
        if request.path == "/home":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            return None
        return respond(request)


def test_hooks_can_close_replace_or_write_a_response() -> None:
    with Simulator("8.3", tls=False, faults=CustomFaults()) as gateway, client(gateway) as http:
        assert http.get("/info").status_code == 200
        assert http.get("/ivp/meters").status_code == 503
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            http.get("/home")
        with pytest.raises(httpx.HTTPError):
            http.get("/info")
        assert http.get("/info").status_code == 200
        assert gateway.load.codes == {("/info", 200): 2, ("/ivp/meters", 503): 1}


def test_slow_document_describes_the_time_of_the_request() -> None:
    clock = SettableClock()

    def sleep(seconds: float) -> None:
        clock.now += 60 * seconds

    with Simulator("8.3", clock=clock, tls=False, latency=1.0, sleep=sleep) as gateway, client(gateway) as http:
        before = clock.now
        document = http.get("/production.json").json()
        assert clock.now > before
        assert document["production"][1]["readingTime"] == before
