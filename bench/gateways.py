"""The simulated gateways in a process of their own, and what goes wrong with a share of their requests."""

import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from random import Random
from threading import Lock

from bench.clock import SharedClock
from envoy_simulator import PROFILES, Simulator
from envoy_simulator.faults import NoFaults
from envoy_simulator.http_types import Request, Response
from envoy_simulator.profiles import Profile
from envoy_simulator.steps import Close, Steps

FAIL, HEAL, CUT = "fail", "heal", "cut"
"""What they can be told: break a share of the requests, or none; let nobody connect until the next word."""

GARBAGE = (b"", b"null", b"[]", b"{}", b"<html>login</html>", b'{"a": 1e999', b"\xff\xfe\x00", b"[" * 5000)
SLOW, HUNG = (1.0, 20.0), 31.0
"""Seconds: within the bounds of a request, and beyond."""

Answer = Callable[[Request], Response]
Fault = Callable[["SeededFaults", Request, socket.socket, Answer], Response | None]


class SeededFaults(NoFaults):
    """Breaks `share` of the requests, and as many connections. It is `broken` or in good health."""

    def __init__(self, seed: int, share: float, clock: SharedClock) -> None:
        self.random = Random(seed)  # noqa: S311  # the same faults with each run
        self.clock = clock
        self.broken = False
        self._share = share
        self._lock = Lock()

    def connection(self) -> Steps:
        if self._strikes():
            yield Close()

    def request(self, request: Request, connection: socket.socket, answer: Answer) -> Response | None:
        if not self._strikes():
            return answer(request)
        return self.random.choice(FAULTS)(self, request, connection, answer)

    def _strikes(self) -> bool:
        with self._lock:
            return self.broken and self.random.random() < self._share


def reset(_: SeededFaults, __: Request, connection: socket.socket, ___: Answer) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closes(*_: object) -> None:
    """Without a word."""


def truncated(faults: SeededFaults, request: Request, connection: socket.socket, answer: Answer) -> None:
    wire = answer(request).encode(keep_alive=True)
    connection.sendall(wire[: faults.random.randrange(1, len(wire))])


def unavailable(faults: SeededFaults, *_: object) -> Response:
    wait = faults.random.choice(((), (("Retry-After", "20"),)))
    return Response(faults.random.choice((500, 502, 503)), wait, b"unavailable")


def refuses(*_: object) -> Response:
    return Response(401, (), b"unauthorized")


def knows_nothing(*_: object) -> Response:
    return Response(404, (), b"not found")


def garbage(faults: SeededFaults, *_: object) -> Response:
    return Response(200, (("Content-Type", "application/json"),), faults.random.choice(GARBAGE))


def slow(faults: SeededFaults, request: Request, _: socket.socket, answer: Answer) -> Response:
    faults.clock.turn(faults.random.uniform(*SLOW))
    return answer(request)


def hangs(faults: SeededFaults, request: Request, _: socket.socket, answer: Answer) -> Response:
    faults.clock.turn(HUNG)
    return answer(request)


FAULTS: tuple[Fault, ...] = (
    reset,
    closes,
    truncated,
    unavailable,
    refuses,
    knows_nothing,
    garbage,
    slow,
    hangs,
)


def run(told: Connection, clock: SharedClock, profiles: Mapping[str, str], share: float) -> None:
    """Send the lines of exporter.yml, and then do as told, until the other end is gone."""
    faults = [SeededFaults(seed, share, clock) for seed in range(len(profiles))]
    with ExitStack() as stack:
        gateways = [
            stack.enter_context(Simulator(_small(profile), clock=clock.time, faults=each))
            for profile, each in zip(profiles.values(), faults, strict=True)
        ]
        told.send("\n".join(["gateways:", *map(_lines, profiles, gateways)]))
        cut = stack.enter_context(ExitStack())
        with suppress(EOFError, KeyboardInterrupt):
            while True:
                what = told.recv()
                if what in {FAIL, HEAL}:
                    for each in faults:
                        each.broken = what == FAIL
                cut.close()
                if what == CUT:
                    for gateway in gateways:
                        cut.enter_context(_gone(gateway))
                told.send(None)


def _small(name: str) -> Profile:
    """With four inverters, as a larger roof makes each poll longer and says nothing more of a long run."""
    profile = PROFILES[name]
    return replace(profile, design=replace(profile.design, inverters=profile.design.inverters[:4]))


@contextmanager
def _gone(gateway: Simulator) -> Iterator[None]:
    """Connections are refused. Its port is kept, without listening, so that nobody else gets it."""
    gateway.close()
    host, _, port = gateway.address.rpartition(":")
    with socket.socket() as placeholder:
        placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        placeholder.bind((host, int(port)))
        yield
    gateway.start()


def _lines(name: str, gateway: Simulator) -> str:
    return f"""\
  - host: {gateway.address}
    name: {name}
    scheme: {gateway.scheme}
    serial: '{gateway.serial}'
    token: {gateway.token}
    local: {{username: {gateway.username}, password: '{gateway.password}'}}"""
