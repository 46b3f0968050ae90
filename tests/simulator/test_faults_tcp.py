"""Faults of connections and of their speed, as a client receives them."""

import socket
import time
from contextlib import ExitStack

import pytest
from simulator.raw_client import dial, fetch, plain_gateway, receive, receive_without_request, request

from envoy_simulator import Simulator
from envoy_simulator.faults import When

pytestmark = pytest.mark.integration


def test_closed_ends_connections_until_healed() -> None:
    with plain_gateway() as gateway:
        kept = dial(gateway)
        kept.sendall(request(gateway, connection_header="keep-alive"))
        assert receive(kept).end == "open"
        gateway.faults.on("closed")
        assert receive(kept).end in ("close", "reset")
        kept.close()
        with pytest.raises(ConnectionRefusedError):
            dial(gateway)
        gateway.faults.heal()
        assert fetch(gateway).status == 200


def test_closed_before_the_start_keeps_the_port_closed() -> None:
    gateway = plain_gateway()
    closed = gateway.faults.on("closed")
    with gateway:
        with pytest.raises(ConnectionRefusedError):
            dial(gateway)
        gateway.faults.off(closed)
        assert fetch(gateway).status == 200


def test_unanswered_does_not_respond_to_a_syn() -> None:
    with plain_gateway() as gateway:
        with gateway.faults.during("unanswered"), pytest.raises(TimeoutError):
            dial(gateway, timeout=0.3)
        assert fetch(gateway).status == 200


def test_moved_listens_on_another_address_until_healed() -> None:
    with plain_gateway() as gateway:
        port = int(gateway.address.rpartition(":")[2])
        with gateway.faults.during("moved", host="127.0.0.2"):
            with pytest.raises(ConnectionRefusedError):
                dial(gateway)
            socket.create_connection(("127.0.0.2", port), timeout=5).close()
        assert fetch(gateway).status == 200
        with gateway.faults.during("moved", host="::1"):
            socket.create_connection(("::1", port), timeout=5).close()


def test_silent_accepts_and_never_responds() -> None:
    with plain_gateway() as gateway, gateway.faults.during("silent"):
        received = fetch(gateway)
        assert (received.data, received.end) == (b"", "open")
        assert b"GET /info" in gateway.received_bytes
        assert gateway.load.requests == {}


@pytest.mark.parametrize("by", ["close", "reset"])
def test_ended_at_once_sends_no_byte(by: str) -> None:
    with plain_gateway() as gateway, gateway.faults.during("ended-at-once", by=by):
        received = receive_without_request(gateway)
        assert (received.data, received.end) == (b"", by)


def test_hangs_reads_the_request_and_never_responds() -> None:
    with plain_gateway() as gateway, gateway.faults.during("hangs", When(endpoints=("/info",))):
        received = fetch(gateway)
        assert (received.data, received.end) == (b"", "open")
        assert gateway.load.requests == {"/info": 1}
        assert fetch(gateway, "/ivp/meters").status == 200


@pytest.mark.parametrize("by", ["close", "reset"])
def test_cut_off_ends_in_any_part(by: str) -> None:
    with plain_gateway() as gateway:
        whole = fetch(gateway)
        status_line = whole.data.index(b"\r\n") + 2
        head = whole.data.index(b"\r\n\r\n") + 4
        for where, byte, length in (
            ("before", 0, 0),
            ("status", 7, 7),
            ("headers", 4, status_line + 4),
            ("body", 0, head),
            ("body", 33, head + 33),
        ):
            with gateway.faults.during("cut-off", where=where, byte=byte, by=by):
                received = fetch(gateway)
                assert (received.data, received.end) == (whole.data[:length], by), where


@pytest.mark.parametrize("by", ["close", "reset"])
def test_cut_between_chunks_ends_after_a_chunk(by: str) -> None:
    with plain_gateway() as gateway, gateway.faults.during("cut-between-chunks", by=by):
        received = fetch(gateway, "/ivp/meters")
        assert b"Transfer-Encoding: chunked" in received.head
        size, _, rest = received.body.partition(b"\r\n")
        assert rest.endswith(b"\r\n")
        assert len(rest) == int(size, 16) + 2 > 100
        assert received.end == by


def test_never_closes_keeps_the_connection_open() -> None:
    with plain_gateway() as gateway:
        whole = fetch(gateway)
        with gateway.faults.during("never-closes"):
            received = fetch(gateway, connection_header="keep-alive")
        assert (received.data, received.end) == (whole.data, "open")
        assert b"Connection: close" in received.head


def test_slow_grows_and_depends_on_the_seed() -> None:
    with plain_gateway() as gateway:
        with gateway.faults.during("slow", seconds=0.1, growth=0.1):
            delays = [first_byte(gateway) for _ in range(3)]
        assert 0.1 <= delays[0] <= delays[1] - 0.05 <= delays[2] - 0.1
        with gateway.faults.during("slow", When(probability=0.5, seed=4), seconds=0.15):
            late = [first_byte(gateway) >= 0.15 for _ in range(12)]
        assert 0 < sum(late) < 12
        with gateway.faults.during("slow", When(probability=0.5, seed=4), seconds=0.15):
            assert [first_byte(gateway) >= 0.15 for _ in range(12)] == late


def first_byte(gateway: Simulator) -> float:
    with dial(gateway) as connection:
        began = time.monotonic()
        connection.sendall(request(gateway))
        assert connection.recv(1)
        return time.monotonic() - began


@pytest.mark.parametrize("part", ["status", "headers", "body"])
def test_drip_sends_one_part_slowly(part: str) -> None:
    with plain_gateway() as gateway:
        whole = fetch(gateway).data
        with gateway.faults.during("drip", part=part, pause=0.03), dial(gateway) as connection:
            connection.sendall(request(gateway))
            connection.settimeout(0.3)
            pieces = [connection.recv(65536) for _ in range(6)]
        begin = {"status": 0, "headers": whole.index(b"\r\n") + 2, "body": whole.index(b"\r\n\r\n") + 4}[part]
        assert b"".join(pieces) == whole[: sum(map(len, pieces))]
        assert begin < sum(map(len, pieces)) <= begin + 7
        with gateway.faults.during("drip", part=part, pause=0.0, size=400):
            assert fetch(gateway).data == whole


def test_narrow_limits_bytes_per_second() -> None:
    with plain_gateway() as gateway:
        whole = fetch(gateway).data
        with gateway.faults.during("narrow", rate=4 * len(whole)), dial(gateway) as connection:
            began = time.monotonic()
            connection.sendall(request(gateway))
            assert receive(connection, timeout=2).data == whole
            assert time.monotonic() - began >= 0.2


def test_not_kept_closes_after_keep_alive() -> None:
    for profile in ("8.3", "5.0"):
        with plain_gateway(profile) as gateway, gateway.faults.during("not-kept"):
            received = fetch(gateway, connection_header="keep-alive")
            assert received.status == 200
            assert b"Connection: keep-alive" in received.head
            assert received.end == "close"


@pytest.mark.parametrize("by", ["close", "reset"])
def test_second_request_gets_no_response(by: str) -> None:
    with plain_gateway() as gateway, gateway.faults.during("second-request", by=by), dial(gateway) as connection:
        connection.sendall(request(gateway, connection_header="keep-alive"))
        assert receive(connection).end == "open"
        connection.sendall(request(gateway, connection_header="keep-alive"))
        second = receive(connection)
        assert (second.data, second.end) == (b"", by)


def test_short_rest_closes_only_an_idle_connection() -> None:
    with plain_gateway() as gateway, gateway.faults.during("short-rest", seconds=0.3), dial(gateway) as connection:
        for _ in range(4):
            connection.sendall(request(gateway, connection_header="keep-alive"))
            received = receive(connection, timeout=0.1)
            assert (received.status, received.end) == (200, "open")
        assert receive(connection, timeout=2).end == "close"


def test_crowded_ends_a_connection_over_the_limit() -> None:
    with plain_gateway() as gateway, gateway.faults.during("crowded", most=2), ExitStack() as kept:
        for _ in range(2):
            connection = kept.enter_context(dial(gateway))
            connection.sendall(request(gateway, connection_header="keep-alive"))
            assert receive(connection).status == 200
        assert receive_without_request(gateway).end == "reset"


def test_unasked_sends_a_response_without_a_request() -> None:
    with plain_gateway() as gateway, gateway.faults.during("unasked"):
        received = fetch(gateway, connection_header="keep-alive")
        assert received.status == 200
        assert received.data.endswith(
            b"</envoy_info>\nHTTP/1.1 408 Request Time-out\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
