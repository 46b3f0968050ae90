"""The history of the simulated sites in a Prometheus: scraped series and recorded series."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from dashboards.sites import JOB, MINUTE, Site, Truth, local_days
from support.rules import Rule
from support.simulated_history import SimulatedHistory
from support.tsdb import BLOCK, Prometheus, Steps, line, write_blocks

from envoy_simulator.history import history, instants
from envoy_simulator.history_metrics import series
from envoy_simulator.system_model import SystemModel

HOUR, DAY = 3600.0, 86400.0
_BEFORE, _AFTER = 2 * HOUR, HOUR
EXPORTER = "localhost:9433"
"""The instance of the exporter's own metrics."""
_SETTLED = 12 * HOUR
"""Seconds before the first scrape, in which every inverter reports."""


@dataclass(frozen=True)
class Window:
    """Some local days of a site, scraped from two hours before them to an hour after, or to `until` if given."""

    site: Site
    first: date
    count: int
    until: float = 0.0

    @property
    def days(self) -> list[date]:
        return local_days(self.first, self.count)

    @property
    def start(self) -> float:
        return self.site.midnight(self.first) - _BEFORE

    @property
    def end(self) -> float:
        return self.until or self.site.midnight(self.first + timedelta(self.count)) + _AFTER

    @property
    def midnights(self) -> list[float]:
        """The midnights before each of its days and after the last."""
        return [self.site.midnight(day) for day in local_days(self.first, self.count + 1)]


@dataclass(frozen=True)
class History:
    """Sites in a Prometheus, as instances of a job: the six, and `others` with hardware that the six do not have.

    From `start` to `end` it has, each minute, the series of `envoy_simulator.history_metrics` and the recorded series;
    from `dense` on, every two minutes, every family of the exporter with all collectors enabled. `end` is the time of
    the queries. The days of `days` are whole for all sites. `truths`: the true energy until `end`, by instance.
    """

    prometheus: Prometheus
    job: str
    sites: tuple[Site, ...]
    others: tuple[Site, ...]
    start: float
    dense: float
    end: float
    days: tuple[date, ...]
    truths: Mapping[str, Truth]

    @property
    def url(self) -> str:
        return self.prometheus.url


def write(windows: Iterable[Window], data: Path, *, inverters: bool) -> dict[str, Truth]:
    """Write the scrapes of each minute as blocks; return the true energy by instance."""
    truths = {window.site.instance: Truth(window.site) for window in windows}
    all_pieces = [piece for window in windows for piece in pieces(window, truths[window.site.instance])]
    for block in sorted({piece.start // BLOCK for piece in all_pieces}):
        in_block = [piece for piece in all_pieces if piece.start // BLOCK == block]
        write_blocks((text for piece in in_block for text in piece.lines(inverters=inverters)), data)
    return truths


@dataclass(frozen=True)
class _Piece:
    """The part of a window in one block, so that promtool reads each line once."""

    truth: Truth
    system: SystemModel
    start: float
    end: float

    def lines(self, *, inverters: bool) -> Iterator[str]:
        profile = self.truth.site.profile
        moments = self.truth.watching(instants(profile, self.system, self.start, self.end, MINUTE))
        labels = {"job": JOB, "instance": self.truth.site.instance}
        return history(profile, moments, labels, inverters=inverters)


def pieces(window: Window, truth: Truth) -> Iterator[_Piece]:
    system = window.site.system(window.start - _SETTLED)
    start = window.start
    while start < window.end:
        end = min(window.end, (start // BLOCK + 1) * BLOCK)
        yield _Piece(truth, system, start, end)
        start = end


def write_all(site: Site, start: float, end: float, every: float, data: Path, gateways: int = 0) -> None:
    """Write all other series of the exporter; with `gateways`, also its own, as with so many gateways in its config."""
    system = site.system(start - _SETTLED)
    past = SimulatedHistory(site.name, system, site.settings)
    known = {(metric.name, frozenset(metric.labels)) for metric in series(site.profile)}

    def lines() -> Iterator[str]:
        for count in range(int((end - start) // every) + 1):
            time = start + count * every
            for metric in past.families(time):
                for name, labels, value, *_ in metric.samples:
                    if (name, frozenset(labels.items())) not in known:
                        yield line(name, {**labels, "job": JOB, "instance": site.instance}, value, time)
            if gateways:
                own = {"job": JOB, "instance": EXPORTER}
                yield line("up", own, 1, time)
                for name, labels, value, *_ in past.own_samples(gateways):
                    yield line(name, {**labels, **own}, value, time)

    write_blocks(lines(), data)


def when(windows: Sequence[Window]) -> Callable[[Rule], list[Steps]]:
    """The instants at which a rule is evaluated, without those whose results no query reads.

    Rules with one sample a local day: around each midnight. Rules of single inverters: every four minutes, less than
    the five for which Prometheus uses a sample. All others at the interval of their group.
    """
    spans = _joined([(window.start, window.end) for window in windows])
    midnights = sorted({midnight for window in windows for midnight in window.midnights})

    def steps(rule: Rule) -> list[Steps]:
        kind = rule.record.rpartition(":")[2]
        if kind in {"day", "max_day", "7d"}:
            return _around(midnights, rule.interval)
        every = 4 * MINUTE if rule.record.startswith(("inverter:", "array:")) else rule.interval
        return [Steps(start, end, every) for start, end in spans]

    return steps


def _joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _around(midnights: Sequence[float], every: float) -> list[Steps]:
    """From ten minutes before each midnight to half an hour after: one query a midnight, or a minute for all days."""
    minutes = range(-600, 1801, int(every))
    by_midnight = [Steps(midnight - 600, midnight + 1800, every) for midnight in midnights]
    by_minute = [
        Steps(first + minute, last + minute, DAY) for minute in minutes for first, last in _a_day_apart(midnights)
    ]
    return min(by_midnight, by_minute, key=len)


def _a_day_apart(midnights: Sequence[float]) -> Iterator[tuple[float, float]]:
    """The first and the last of each run of midnights that are a day apart."""
    for phase in sorted({midnight % DAY for midnight in midnights}):
        alike = [midnight for midnight in midnights if midnight % DAY == phase]
        first = alike[0]
        for before, after in pairwise([*alike, float("inf")]):
            if after - before != DAY:
                yield first, before
                first = after
