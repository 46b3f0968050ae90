"""The soak test: a million scrapes and 100,000 polls at full speed, while 5 % of the requests to the gateways fail.

The complete exporter runs in a separate process and is scraped over HTTP; two simulated gateways run in another
process. All share a clock that the test advances, so that a week passes in less than an hour. The run has ten legs.
After each leg all faults end, the data must be complete again, and the process of the exporter is measured. The first
leg is the warm-up.
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

from bench import exporter, gateways, log_counts
from bench.clients import OPENMETRICS, Client, request
from bench.clock import SharedClock
from bench.exporter import Measurements
from envoy_exporter.secret import Redaction
from envoy_exporter.telemetry import Telemetry
from envoy_exporter.web.exposition import Format

PROFILES = {"home": "8.3", "barn": "5.0"}
"""One gateway with TLS, a token and kept-alive connections; one with digest and a new connection for each request."""
MIN_INTERVAL = 10.0
MOST_LEGS, LEAST_POLLS = 10, 100
"""The number of legs, if each has at least this many polls: the recovery after each leg takes one or two seconds."""
LONGEST_BACK_OFF = 600.0
"""The longest time in seconds until an endpoint is requested again; endpoints that always time out reach it."""
MEGABYTE = 1e6
PIPELINED = 50
HISTORY_DEPENDENT = (
    "enphase_gateway_requests_total{",
    "enphase_gateway_request_failures_total{",
    'enphase_communication_level{device="pcu"}',  # from /home, requested hourly: at dawn a new exporter has newer data
)
"""Series that may differ between an exporter that has run for a long time and one that has just started."""
REPORTED, INVERTERS = "enphase_inverter_", 120.0
"""Series that begin with a report, for example at dawn, and the seconds between two requests for the reports."""
HEAD = " leg  scrapes   polls  requests  clock h  RSS MB  blocks  fds  threads  CPU ms a scrape  back-off s"


class Soak:
    """One run. `failures`: descriptions of the requirements that were not met."""

    def __init__(self, scrapes: int, polls: int, share: float, folder: Path) -> None:
        self.scrapes, self.targets = 0, (scrapes, polls)
        self.count = max(min(MOST_LEGS, polls // LEAST_POLLS), 2)
        self.failures: list[str] = []
        self.legs: list[Measurements] = []
        self.endpoints = 0
        self._folder = folder
        self._random = Random(1)  # noqa: S311  # every run is the same
        context = multiprocessing.get_context("spawn")
        self.clock, self.polls = SharedClock(context), exporter.Polls(context)
        self._gateways, gateways_end = context.Pipe()
        self._exporter, exporter_end = context.Pipe()
        self._path, self.log = folder / "exporter.yml", folder / "log"
        self._processes = [
            context.Process(target=gateways.run, args=(gateways_end, self.clock, PROFILES, share), daemon=True),
            context.Process(
                target=exporter.run, args=(exporter_end, self.clock, self.polls, self._path, self.log), daemon=True
            ),
        ]
        self._ends: tuple[Connection, ...] = (gateways_end, exporter_end)

    def run(self) -> None:
        """Run all legs, and print a line for each."""
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
            self._recover()
            for leg in range(1, self.count + 1):
                self._command(gateways.FAIL)
                scrapes, polls = (target * leg // self.count for target in self.targets)
                self._leg(scrapes, polls, rounds)
                self._recover()
                print(self._row(leg), flush=True)

    def close(self) -> None:
        for end in (self._exporter, self._gateways):
            end.close()
        for process in self._processes:
            process.join(30)
            if process.is_alive():
                process.kill()

    # --- load

    def _leg(self, scrapes: int, polls: int, rounds: Iterator[int]) -> None:
        """Scrape and poll up to these totals."""
        while self.polls.count < polls:
            before = self.polls.count
            number = next(rounds)
            self._disconnect(number % 500)
            self.clock.advance(MIN_INTERVAL * self._random.uniform(1.0, 1.1))
            self._scrape_once()
            self._await_polls()
            if number % 200 == 1:
                self._request_other_paths()
            done = max(self.polls.count - before, 1)
            left = max(polls - before, 1)
            self._scrape_many((scrapes - self.scrapes) * done // left, with_rare=number % 16 == 1)
        self._scrape_many(scrapes - self.scrapes, with_rare=False)

    def _await_polls(self) -> None:
        """Wait for the polls in progress: requests for which a scrape does not wait take milliseconds here."""
        until = time.monotonic() + 60
        while self.polls.running and time.monotonic() < until:
            time.sleep(0.001)

    def _disconnect(self, number: int) -> None:
        """From round 25 to 30 of each 500, the gateways reject all connections."""
        if number in {25, 30}:
            self._command(gateways.DISCONNECT if number == 25 else gateways.FAIL)  # noqa: PLR2004

    def _scrape_once(self) -> list[str]:
        """The expositions from one scrape of each gateway, in parallel."""
        for client, name in zip(self._clients, PROFILES, strict=True):
            client.send(request(f"/probe?target={name}"))
        responses = [client.receive() for client in self._clients]
        self._count(*(response.status for response in responses))
        return [response.text for response in responses]

    def _scrape_many(self, count: int, *, with_rare: bool) -> None:
        """More scrapes, pipelined on kept-alive connections. `with_rare`: one a batch is uncompressed OpenMetrics."""
        targets = [f"/probe?target={name}" for name in PROFILES]
        usual = [request(target) for target in targets]
        rare = [request(target, accept=OPENMETRICS, compressed=False) for target in targets]
        while count > 0:
            batch = min(count, PIPELINED * len(targets))
            shares = [batch // len(targets), batch - batch // len(targets)]
            for client, share, common, other in zip(self._clients, shares, usual, rare, strict=True):
                client.send(*([other] * min(with_rare, share) + [common] * (share - min(with_rare, share))))
            for client, share in zip(self._clients, shares, strict=True):
                self._count(*(client.receive().status for _ in range(share)))
            count -= batch

    def _request_other_paths(self) -> None:
        """The other paths, each on a new connection; and a client that disconnects before the response."""
        for target, method, status in (
            ("/telemetry", "GET", 200),
            ("/", "GET", 200),
            ("/sd", "GET", 200),
            ("/config", "GET", 200),
            ("/probe?target=unknown", "GET", 400),
            ("/nothing", "GET", 404),
            ("/probe?target=home", "HEAD", 200),
            ("/probe?target=home&collect[]=meters", "GET", 200),
            ("/-/reload", "POST", 200),
        ):
            with Client(self._port) as client:
                self._check(target, client.get(target, method=method).status, status)
        with Client(self._port) as client:
            client.send(request("/probe?target=home"))
        self._scrape_in_parallel()

    def _scrape_in_parallel(self) -> None:
        """Twenty simultaneous scrapes, each rendered separately."""
        with ExitStack() as stack:
            clients = [stack.enter_context(Client(self._port)) for _ in range(20)]
            for client in clients:
                client.send(request("/probe?target=home&name[]=enphase_up"))
            for client in clients:
                self._check("a parallel scrape", client.receive().status, 200)

    def _count(self, *statuses: int) -> None:
        self.scrapes += len(statuses)
        for status in statuses:
            self._check("a scrape", status, 200)

    def _check(self, subject: str, status: int, expected: int) -> None:
        if status != expected:
            self.failures.append(f"the status of {subject} was {status}, not {expected}")

    # --- requirements

    def _recover(self) -> None:
        """End all faults. Within the back-off and two scrapes, the data must be those of a new exporter.

        A document that was empty counts as valid and is kept until its maximum age.
        """
        self._command(gateways.HEAL)
        measurements = self._await_idle()
        self.clock.advance(max(measurements.back_off, measurements.empty_until))
        self._scrape_once()
        self._await_idle()
        self.clock.advance(MIN_INTERVAL)
        differences, after = self._differences(), self._await_idle()
        if any(series.startswith(REPORTED) for _, _, series in differences):
            self.clock.advance(INVERTERS)
            later = self._differences()
            differences = {
                difference
                for difference in differences
                if difference in later or not difference[2].startswith(REPORTED)
            }
        self._record(differences)
        if measurements.back_off > LONGEST_BACK_OFF:
            self.failures.append(
                f"the back-off was {measurements.back_off:.0f} s; the maximum is {LONGEST_BACK_OFF:.0f} s"
            )
        self.back_off = measurements.back_off
        self.legs.append(after)

    def _differences(self) -> set[tuple[str, str, str]]:
        """A scrape of each gateway compared with a new exporter: gateway, kind of difference, series."""
        bodies = dict(zip(PROFILES, map(_series, self._scrape_once()), strict=True))
        self._await_idle()
        expected = self._expected()
        missing = {(name, "lacks", series) for name in PROFILES for series in expected[name] - bodies[name]}
        return missing | {
            (name, "should not have", series) for name in PROFILES for series in bodies[name] - expected[name]
        }

    def _record(self, differences: set[tuple[str, str, str]]) -> None:
        for name, kind in sorted({difference[:2] for difference in differences}):
            found = sorted(series for *key, series in differences if key == [name, kind])
            examples = ", ".join(found[:3])
            self.failures.append(f"{self.clock.monotonic():.0f} s: {name} {kind} {len(found)} series: {examples}")

    def _expected(self) -> dict[str, frozenset[str]]:
        """The series of an exporter that starts now, by gateway."""
        app = exporter.make_app(self.clock, Telemetry("soak"), Redaction())
        expected = {}
        for name, served in app.build(exporter.read_config(self._path)).gateways.items():
            gateway = served.collector.gateway
            gateway.poll()
            snapshot = gateway.snapshot()
            self.endpoints = max(self.endpoints, len(snapshot.endpoints))
            expected[name] = _series(Format.TEXT.render(served.collector.families(snapshot)).decode())
        app.close()
        return expected

    def _await_idle(self) -> Measurements:
        """The measurements once no request to a gateway is in progress."""
        for _ in range(3000):
            self._exporter.send(None)
            measurements: Measurements = _received(self._exporter)
            if not measurements.busy:
                return measurements
            time.sleep(0.01)
        raise RuntimeError("the exporter did not become idle: timed out")

    def _command(self, command: str) -> None:
        self._gateways.send(command)
        _received(self._gateways)

    def _row(self, leg: int) -> str:
        before, now = self.legs[-2:]
        cpu = (now.cpu - before.cpu) * 1000 * self.count / self.targets[0]
        return (
            f"{leg:4d} {self.scrapes:8d} {self.polls.count:7d} {now.requests:9d} {self.clock.monotonic() / 3600:8.1f}"
            f" {now.rss / MEGABYTE:7.2f} {now.blocks:7d} {now.fds:4d} {now.threads:8d}"
            f" {cpu:16.2f} {self.back_off:11.0f}"
        )


def _received(end: Connection) -> Any:
    """The next message of a process. Raises RuntimeError after a minute, and EOFError if the process has ended."""
    if not end.poll(60):
        raise RuntimeError("no message from a process: timed out")
    return end.recv()


def _series(exposition: str) -> frozenset[str]:
    """The names and labels of all samples, except those in which an exporter may differ from a new one."""
    lines = (line for line in exposition.splitlines() if not line.startswith(("#", *HISTORY_DEPENDENT)))
    return frozenset(line.rpartition(" ")[0] for line in lines)


def evaluate(soak: Soak, growth: float) -> list[str]:
    """Print the results; return the requirements that were not met."""
    _, warm, *_ = soak.legs
    last, lines = soak.legs[-1], log_counts.read(soak.log)
    hours = soak.clock.monotonic() / 3600
    limit = log_counts.most_an_hour(soak.endpoints)
    memory_growth = (last.rss - warm.rss) / MEGABYTE
    print(
        f"\nafter the warm-up (leg 1): memory {memory_growth:+.2f} MB, file descriptors {last.fds - warm.fds:+d}, ",
        end="",
    )
    print(f"threads {last.threads - warm.threads:+d}; {last.requests / soak.polls.count:.1f} requests a poll")
    total = sum(lines.hours.values())
    print(
        f"log: {total} lines in {hours:.0f} h of {len(PROFILES)} gateways, at most {lines.most} (of {limit}) ", end=""
    )
    print("in an hour of one: " + ", ".join(f"{kind} {count}" for kind, count in lines.kinds.most_common()))
    requirements = {
        f"memory grew by {memory_growth:.2f} MB; the limit is {growth:g}": memory_growth < growth,
        "file descriptors grew": all(leg.fds <= warm.fds for leg in soak.legs[1:]),
        "threads grew": all(leg.threads <= warm.threads for leg in soak.legs[1:]),
        f"the log has {lines.most} lines of one gateway in an hour; the limit is {limit}": lines.most <= limit,
        "the log has two summaries of one gateway within an hour": lines.closest_summaries >= log_counts.HOUR - 1,
        f"the log reports a bug {lines.bugs} times": lines.bugs == 0,
    }
    return [*dict.fromkeys(soak.failures), *(text for text, is_met in requirements.items() if not is_met)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 all requirements are met, 1 otherwise."""
    parser = argparse.ArgumentParser("python -m bench.soak", description=__doc__)
    add = parser.add_argument
    add("--scrapes", type=int, default=1_000_000, help="set the number of scrapes (%(default)s)")
    add("--polls", type=int, default=100_000, help="set the number of polls (%(default)s)")
    add("--share", type=float, default=0.05, help="set the share of the requests that fail (%(default)s)")
    add("--growth", type=float, default=2.0, help="set the limit of memory growth in megabytes (%(default)s)")
    flags = parser.parse_args(arguments)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(flags.scrapes, flags.polls, flags.share, Path(folder))
        try:
            soak.run()
        finally:
            soak.close()
        failures = evaluate(soak, flags.growth)
    print(f"{time.monotonic() - began:.0f} seconds")
    for text in failures[:20]:
        print(f"FAILED: {text}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
