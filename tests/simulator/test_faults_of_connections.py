"""Faults of connections and their pace, as a client sees them on the wire."""

import socket
import time
from contextlib import ExitStack

import pytest
from simulator.wire import ask, dial, hear, hear_unasked, plain, request

from envoy_simulator import Simulator
from envoy_simulator.faults import When

pytestmark = pytest.mark.integration


def test_a_closed_port_refuses_cuts_off_who_is_there_and_opens_again() -> None:
    with plain() as gateway:
        kept = dial(gateway)
        kept.sendall(request(gateway, fate="keep-alive"))
        assert hear(kept).end == "open"
        gateway.faults.on("closed")
        assert hear(kept).end in ("close", "reset")
        kept.close()
        with pytest.raises(ConnectionRefusedError):
            dial(gateway)
        gateway.faults.heal()
        assert ask(gateway).status == 200


def test_a_port_can_be_closed_from_the_start() -> None:
    gateway = plain()
    closed = gateway.faults.on("closed")
    with gateway:
        with pytest.raises(ConnectionRefusedError):
            dial(gateway)
        gateway.faults.off(closed)
        assert ask(gateway).status == 200


def test_a_full_queue_leaves_a_syn_unanswered() -> None:
    with plain() as gateway:
        with gateway.faults.during("unanswered"), pytest.raises(TimeoutError):
            dial(gateway, timeout=0.3)
        assert ask(gateway).status == 200


def test_it_moves_to_another_address_and_back() -> None:
    with plain() as gateway:
        port = int(gateway.address.rpartition(":")[2])
        with gateway.faults.during("moved", host="127.0.0.2"):
            with pytest.raises(ConnectionRefusedError):
                dial(gateway)
            socket.create_connection(("127.0.0.2", port), timeout=5).close()
        assert ask(gateway).status == 200
        with gateway.faults.during("moved", host="::1"):
            socket.create_connection(("::1", port), timeout=5).close()


def test_a_silent_gateway_accepts_and_says_nothing() -> None:
    with plain() as gateway, gateway.faults.during("silent"):
        heard = ask(gateway)
        assert (heard.data, heard.end) == (b"", "open")
        assert b"GET /info" in gateway.received_bytes
        assert gateway.load.requests == {}


@pytest.mark.parametrize("by", ["close", "reset"])
def test_a_connection_ends_before_any_byte(by: str) -> None:
    with plain() as gateway, gateway.faults.during("ended-at-once", by=by):
        heard = hear_unasked(gateway)
        assert (heard.data, heard.end) == (b"", by)


def test_it_hangs_after_the_request() -> None:
    with plain() as gateway, gateway.faults.during("hangs", When(endpoints=("/info",))):
        heard = ask(gateway)
        assert (heard.data, heard.end) == (b"", "open")
        assert gateway.load.requests == {"/info": 1}
        assert ask(gateway, "/ivp/meters").status == 200


@pytest.mark.parametrize("by", ["close", "reset"])
def test_an_answer_breaks_off_in_any_part_of_it(by: str) -> None:
    with plain() as gateway:
        whole = ask(gateway)
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
                heard = ask(gateway)
                assert (heard.data, heard.end) == (whole.data[:length], by), where


@pytest.mark.parametrize("by", ["close", "reset"])
def test_a_body_in_chunks_ends_between_two(by: str) -> None:
    with plain() as gateway, gateway.faults.during("cut-between-chunks", by=by):
        heard = ask(gateway, "/ivp/meters")
        assert b"Transfer-Encoding: chunked" in heard.head
        size, _, rest = heard.body.partition(b"\r\n")
        assert rest.endswith(b"\r\n")
        assert len(rest) == int(size, 16) + 2 > 100
        assert heard.end == by


def test_the_answer_is_whole_and_says_close_but_the_connection_stays() -> None:
    with plain() as gateway:
        whole = ask(gateway)
        with gateway.faults.during("never-closes"):
            heard = ask(gateway, fate="keep-alive")
        assert (heard.data, heard.end) == (whole.data, "open")
        assert b"Connection: close" in heard.head


def test_it_is_slow_more_so_every_time_and_by_chance() -> None:
    with plain() as gateway:
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
def test_one_part_of_an_answer_drips(part: str) -> None:
    with plain() as gateway:
        whole = ask(gateway).data
        with gateway.faults.during("drip", part=part, pause=0.03), dial(gateway) as connection:
            connection.sendall(request(gateway))
            connection.settimeout(0.3)
            pieces = [connection.recv(65536) for _ in range(6)]
        begin = {"status": 0, "headers": whole.index(b"\r\n") + 2, "body": whole.index(b"\r\n\r\n") + 4}[part]
        assert b"".join(pieces) == whole[: sum(map(len, pieces))]
        assert begin < sum(map(len, pieces)) <= begin + 7
        with gateway.faults.during("drip", part=part, pause=0.0, size=400):
            assert ask(gateway).data == whole


def test_a_narrow_line_passes_so_many_bytes_a_second() -> None:
    with plain() as gateway:
        whole = ask(gateway).data
        with gateway.faults.during("narrow", rate=4 * len(whole)), dial(gateway) as connection:
            began = time.monotonic()
            connection.sendall(request(gateway))
            assert hear(connection, patience=2).data == whole
            assert time.monotonic() - began >= 0.2


def test_keep_alive_is_announced_and_not_kept() -> None:
    for profile in ("8.3", "5.0"):
        with plain(profile) as gateway, gateway.faults.during("not-kept"):
            heard = ask(gateway, fate="keep-alive")
            assert heard.status == 200
            assert b"Connection: keep-alive" in heard.head
            assert heard.end == "close"


@pytest.mark.parametrize("by", ["close", "reset"])
def test_the_second_request_of_a_connection_gets_no_answer(by: str) -> None:
    with plain() as gateway, gateway.faults.during("second-request", by=by), dial(gateway) as connection:
        connection.sendall(request(gateway, fate="keep-alive"))
        assert hear(connection).end == "open"
        connection.sendall(request(gateway, fate="keep-alive"))
        second = hear(connection)
        assert (second.data, second.end) == (b"", by)


def test_a_kept_connection_is_closed_after_a_rest_and_lives_while_it_is_used() -> None:
    with plain() as gateway, gateway.faults.during("short-rest", seconds=0.3), dial(gateway) as connection:
        for _ in range(4):
            connection.sendall(request(gateway, fate="keep-alive"))
            heard = hear(connection, patience=0.1)
            assert (heard.status, heard.end) == (200, "open")
        assert hear(connection, patience=2).end == "close"


def test_one_connection_too_many_is_ended() -> None:
    with plain() as gateway, gateway.faults.during("crowded", most=2), ExitStack() as kept:
        for _ in range(2):
            connection = kept.enter_context(dial(gateway))
            connection.sendall(request(gateway, fate="keep-alive"))
            assert hear(connection).status == 200
        assert hear_unasked(gateway).end == "reset"


def test_a_kept_connection_is_told_what_nobody_asked_for() -> None:
    with plain() as gateway, gateway.faults.during("unasked"):
        heard = ask(gateway, fate="keep-alive")
        assert heard.status == 200
        assert heard.data.endswith(
            b"</envoy_info>\nHTTP/1.1 408 Request Time-out\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
