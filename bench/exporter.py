"""The complete exporter in a process of its own, on another clock, and what the system says of that process."""

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
class Measured:
    """`rss` in bytes, `cpu` in seconds; `blocks` of memory that Python objects hold tell a leak from mere gaps.

    `back_off`: seconds until all that fails is asked again; `stands`: until all is that came empty.
    """

    rss: int
    blocks: int
    fds: int
    threads: int
    cpu: float
    requests: int
    busy: bool
    back_off: float
    stands: float


class Polls:
    """How often a worker ran and asked something, over all gateways: for other processes to read."""

    def __init__(self, context: SpawnContext) -> None:
        self._count = context.Value(c_uint64, 0)
        self._running = context.Value(c_int, 0)

    @property
    def count(self) -> int:
        return int(self._count.value)

    @property
    def running(self) -> int:
        """How many are under way."""
        return int(self._running.value)

    def begin(self) -> None:
        with self._running.get_lock():
            self._running.value += 1

    def end(self, *, asked: bool) -> None:
        with self._count.get_lock():
            self._count.value += asked
        with self._running.get_lock():
            self._running.value -= 1


class _Watched:
    """A gateway whose polls are counted: nothing else of the exporter is told when one is over."""

    def __init__(self, gateway: Gateway, polls: Polls) -> None:
        self._gateway, self._polls = gateway, polls
        self._poll = gateway.poll
        self.requests = 0
        gateway.poll = self._counted  # type: ignore[method-assign]

    @property
    def idle(self) -> bool:
        return self._gateway.is_idle

    def back_off(self, now: float) -> float:
        """Seconds until the last of what fails, or has gone for now, may be asked again."""
        state = self._gateway.state
        cache, login = state.cache, state.login.state
        ends = [
            cache.states[name].due
            for name, each in cache.statuses(now).items()
            if each.failing or (each.absent and cache.states[name].due - now <= GONE_AFTER)
        ]
        ends += [cache.quiet_until, login.retry_at if isinstance(login, Rejected) else now]
        return max(0.0, *(end - now for end in ends))

    def stands(self, now: float) -> float:
        """Seconds until the last of what was `{}` or `[]` is asked again: an answer, which lasts as long as any."""
        cache = self._gateway.state.cache
        empty = (name for name, document in cache.documents.available.items() if not document.content)
        return max((cache.states[name].due - now for name in empty), default=0.0)

    def _counted(self) -> None:
        self._polls.begin()
        try:
            self._poll()
        finally:
            snapshot, before = self._gateway.snapshot(), self.requests
            self.requests = sum(snapshot.requests.values()) + sum(snapshot.failures.values())
            self._polls.end(asked=self.requests > before)


class _Stamped:
    """A stream for the log that writes the clock's seconds before each line."""

    def __init__(self, stream: TextIO, clock: SharedClock) -> None:
        self._stream, self._clock = stream, clock

    def write(self, line: str) -> None:
        self._stream.write(f"{self._clock.monotonic():.0f} {line}")

    def flush(self) -> None:
        self._stream.flush()


def wired(clock: SharedClock, telemetry: Telemetry, redaction: Redaction) -> App:
    """As the command wires it, but for the clock."""
    random = Random(1)  # noqa: S311  # spreads requests, hides nothing
    return App(clock=clock, random=random, telemetry=telemetry, redaction=redaction, collectors={})


def read(path: Path) -> config.Config:
    return config.from_file(path, COLLECTORS)


def run(asked: Connection, clock: SharedClock, polls: Polls, path: Path, log_file: Path) -> None:
    """What the command does, on that clock. Sends its port, and then a `Measured` whenever it is asked."""
    redaction = Redaction()
    with log_file.open("w") as stream:
        logs.set_up("info", "logfmt", redaction, _Stamped(stream, clock))  # type: ignore[arg-type]
        asyncio.run(_serve(asked, clock, polls, path, redaction))


async def _serve(asked: Connection, clock: SharedClock, polls: Polls, path: Path, redaction: Redaction) -> None:
    telemetry = Telemetry("soak")
    app = wired(clock, telemetry, redaction)
    served = app.build(read(path))
    watched = [_Watched(each.collector.gateway, polls) for each in served.gateways.values()]

    def reload() -> Sequence[str]:
        exporter.served = app.build(read(path))
        return ()

    def answer() -> None:
        try:
            asked.recv()
            asked.send(_measured(watched, clock.monotonic(), polls))
        except EOFError:
            loop.remove_reader(asked.fileno())
            server.stop()

    exporter = Exporter(served, telemetry, reload, "soak")
    web_file = WebConfigFile(None)
    server = Server(ConcurrencyLimit(AccessMiddleware(create(exporter), web_file), 40), web_file)
    loop = asyncio.get_running_loop()
    loop.add_reader(asked.fileno(), answer)
    (listening,) = listen(["127.0.0.1:0"])
    asked.send(listening.getsockname()[1])
    await server.serve(sockets=[listening])
    app.close()


def _measured(watched: Sequence[_Watched], now: float, polls: Polls) -> Measured:
    gc.collect()
    (rss,) = re.findall(r"^Rss: +(\d+) kB$", Path("/proc/self/smaps_rollup").read_text(), re.MULTILINE)
    return Measured(
        rss=int(rss) * 1024,
        blocks=sys.getallocatedblocks(),
        fds=sum(1 for _ in Path("/proc/self/fd").iterdir()),
        threads=sum(1 for _ in Path("/proc/self/task").iterdir()),
        cpu=time.process_time(),
        requests=sum(each.requests for each in watched),
        busy=polls.running > 0 or any(not each.idle for each in watched),
        back_off=max(each.back_off(now) for each in watched),
        stands=max(each.stands(now) for each in watched),
    )
