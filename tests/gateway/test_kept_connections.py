"""Connections that are kept: gateways promise it, and then close, reset or say what nobody asked."""

import socket
import threading
from collections.abc import Callable
from itertools import count

import pytest
from support.asked import asked, reset_after_request
from support.exporter import Scraped
from support.faults import Odd
from support.gateways import settings
from support.raw import RawGateway, answer, reset

from envoy_exporter.gateway.errors import NoAnswer
from envoy_exporter.simulator import Simulator
from envoy_exporter.simulator.answering import Request, Response


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
    with RawGateway(reset_after_request) as gateway:
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
            connection.sendall(answer(b"%d" % len(gateway.received)))

    with RawGateway(script) as gateway:
        client = asked(gateway)
        for _ in range(5):
            client.get()
        assert gateway.connections == 1
        for _ in range(5):
            client.get(keep_alive=False)
        assert gateway.connections == 6
        assert b"Connection: close" in gateway.received


@pytest.mark.parametrize("apart", [True, False], ids=["a moment later", "in the same breath"])
def test_what_a_gateway_says_unasked_on_a_kept_connection_answers_no_later_question(apart: bool) -> None:
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


def test_a_second_copy_that_comes_with_the_next_question_does_not_answer_it() -> None:
    def script(connection: socket.socket, _: int) -> None:
        late = b""
        while question := gateway.request(connection):
            said = answer(question.split()[1], headers=f"Date: {len(gateway.received)}\r\n")
            connection.sendall(late + said)
            late = answer(question.split()[1], headers="Date: later\r\n")

    with RawGateway(script) as gateway:
        client = asked(gateway)
        paths = [f"/{number}" for number in range(5)]
        assert [client.get(path=path).body.decode() for path in paths] == paths
        client.client.close()


def test_a_second_copy_that_comes_when_the_same_is_asked_again_leads_no_later_question_astray() -> None:
    """The first poll ends with what the second begins with: a copy from the one would be a poll old."""

    def script(connection: socket.socket, _: int) -> None:
        late = b""
        while question := gateway.request(connection):
            said = answer(question.split()[1] + b" %d" % next(asked_so_far))
            connection.sendall(late + said)
            late = said

    asked_so_far = count()
    with RawGateway(script) as gateway:
        client = asked(gateway)
        said = [client.get(path=path).body.decode().split() for path in ("/a", "/a", "/b")]
        client.client.close()
    assert [path for path, _ in said] == ["/a", "/a", "/b"]
    assert len({number for _, number in said}) == 3


def test_what_a_gateway_says_again_and_again_is_asked_for_twice_once_a_connection() -> None:
    """It says `[]` to more than one question: only a fresh connection can tell that from a copy."""

    def script(connection: socket.socket, _: int) -> None:
        while question := gateway.request(connection):
            questions.append(question.split()[1].decode())
            connection.sendall(answer(b"[]"))

    questions: list[str] = []
    with RawGateway(script) as gateway:
        client = asked(gateway)
        for path in ("/a", "/b", "/c", "/c"):
            assert client.get(path=path).body == b"[]"
        client.client.close()
    assert questions == ["/a", "/b", "/b", "/c", "/c"]
    assert gateway.connections == 2


@pytest.mark.parametrize("status", ["401 Unauthorized", "404 Not Found", "503 Service Unavailable"])
def test_no_copy_of_a_refusal_refuses_what_is_asked_next(status: str) -> None:
    """All but two recordings of firmware 7 and later refuse all that they do not have in the same words."""

    def script(connection: socket.socket, _: int) -> None:
        late = b""
        while question := gateway.request(connection):
            said = answer(b"{}") if question.split()[1] == b"/here" else answer(b"no", status)
            connection.sendall(late + said)
            late = said

    with RawGateway(script) as gateway:
        client = asked(gateway)
        refused = int(status[:3])
        asked_for = ("/a", "/here", "/b", "/c", "/here")
        assert [client.get(path=path).status for path in asked_for] == [refused, 200, refused, refused, 200]
        client.client.close()
        assert len(client.counted) <= len(asked_for) + 1, "a copy of /here was taken for the answer to /b at first"


def test_a_gateway_that_takes_no_second_connection_is_not_gone() -> None:
    def script(connection: socket.socket, _: int) -> None:
        gateway.close_port()
        while gateway.request(connection):
            connection.sendall(answer(b"[]"))

    with RawGateway(script) as gateway:
        client = asked(gateway)
        client.get(path="/a")
        with pytest.raises(NoAnswer, match="the same to two questions") as caught:
            client.get(path="/b")
        assert caught.value.reason == "protocol"
        client.client.close()


@pytest.mark.parametrize(("fate", "reason"), [("silence", "timeout"), ("end", "reset")])
def test_what_goes_wrong_on_the_fresh_connection_is_told_as_it_went_wrong_there(fate: str, reason: str) -> None:
    def script(connection: socket.socket, number: int) -> None:
        while gateway.request(connection):
            if number > 1 and fate == "silence":
                connection.recv(1)
            elif number > 1:
                return
            else:
                connection.sendall(answer(b"[]"))

    with RawGateway(script) as gateway:
        client = asked(gateway)
        client.get(path="/a")
        with pytest.raises(NoAnswer) as caught:
            client.get(limit=0.7, path="/b")
        assert caught.value.reason == reason
        client.client.close()


@pytest.mark.parametrize(("profile", "kept"), [("5.0", False), ("8.3", True)])
def test_firmware_below_7_is_told_to_close_each_connection(profile: str, kept: bool) -> None:
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
