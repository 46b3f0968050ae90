"""What is counted, how slow a gateway can be, and the place where faults get in between."""

import socket
import threading
import time
from collections.abc import Callable

import httpx
import pytest
from simulator.bench import StandingClock, client

from envoy_simulator import Simulator
from envoy_simulator.faults import NoFaults
from envoy_simulator.http_types import Request, Response
from envoy_simulator.steps import Close, Steps

pytestmark = pytest.mark.integration


def test_it_counts_what_is_asked_and_what_was_answered() -> None:
    with Simulator("8.3", tls=False) as gateway, client(gateway) as asking:
        asking.get("/production.json?details=1")
        asking.get("/production.json")
        asking.get("/ivp/cellular")
        asking.get("/ivp/meters", headers={"authorization": ""})
        load = gateway.load
        assert load.requests == {"/production.json": 2, "/ivp/cellular": 1, "/ivp/meters": 1}
        assert load.codes == {("/production.json", 200): 2, ("/ivp/cellular", 404): 1, ("/ivp/meters", 401): 1}
        assert (load.connections, load.open_connections, load.most_in_flight) == (1, 1, 1)
        assert load.invalid_requests == []
        gateway.reset_load()
        assert (gateway.load.requests, gateway.load.connections, gateway.load.open_connections) == ({}, 0, 1)


def test_anything_but_a_get_is_refused_and_written_down() -> None:
    with Simulator("8.3", tls=False) as gateway, client(gateway) as asking:
        for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"):
            assert asking.request(method, "/ivp/ensemble/relay", content=b"{}").status_code == 405
        assert gateway.load.invalid_requests == [
            f"{method} /ivp/ensemble/relay" for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH")
        ]


def test_a_path_that_no_gateway_has_is_written_down_and_one_that_some_have_is_not() -> None:
    with Simulator("8.3", tls=False) as gateway, client(gateway) as asking:
        for path in ("/metrics", "/ivp/peb/newscan", "/stream/meter", "/ivp/cellular", "/inv"):
            assert asking.get(path).status_code == 404
        assert gateway.load.invalid_requests == ["GET /metrics", "GET /ivp/peb/newscan", "GET /stream/meter"]


def test_the_slow_process_takes_one_to_six_seconds_and_one_request_at_a_time() -> None:
    slept: list[float] = []
    at_once: list[int] = []
    sleeping = threading.Semaphore(1)

    def sleep(seconds: float) -> None:
        at_once.append(sleeping.acquire(blocking=False))
        slept.append(seconds)
        time.sleep(0.01)
        sleeping.release()

    with Simulator("8.3", tls=False, latency=2.0, sleep=sleep) as gateway:

        def ask(path: str) -> None:
            with client(gateway) as asking:
                asking.get(path)

        slow = ["/production.json?details=1", "/production", "/home"] * 4
        threads = [threading.Thread(target=ask, args=(path,)) for path in slow]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(slept) == 12
        assert all(at_once)
        assert all(2 <= seconds <= 12 for seconds in slept)
        assert len(set(slept)) == 12
        for path in ("/info", "/ivp/meters/readings", "/api/v1/production", "/ivp/ensemble/power"):
            ask(path)
        with client(gateway) as asking:
            asking.get("/home", headers={"authorization": ""})
        assert len(slept) == 12


def test_native_documents_are_answered_side_by_side_and_the_most_at_once_is_counted() -> None:
    met = threading.Barrier(5, timeout=10)

    class Meeting(NoFaults):
        """All five must be in flight before any is answered."""

        def request(
            self,
            request: Request,
            connection: socket.socket,  # noqa: ARG002  # answered in the common way
            answer: Callable[[Request], Response],
        ) -> Response | None:
            met.wait()
            return answer(request)

    with Simulator("8.3", tls=False, faults=Meeting()) as gateway:
        url = f"http://{gateway.address}/info"
        threads = [threading.Thread(target=httpx.get, args=(url,), kwargs={"trust_env": False}) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert gateway.load.most_in_flight == 5


def test_requests_one_after_another_are_never_two_in_flight() -> None:
    with Simulator("8.3", tls=False) as gateway:
        for _ in range(60):
            with client(gateway) as asking:
                asking.get("/info")
        assert gateway.load.most_in_flight == 1


class Sabotage(NoFaults):
    """Ends every second connection unheard, changes one answer, and writes another with its own hand."""

    def __init__(self) -> None:
        self.connections = 0

    def connection(self) -> Steps:
        self.connections += 1
        if self.connections % 2 == 0:
            yield Close()

    def request(
        self, request: Request, connection: socket.socket, answer: Callable[[Request], Response]
    ) -> Response | None:
        if request.path == "/ivp/meters":
            return Response(503, body=b"Resource busy, please retry after 30 seconds")
        if request.path == "/home":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            return None
        return answer(request)


def test_a_fault_may_take_a_connection_change_an_answer_or_write_its_own() -> None:
    with Simulator("8.3", tls=False, faults=Sabotage()) as gateway, client(gateway) as asking:
        assert asking.get("/info").status_code == 200
        assert asking.get("/ivp/meters").status_code == 503
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            asking.get("/home")
        with pytest.raises(httpx.HTTPError):
            asking.get("/info")
        assert asking.get("/info").status_code == 200
        assert gateway.load.codes == {("/info", 200): 2, ("/ivp/meters", 503): 1}


def test_a_document_is_of_the_instant_of_its_asking_however_long_it_takes() -> None:
    clock = StandingClock()

    def sleep(seconds: float) -> None:
        clock.now += 60 * seconds

    with Simulator("8.3", clock=clock, tls=False, latency=1.0, sleep=sleep) as gateway, client(gateway) as asking:
        before = clock.now
        document = asking.get("/production.json").json()
        assert clock.now > before
        assert document["production"][1]["readingTime"] == before
