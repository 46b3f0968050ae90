"""The simulated gateways in a separate process, and the faults of a share of their requests."""

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

FAIL, HEAL, DISCONNECT = "fail", "heal", "disconnect"
"""Commands: break a share of the requests; break none; reject all connections until the next command."""

GARBAGE = (b"", b"null", b"[]", b"{}", b"<html>login</html>", b'{"a": 1e999', b"\xff\xfe\x00", b"[" * 5000)
SLOW, HANGING = (1.0, 20.0), 31.0
"""Seconds: within the timeout of a request, and longer."""

Respond = Callable[[Request], Response]
Fault = Callable[["SeededFaults", Request, socket.socket, Respond], Response | None]


class SeededFaults(NoFaults):
    """Breaks the given share of the requests, and the same share of connections, while `active`."""

    def __init__(self, seed: int, share: float, clock: SharedClock) -> None:
        self.random = Random(seed)  # noqa: S311  # the same faults in every run
        self.clock = clock
        self.active = False
        self._share = share
        self._lock = Lock()

    def connection(self) -> Steps:
        if self._is_affected():
            yield Close()

    def request(self, request: Request, connection: socket.socket, respond: Respond) -> Response | None:
        if not self._is_affected():
            return respond(request)
        return self.random.choice(FAULTS)(self, request, connection, respond)

    def _is_affected(self) -> bool:
        with self._lock:
            return self.active and self.random.random() < self._share


def reset(_: SeededFaults, __: Request, connection: socket.socket, ___: Respond) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def closed(*_: object) -> None:
    """Close without a response."""


def truncated(faults: SeededFaults, request: Request, connection: socket.socket, respond: Respond) -> None:
    wire = respond(request).encode(keep_alive=True)
    connection.sendall(wire[: faults.random.randrange(1, len(wire))])


def unavailable(faults: SeededFaults, *_: object) -> Response:
    wait = faults.random.choice(((), (("Retry-After", "20"),)))
    return Response(faults.random.choice((500, 502, 503)), wait, b"unavailable")


def unauthorized(*_: object) -> Response:
    return Response(401, (), b"unauthorized")


def not_found(*_: object) -> Response:
    return Response(404, (), b"not found")


def garbage(faults: SeededFaults, *_: object) -> Response:
    return Response(200, (("Content-Type", "application/json"),), faults.random.choice(GARBAGE))


def slow(faults: SeededFaults, request: Request, _: socket.socket, respond: Respond) -> Response:
    faults.clock.advance(faults.random.uniform(*SLOW))
    return respond(request)


def hanging(faults: SeededFaults, request: Request, _: socket.socket, respond: Respond) -> Response:
    faults.clock.advance(HANGING)
    return respond(request)


FAULTS: tuple[Fault, ...] = (
    reset,
    closed,
    truncated,
    unavailable,
    unauthorized,
    not_found,
    garbage,
    slow,
    hanging,
)


def run(pipe: Connection, clock: SharedClock, profiles: Mapping[str, str], share: float) -> None:
    """Send the lines of exporter.yml, and then execute commands until the other end of the pipe is closed."""
    faults = [SeededFaults(seed, share, clock) for seed in range(len(profiles))]
    with ExitStack() as stack:
        gateways = [
            stack.enter_context(Simulator(_small(profile), clock=clock.time, faults=fault))
            for profile, fault in zip(profiles.values(), faults, strict=True)
        ]
        pipe.send("\n".join(["gateways:", *map(_lines, profiles, gateways)]))
        disconnected = stack.enter_context(ExitStack())
        with suppress(EOFError, KeyboardInterrupt):
            while True:
                command = pipe.recv()
                if command in {FAIL, HEAL}:
                    for fault in faults:
                        fault.active = command == FAIL
                disconnected.close()
                if command == DISCONNECT:
                    for gateway in gateways:
                        disconnected.enter_context(_disconnected(gateway))
                pipe.send(None)


def _small(name: str) -> Profile:
    """The profile with only four inverters, because more would slow down each poll without testing more."""
    profile = PROFILES[name]
    return replace(profile, design=replace(profile.design, inverters=profile.design.inverters[:4]))


@contextmanager
def _disconnected(gateway: Simulator) -> Iterator[None]:
    """Reject connections. The port stays bound without listening, so that no other process gets it."""
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
