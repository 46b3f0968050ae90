"""The long run: a million scrapes and 100,000 polls at speed, while 5 % of what the gateways are asked goes wrong.

The complete exporter runs in a process of its own and is scraped over HTTP; so do two simulated gateways. The clock
of all is turned by hand, so that a week passes in less than an hour. The run has ten legs; after each the
gateways are healed, the data must be whole again, and the exporter's process is measured. The first leg is its warm-up.
"""

import argparse
import itertools
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from bench import exporter, gateways, journal
from bench.clients import OPENMETRICS, Client, request
from bench.clock import SharedClock
from bench.exporter import Measured
from envoy_exporter.secret import Redaction
from envoy_exporter.telemetry import Telemetry
from envoy_exporter.web.exposition import Format

PROFILES = {"home": "8.3", "barn": "5.0"}
"""With TLS, a token and a connection that is kept; with digest, and a connection for each request."""
MIN_INTERVAL = 10.0
MOST_LEGS, LEAST_POLLS = 10, 100
"""So many legs, as long as each has so many polls: after each comes a healing, which takes a second or two."""
LONGEST_BACK_OFF = 600.0
"""Seconds: an endpoint that hangs and hangs is asked that seldom, and nothing less often."""
MEGABYTE = 1e6
PIPELINED = 50
OF_THE_PAST = (
    "enphase_gateway_requests_total{",
    "enphase_gateway_request_failures_total{",
    'enphase_communication_level{device="pcu"}',  # of /home, asked once an hour: at dawn a new exporter knows better
)
"""Series in which one that has run for long may differ from one that begins."""
REPORTED, INVERTERS = "enphase_inverter_", 120.0
"""Series that may begin with a report, as at dawn, and how often, in seconds, it is asked whether there is one."""
HEAD = " leg  scrapes   polls  requests  clock h  RSS MB  blocks  fds  threads  CPU ms a scrape  back-off s"


class Soak:
    """One run. `broken` are the promises that did not hold, in words."""

    def __init__(self, scrapes: int, polls: int, share: float, folder: Path) -> None:
        self.scrapes, self.wanted = 0, (scrapes, polls)
        self.count = max(min(MOST_LEGS, polls // LEAST_POLLS), 2)
        self.broken: list[str] = []
        self.legs: list[Measured] = []
        self.things = 0
        self._folder = folder
        self._random = Random(1)  # noqa: S311  # the same run each time
        context = multiprocessing.get_context("spawn")
        self.clock, self.polls = SharedClock(context), exporter.Polls(context)
        self._gateways, theirs = context.Pipe()
        self._exporter, its = context.Pipe()
        self._path, self.log = folder / "exporter.yml", folder / "log"
        self._processes = [
            context.Process(target=gateways.run, args=(theirs, self.clock, PROFILES, share), daemon=True),
            context.Process(target=exporter.run, args=(its, self.clock, self.polls, self._path, self.log), daemon=True),
        ]
        self._ends: tuple[Connection, ...] = (theirs, its)

    def run(self) -> None:
        """Leg after leg; prints a line for each."""
        for process, end in zip(self._processes, self._ends, strict=True):
            process.start()
            end.close()
            if process is self._processes[0]:
                self._path.write_text(_received(self._gateways))
        self._port = _received(self._exporter)
        rounds = itertools.count(1)
        with ExitStack() as stack:
            self._clients = [stack.enter_context(Client(self._port)) for _ in PROFILES]
            print(HEAD, flush=True)
            self._heal()
            for leg in range(1, self.count + 1):
                self._tell(gateways.FAIL)
                scrapes, polls = (wanted * leg // self.count for wanted in self.wanted)
                self._leg(scrapes, polls, rounds)
                self._heal()
                print(self._row(leg), flush=True)

    def close(self) -> None:
        for end in (self._exporter, self._gateways):
            end.close()
        for process in self._processes:
            process.join(30)
            if process.is_alive():
                process.kill()

    # --- what is done to it

    def _leg(self, scrapes: int, polls: int, rounds: Iterator[int]) -> None:
        """Until there were so many in all."""
        while self.polls.count < polls:
            before = self.polls.count
            number = next(rounds)
            self._cut(number % 500)
            self.clock.turn(MIN_INTERVAL * self._random.uniform(1.0, 1.1))
            self._wake()
            self._let_finish()
            if number % 200 == 1:
                self._visit()
            done = max(self.polls.count - before, 1)
            left = max(polls - before, 1)
            self._scrape_ready((scrapes - self.scrapes) * done // left, rarely=number % 16 == 1)
        self._scrape_ready(scrapes - self.scrapes, rarely=False)

    def _let_finish(self) -> None:
        """What no scrape waits for is asked within milliseconds, where a real scrape comes seconds later."""
        until = time.monotonic() + 60
        while self.polls.running and time.monotonic() < until:
            time.sleep(0.001)

    def _cut(self, number: int) -> None:
        """Now and then nobody answers at the gateways' addresses for five rounds."""
        if number in {25, 30}:
            self._tell(gateways.CUT if number == 25 else gateways.FAIL)  # noqa: PLR2004

    def _wake(self) -> list[str]:
        """A scrape of each gateway, side by side; what they bring."""
        for client, name in zip(self._clients, PROFILES, strict=True):
            client.send(request(f"/probe?target={name}"))
        answers = [client.receive() for client in self._clients]
        self._count(*(answer.status for answer in answers))
        return [answer.text for answer in answers]

    def _scrape_ready(self, count: int, *, rarely: bool) -> None:
        """So many more, pipelined on the connections that are kept; rarely in OpenMetrics, or not packed."""
        targets = [f"/probe?target={name}" for name in PROFILES]
        usual = [request(target) for target in targets]
        rare = [request(target, accept=OPENMETRICS, packed=False) for target in targets]
        while count > 0:
            batch = min(count, PIPELINED * len(targets))
            shares = [batch // len(targets), batch - batch // len(targets)]
            for client, share, ask, other in zip(self._clients, shares, usual, rare, strict=True):
                client.send(*([other] * min(rarely, share) + [ask] * (share - min(rarely, share))))
            for client, share in zip(self._clients, shares, strict=True):
                self._count(*(client.receive().status for _ in range(share)))
            count -= batch

    def _visit(self) -> None:
        """Everything else that somebody may ask, by clients that come and go, and one who does not wait."""
        for target, method, status in (
            ("/telemetry", "GET", 200),
            ("/", "GET", 200),
            ("/sd", "GET", 200),
            ("/config", "GET", 200),
            ("/probe?target=nobody", "GET", 400),
            ("/nothing", "GET", 404),
            ("/probe?target=home", "HEAD", 200),
            ("/probe?target=home&collect[]=meters", "GET", 200),
            ("/-/reload", "POST", 200),
        ):
            with Client(self._port) as client:
                self._check(target, client.get(target, method=method).status, status)
        with Client(self._port) as client:
            client.send(request("/probe?target=home"))
        self._crowd()

    def _crowd(self) -> None:
        """Twenty at once, each with a rendering of its own."""
        with ExitStack() as stack:
            crowd = [stack.enter_context(Client(self._port)) for _ in range(20)]
            for client in crowd:
                client.send(request("/probe?target=home&name[]=enphase_up"))
            for client in crowd:
                self._check("twenty at once", client.receive().status, 200)

    def _count(self, *statuses: int) -> None:
        self.scrapes += len(statuses)
        for status in statuses:
            self._check("a scrape", status, 200)

    def _check(self, what: str, status: int, expected: int) -> None:
        if status != expected:
            self.broken.append(f"{what} was answered {status}, not {expected}")

    # --- what it must do then

    def _heal(self) -> None:
        """All is well again: whole data within the back-off and two scrapes, and the same as a new exporter has.

        A document that came empty was believed, and stands until its maximum age.
        """
        self._tell(gateways.HEAL)
        measured = self._at_rest()
        self.clock.turn(max(measured.back_off, measured.stands))
        self._wake()
        self._at_rest()
        self.clock.turn(MIN_INTERVAL)
        wrong, after = self._differing(), self._at_rest()
        if any(series.startswith(REPORTED) for _, _, series in wrong):
            self.clock.turn(INVERTERS)
            still = self._differing()
            wrong = {each for each in wrong if each in still or not each[2].startswith(REPORTED)}
        self._note(wrong)
        if measured.back_off > LONGEST_BACK_OFF:
            self.broken.append(f"it would have asked again after {measured.back_off:.0f} s only")
        self.back_off = measured.back_off
        self.legs.append(after)

    def _differing(self) -> set[tuple[str, str, str]]:
        """A scrape of each gateway against what a new exporter says: which gateway, what is wrong, which series."""
        bodies = dict(zip(PROFILES, map(_series, self._wake()), strict=True))
        self._at_rest()
        expected = self._expected()
        lacking = {(name, "lacks", each) for name in PROFILES for each in expected[name] - bodies[name]}
        return lacking | {
            (name, "should not have", each) for name in PROFILES for each in bodies[name] - expected[name]
        }

    def _note(self, wrong: set[tuple[str, str, str]]) -> None:
        for name, words in sorted({each[:2] for each in wrong}):
            those = sorted(series for *what, series in wrong if what == [name, words])
            shown = ", ".join(those[:3])
            self.broken.append(f"{self.clock.monotonic():.0f} s: {name} {words} {len(those)} series: {shown}")

    def _expected(self) -> dict[str, frozenset[str]]:
        """What an exporter says that begins now."""
        app = exporter.wired(self.clock, Telemetry("soak"), Redaction())
        expected = {}
        for name, each in app.build(exporter.read(self._path)).gateways.items():
            gateway = each.collector.gateway
            gateway.poll()
            snapshot = gateway.snapshot()
            self.things = max(self.things, len(snapshot.endpoints))
            expected[name] = _series(Format.TEXT.render(each.collector.families(snapshot)).decode())
        app.close()
        return expected

    def _at_rest(self) -> Measured:
        """How it stands once no request to a gateway is under way."""
        for _ in range(3000):
            self._exporter.send(None)
            measured: Measured = _received(self._exporter)
            if not measured.busy:
                return measured
            time.sleep(0.01)
        raise RuntimeError("the exporter does not come to rest")

    def _tell(self, what: str) -> None:
        self._gateways.send(what)
        _received(self._gateways)

    def _row(self, leg: int) -> str:
        before, now = self.legs[-2:]
        cpu = (now.cpu - before.cpu) * 1000 * self.count / self.wanted[0]
        return (
            f"{leg:4d} {self.scrapes:8d} {self.polls.count:7d} {now.requests:9d} {self.clock.monotonic() / 3600:8.1f}"
            f" {now.rss / MEGABYTE:7.2f} {now.blocks:7d} {now.fds:4d} {now.threads:8d}"
            f" {cpu:16.2f} {self.back_off:11.0f}"
        )


def _received(end: Connection) -> Any:
    """What a process says within a minute. Raises RuntimeError for one that is dumb, EOFError for a dead one."""
    if not end.poll(60):
        raise RuntimeError("a process does not answer")
    return end.recv()


def _series(exposition: str) -> frozenset[str]:
    """The names and labels of all samples, but those in which an old exporter may differ."""
    lines = (line for line in exposition.splitlines() if not line.startswith(("#", *OF_THE_PAST)))
    return frozenset(line.rpartition(" ")[0] for line in lines)


def judged(soak: Soak, growth: float) -> list[str]:
    """Prints what came out; the promises that are broken."""
    _, warm, *_ = soak.legs
    last, lines = soak.legs[-1], journal.read(soak.log)
    hours = soak.clock.monotonic() / 3600
    limit = journal.most_an_hour(soak.things)
    total = sum(lines.hours.values())
    grown = (last.rss - warm.rss) / MEGABYTE
    print(f"\nafter the warm-up (leg 1): memory {grown:+.2f} MB, file descriptors {last.fds - warm.fds:+d}, ", end="")
    print(f"threads {last.threads - warm.threads:+d}; {last.requests / soak.polls.count:.1f} requests a poll")
    total = sum(lines.hours.values())
    print(
        f"log: {total} lines in {hours:.0f} h of {len(PROFILES)} gateways, at most {lines.most} (of {limit}) ", end=""
    )
    print("in an hour of one: " + ", ".join(f"{kind} {count}" for kind, count in lines.kinds.most_common()))
    promises = {
        f"memory grew by {grown:.2f} MB, and {growth:g} is the limit": grown < growth,
        "file descriptors grew": all(leg.fds <= warm.fds for leg in soak.legs[1:]),
        "threads grew": all(leg.threads <= warm.threads for leg in soak.legs[1:]),
        f"the log has {lines.most} lines of one gateway in an hour, and {limit} is the limit": lines.most <= limit,
        "two summaries came within an hour": lines.closest_summaries >= journal.HOUR - 1,
        f"the log tells of a bug {lines.bugs} times": lines.bugs == 0,
    }
    return [*dict.fromkeys(soak.broken), *(words for words, held in promises.items() if not held)]


def main(arguments: Sequence[str] | None = None) -> int:
    """0: all promises held."""
    parser = argparse.ArgumentParser("python -m bench.soak", description=__doc__)
    parser.add_argument("--scrapes", type=int, default=1_000_000, help="(%(default)s)")
    parser.add_argument("--polls", type=int, default=100_000, help="(%(default)s)")
    parser.add_argument("--share", type=float, default=0.05, help="of the requests that go wrong (%(default)s)")
    parser.add_argument("--growth", type=float, default=2.0, help="megabytes that it may grow (%(default)s)")
    flags = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(flags.scrapes, flags.polls, flags.share, Path(folder))
        try:
            soak.run()
        finally:
            soak.close()
        broken = judged(soak, flags.growth)
    print(f"{time.monotonic() - began:.0f} seconds")
    for words in broken[:20]:
        print(f"BROKEN: {words}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
