"""Faults of connections and of the speed at which bytes are sent."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from envoy_simulator.faults.fault import FaultContext, Layer, Needs, fault
from envoy_simulator.faults.hooks import Listening
from envoy_simulator.faults.message import chunk, replace_message, with_connection, with_framing, without_chunks
from envoy_simulator.steps import Close, Idle, Pause, Reset, Silence, Step, Steps

End = Literal["reset", "close"]


@fault(Layer.LISTENING, "gateway", "The port is closed, and open connections are cut off.")
def closed(_: FaultContext, __: Listening) -> None:
    return None


@fault(Layer.LISTENING, "gateway", "The connection queue is full, so that a SYN gets no response.")
def unanswered(_: FaultContext, usual: Listening) -> Listening:
    return replace(usual, full=True)


@fault(Layer.LISTENING, "gateway", "The gateway moves to the address `host`, and to another port unless `port` is 0.")
def moved(_: FaultContext, usual: Listening, *, host: str = "127.0.0.2", port: int = 0) -> Listening:
    return replace(usual, host=host, port=port or usual.port)


@fault(Layer.CONNECTION, "gateway", "Connections are accepted, and nothing is ever sent on them.")
def silent(_: FaultContext) -> Steps:
    yield Silence()


@fault(Layer.CONNECTION, "gateway", "A connection is ended as soon as it is accepted, before any byte is sent.")
def ended_at_once(_: FaultContext, *, by: End = "close") -> Steps:
    yield _end(by)


@fault(Layer.WIRE, "endpoint", "The request is read and never gets a response.")
def hangs(_: FaultContext, __: Steps) -> Steps:
    yield Silence()


@fault(Layer.WIRE, "endpoint", "The response breaks off `byte` bytes into one of its parts, or before its first byte.")
def cut_off(
    _: FaultContext,
    steps: Steps,
    *,
    where: Literal["before", "status", "headers", "body"] = "body",
    byte: int = 1,
    by: End = "reset",
) -> Steps:
    sent = b""
    for step in steps:
        if not isinstance(step, bytes):
            if isinstance(step, Close):
                break
            yield step
            continue
        limit = _position(sent + step, where, byte)
        if limit is not None and limit <= len(sent) + len(step):
            yield step[: limit - len(sent)]
            break
        sent += step
        yield step
    yield Pause(0.01)  # the client reads the bytes before a reset discards them
    yield _end(by)


def _position(data: bytes, where: str, byte: int) -> int | None:
    """The position of the byte in the response; None while that is not known."""
    if where == "before":
        return 0
    if where == "status":
        return byte
    mark = b"\r\n" if where == "headers" else b"\r\n\r\n"
    start = data.find(mark)
    return None if start < 0 else start + len(mark) + byte


@fault(Layer.MESSAGE, "endpoint", "The body is sent in chunks, and the connection ends between two of them.")
def cut_between_chunks(_: FaultContext, steps: Steps, *, by: End = "reset") -> Steps:
    def change(head: bytes, body: bytes) -> Iterator[Step]:
        plain = without_chunks(head, body)
        half = max(1, len(plain) // 2)
        yield with_framing(head, chunk(plain[:half]), b"Transfer-Encoding: chunked")
        yield Pause(0.01)
        yield _end(by)

    return replace_message(steps, change)


@fault(Layer.MESSAGE, "nothing", "The response is complete and has `Connection: close`, but the connection stays open.")
def never_closes(_: FaultContext, steps: Steps) -> Steps:
    def change(head: bytes, body: bytes) -> Iterator[Step]:
        yield with_connection(head, b"close") + b"\r\n\r\n" + body
        yield Silence()

    return replace_message(steps, change)


@fault(
    Layer.WIRE,
    "endpoint",
    "Each response is late by `seconds`, plus `growth` for each one before it, plus or minus up to `jitter`.",
)
def slow(
    context: FaultContext, steps: Steps, *, seconds: float = 3.0, jitter: float = 0.0, growth: float = 0.0
) -> Steps:
    yield Pause(max(0.0, seconds + growth * (context.number - 1) + context.random.uniform(-jitter, jitter)))
    yield from steps


@fault(
    Layer.WIRE, "endpoint", "One part of the response is sent `size` bytes at a time, with a pause after each piece."
)
def drip(
    _: FaultContext,
    steps: Steps,
    *,
    part: Literal["status", "headers", "body"] = "body",
    pause: float = 1.0,
    size: int = 1,
) -> Steps:
    sent = b""
    for step in steps:
        if not isinstance(step, bytes):
            yield step
            continue
        sent += step
        begin = len(sent) - len(step)
        first, last = _part(sent, part)
        first, last = max(first - begin, 0), max(last - begin, 0)
        yield step[:first]
        for start in range(first, min(last, len(step)), size):
            yield step[start : min(start + size, last)]
            yield Pause(pause)
        yield step[last:]


def _part(data: bytes, part: str) -> tuple[int, int]:
    """The positions at which a part of a response begins and ends, as far as they are known."""
    status, head = ((start + len(mark)) if (start := data.find(mark)) >= 0 else len(data) for mark in _MARKS)
    return {"status": (0, status), "headers": (status, head), "body": (head, len(data))}[part]


_MARKS = (b"\r\n", b"\r\n\r\n")


@fault(Layer.WIRE, "endpoint", "The gateway sends at most `rate` bytes a second.")
def narrow(_: FaultContext, steps: Steps, *, rate: int = 200) -> Steps:
    size = max(1, rate // 10)
    for step in steps:
        if not isinstance(step, bytes):
            yield step
            continue
        for start in range(0, len(step), size):
            yield step[start : start + size]
            yield Pause(len(step[start : start + size]) / rate)


@fault(Layer.MESSAGE, "nothing", "The response has `Connection: keep-alive`, but the connection is closed after it.")
def not_kept(_: FaultContext, steps: Steps) -> Steps:
    def change(head: bytes, body: bytes) -> Iterator[Step]:
        yield with_connection(head, b"keep-alive") + b"\r\n\r\n" + body
        yield Close()

    return replace_message(steps, change)


@fault(
    Layer.WIRE,
    "nothing",
    "A kept-alive connection is ended at its second request, without a response.",
    needs=[Needs.TOKENS],
)
def second_request(context: FaultContext, steps: Steps, *, by: End = "reset") -> Steps:
    if context.request.turn > 1:
        yield _end(by)
    yield from steps


@fault(
    Layer.WIRE, "nothing", "A kept-alive connection is closed after `seconds` without a request.", needs=[Needs.TOKENS]
)
def short_rest(_: FaultContext, steps: Steps, *, seconds: float = 1.0) -> Steps:
    yield from steps
    yield Idle(seconds)


@fault(Layer.CONNECTION, "nothing", "At most `most` connections can be open at once; any further one is ended.")
def crowded(context: FaultContext, *, most: int = 1, by: End = "reset") -> Steps:
    if context.load.open_connections > most:
        yield _end(by)


@fault(
    Layer.WIRE, "nothing", "A kept-alive connection receives a 408 response without a request.", needs=[Needs.TOKENS]
)
def unasked(_: FaultContext, steps: Steps, *, after: float = 0.05) -> Steps:
    yield from steps
    yield Pause(after)
    yield b"HTTP/1.1 408 Request Time-out\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def _end(by: str) -> Step:
    return Reset() if by == "reset" else Close()
