"""The complete exporter in a separate process with the shared clock, and measurements of that process."""

import asyncio
import gc
import re
import sys
import time
from collections.abc import Sequence
from ctypes import c_int, c_uint64
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext
from pathlib import Path
from random import Random
from typing import TextIO

from bench.clock import SharedClock
from envoy_exporter import config, logs
from envoy_exporter.app import COLLECTORS, App, WebConfigFile
from envoy_exporter.gateway.endpoint_state import GONE_AFTER
from envoy_exporter.gateway.gateway import Gateway
from envoy_exporter.gateway.state import Rejected
from envoy_exporter.secret import Redaction
from envoy_exporter.telemetry import Telemetry
from envoy_exporter.web.access import AccessMiddleware, ConcurrencyLimit
from envoy_exporter.web.routes import Exporter, create
from envoy_exporter.web.server import Server, listen


@dataclass(frozen=True, slots=True)
class Measurements:
    """Measurements of the process. `rss`: bytes; `cpu`: seconds.

    `blocks`: memory blocks in use by Python objects, which distinguish a leak from fragmentation. `back_off`: seconds
    until all failing endpoints have been requested again; `empty_until`: the same for endpoints with an empty document.
    """

    rss: int
    blocks: int
    fds: int
    threads: int
    cpu: float
    requests: int
    busy: bool
    back_off: float
    empty_until: float


class Polls:
    """The number of polls with at least one request, over all gateways; other processes can read it."""

    def __init__(self, context: SpawnContext) -> None:
        self._count = context.Value(c_uint64, 0)
        self._running = context.Value(c_int, 0)

    @property
    def count(self) -> int:
        return int(self._count.value)

    @property
    def running(self) -> int:
        """The number of polls in progress."""
        return int(self._running.value)

    def begin(self) -> None:
        with self._running.get_lock():
            self._running.value += 1

    def end(self, *, requested: bool) -> None:
        with self._count.get_lock():
            self._count.value += requested
        with self._running.get_lock():
            self._running.value -= 1


class _CountedGateway:
    """A gateway whose polls are counted. It replaces `poll`, because the exporter has no event at the end of a poll."""

    def __init__(self, gateway: Gateway, polls: Polls) -> None:
        self._gateway, self._polls = gateway, polls
        self._poll = gateway.poll
        self.requests = 0
        gateway.poll = self._counting_poll  # type: ignore[method-assign]

    @property
    def idle(self) -> bool:
        return self._gateway.is_idle

    def back_off(self, now: float) -> float:
        """Seconds until the last endpoint that fails, or is absent for a short time, is requested again."""
        state = self._gateway.state
        cache, login = state.cache, state.login.state
        ends = [
            cache.states[name].due
            for name, status in cache.statuses(now).items()
            if status.failing or (status.absent and cache.states[name].due - now <= GONE_AFTER)
        ]
        ends += [cache.paused_until, login.retry_at if isinstance(login, Rejected) else now]
        return max(0.0, *(end - now for end in ends))

    def empty_until(self, now: float) -> float:
        """Seconds until the last endpoint with `{}` or `[]`, which are valid documents, is requested again."""
        cache = self._gateway.state.cache
        empty = (name for name, document in cache.documents.available.items() if not document.content)
        return max((cache.states[name].due - now for name in empty), default=0.0)

    def _counting_poll(self) -> None:
        self._polls.begin()
        try:
            self._poll()
        finally:
            snapshot, before = self._gateway.snapshot(), self.requests
            self.requests = sum(snapshot.requests.values()) + sum(snapshot.failures.values())
            self._polls.end(requested=self.requests > before)


class _TimestampedStream:
    """A stream for the log that writes the seconds of the clock before each line."""

    def __init__(self, stream: TextIO, clock: SharedClock) -> None:
        self._stream, self._clock = stream, clock

    def write(self, line: str) -> None:
        self._stream.write(f"{self._clock.monotonic():.0f} {line}")

    def flush(self) -> None:
        self._stream.flush()


def make_app(clock: SharedClock, telemetry: Telemetry, redaction: Redaction) -> App:
    """The app as the command builds it, except for the clock."""
    random = Random(1)  # noqa: S311  # for jitter, not for security
    return App(clock=clock, random=random, telemetry=telemetry, redaction=redaction, collectors={})


def read_config(path: Path) -> config.Config:
    return config.from_file(path, COLLECTORS)


def run(pipe: Connection, clock: SharedClock, polls: Polls, path: Path, log_file: Path) -> None:
    """Run the exporter with this clock. Sends its port, and then a `Measurements` for each message on the pipe."""
    redaction = Redaction()
    with log_file.open("w") as stream:
        logs.set_up("info", "logfmt", redaction, _TimestampedStream(stream, clock))  # type: ignore[arg-type]
        asyncio.run(_serve(pipe, clock, polls, path, redaction))


async def _serve(pipe: Connection, clock: SharedClock, polls: Polls, path: Path, redaction: Redaction) -> None:
    telemetry = Telemetry("soak")
    app = make_app(clock, telemetry, redaction)
    served = app.build(read_config(path))
    gateways = [_CountedGateway(gateway.collector.gateway, polls) for gateway in served.gateways.values()]

    def reload() -> Sequence[str]:
        exporter.served = app.build(read_config(path))
        return ()

    def send_measurements() -> None:
        try:
            pipe.recv()
            pipe.send(_measured(gateways, clock.monotonic(), polls))
        except EOFError:
            loop.remove_reader(pipe.fileno())
            server.stop()

    exporter = Exporter(served, telemetry, reload, "soak")
    web_file = WebConfigFile(None)
    server = Server(ConcurrencyLimit(AccessMiddleware(create(exporter), web_file), 40), web_file)
    loop = asyncio.get_running_loop()
    loop.add_reader(pipe.fileno(), send_measurements)
    (listening,) = listen(["127.0.0.1:0"])
    pipe.send(listening.getsockname()[1])
    await server.serve(sockets=[listening])
    app.close()


def _measured(gateways: Sequence[_CountedGateway], now: float, polls: Polls) -> Measurements:
    gc.collect()
    (rss,) = re.findall(r"^Rss: +(\d+) kB$", Path("/proc/self/smaps_rollup").read_text(), re.MULTILINE)
    return Measurements(
        rss=int(rss) * 1024,
        blocks=sys.getallocatedblocks(),
        fds=sum(1 for _ in Path("/proc/self/fd").iterdir()),
        threads=sum(1 for _ in Path("/proc/self/task").iterdir()),
        cpu=time.process_time(),
        requests=sum(gateway.requests for gateway in gateways),
        busy=polls.running > 0 or any(not gateway.idle for gateway in gateways),
        back_off=max(gateway.back_off(now) for gateway in gateways),
        empty_until=max(gateway.empty_until(now) for gateway in gateways),
    )
