"""Historical data for a real Prometheus: blocks of samples, results of recording rules, and a server for them.

Prometheus itself evaluates the rules, at the times at which it would have evaluated them; only the results are written
here. `promtool tsdb create-blocks-from rules` evaluates two hours at a time, which for a year of 80 rules would be
350,000 requests.
"""

import shutil
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import httpx

from envoy_simulator.history import END
from support.prometheus import program, run
from support.raw_gateway import closed_port
from support.rules import Rule, levels

BLOCK = 486 * 3600
"""Seconds of the longest block. promtool reads its whole input for each block; blocks begin at multiples of this."""
_RARE = 3600.0
_MOST_STEPS = 10_000
"""Of one query; Prometheus rejects more than 11,000."""
Labels: TypeAlias = tuple[tuple[str, str], ...]
"""Sorted, including the name."""


class Steps(NamedTuple):
    """Times in seconds since 1970: `first`, and then every `every` seconds up to `last`."""

    first: float
    last: float
    every: float

    def split(self) -> Iterator["Steps"]:
        """Splits at the beginning of blocks, and at the limit of one query. Steps longer than an hour are not split."""
        if self.every > _RARE:
            yield self
            return
        first = self.first
        while first <= self.last:
            block = (first // BLOCK + 1) * BLOCK
            count = min(_MOST_STEPS, ceil((block - first) / self.every))
            last = min(self.last, first + (count - 1) * self.every)
            yield Steps(first, last, self.every)
            first = last + self.every


class Series(NamedTuple):
    """Labels including the name, and values by time."""

    labels: Mapping[str, str]
    values: Mapping[float, float]


@dataclass(frozen=True)
class Prometheus:
    """A running server."""

    url: str
    client: httpx.Client

    def range(self, expression: str, steps: Steps) -> list[Series]:
        start, end, step = steps
        result = self._get("query_range", query=expression, start=start, end=end, step=step)
        return [_series(item["metric"], item["values"]) for item in result["result"]]

    def at(self, expression: str, instant: float) -> list[Series]:
        result = self._get("query", query=expression, time=instant)
        return [_series(item["metric"], item.get("values") or [item["value"]]) for item in result["result"]]

    def label_values(self, label: str, match: str, start: float, end: float) -> list[str]:
        """The values of a dashboard variable."""
        return [*self._get(f"label/{label}/values", **{"match[]": match, "start": start, "end": end})]

    def _get(self, path: str, **parameters: Any) -> Any:
        response = self.client.get(f"{self.url}/api/v1/{path}", params=parameters).json()
        if response["status"] != "success":
            raise ValueError(f"{response['error']} in {parameters}")
        return response["data"]


def _series(labels: Mapping[str, str], values: Iterable[tuple[float, str]]) -> Series:
    return Series(labels, {instant: float(value) for instant, value in values})


@contextmanager
def serve(data: Path) -> Iterator[Prometheus]:
    """A server for the blocks of a folder, on the loopback interface. It scrapes nothing and keeps all data."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "prometheus.yml"
        config.write_text("global: {scrape_interval: 1m}\n")
        long = ("--storage.tsdb.retention.time=20y", "--query.timeout=10m", "--query.max-samples=500000000")
        with running(config, data, *long) as prometheus:
            yield prometheus


@contextmanager
def running(config: Path, data: Path, *options: str) -> Iterator[Prometheus]:
    """A server with this config, on the loopback interface."""
    with closed_port() as port:
        pass
    command = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
        *options,
    ]
    with subprocess.Popen(command) as process, httpx.Client(trust_env=False, timeout=600) as client:
        try:
            _wait(process, client, f"http://127.0.0.1:{port}")
            yield Prometheus(f"http://127.0.0.1:{port}", client)
        finally:
            process.terminate()
            process.wait(60)


def _wait(process: "subprocess.Popen[bytes]", client: httpx.Client, url: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            if client.get(f"{url}/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("Prometheus has not started")


def write_blocks(text: Iterable[str], data: Path) -> None:
    """Writes blocks of samples in OpenMetrics format without `# EOF`. Without samples it writes nothing."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(text)
        if not file.tell():
            return
        file.write(END)
        file.flush()
        make = ("tsdb", "create-blocks-from", f"--max-block-duration={BLOCK}s", "--quiet", "openmetrics")
        run("promtool", *make, file.name, data, timeout=3600)


def line(name: str, labels: Mapping[str, str], value: float, instant: float) -> str:
    """A sample in OpenMetrics format."""
    pairs = ",".join(f"{label}={_quoted(text)}" for label, text in sorted(labels.items()) if text)
    return f"{name}{{{pairs}}} {float(value)!r} {instant:.15g}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def fill_in(rules: Sequence[Rule], data: Path, when: Callable[[Rule], Iterable[Steps]]) -> None:
    """Evaluates the rules at these times, level by level, and adds the results to the data.

    Raises AssertionError if two rules record one sample.
    """
    for level in levels(rules):
        by_block: dict[float, list[tuple[Rule, Steps]]] = defaultdict(list)
        for rule in level:
            for part in (part for steps in when(rule) for part in steps.split()):
                by_block[part.first // BLOCK].append((rule, part))
        with tempfile.TemporaryDirectory(dir=data.parent) as folder:
            with serve(data) as prometheus:
                for parts in by_block.values():
                    write_blocks(_lines(_recorded(prometheus, parts)), Path(folder))
            for block in Path(folder).iterdir():
                shutil.move(block, data)


def _recorded(prometheus: Prometheus, parts: Iterable[tuple[Rule, Steps]]) -> Mapping[Labels, Mapping[float, float]]:
    """The recorded samples, by labels."""
    by_rule: dict[tuple[str, str], dict[Labels, dict[float, float]]] = defaultdict(lambda: defaultdict(dict))
    for rule, steps in parts:
        for labels, values in prometheus.range(rule.expr, steps):
            own = {**labels, **rule.labels, "__name__": rule.record}
            by_rule[rule.record, rule.expr][tuple(sorted(own.items()))].update(values)
    found: dict[Labels, dict[float, float]] = defaultdict(dict)
    for recorded in by_rule.values():
        for series, values in recorded.items():
            assert not found[series].keys() & values.keys(), f"{series} is recorded by two rules"
            found[series].update(values)
    return found


def _lines(written: Mapping[Labels, Mapping[float, float]]) -> Iterator[str]:
    for sorted_labels, values in written.items():
        labels = dict(sorted_labels)
        name = labels.pop("__name__")
        for instant in sorted(values):
            yield line(name, labels, values[instant], instant)
