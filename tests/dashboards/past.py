"""The past of the six sites as a Prometheus has it: what was scraped, and what the recording rules made of it."""

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
"""Before the first scrape: for each inverter to have reported by then."""


@dataclass(frozen=True)
class Window:
    """Some local days of a site, scraped from a little before them until a little after, or until then if given."""

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
        """Of its days and of that behind them."""
        return [self.site.midnight(day) for day in local_days(self.first, self.count + 1)]


@dataclass(frozen=True)
class History:
    """Sites in a Prometheus, as instances of a job: the six, and `others` for what none of these has.

    From `start` to `end` there are each minute the series of `envoy_simulator.history_metrics` and what the recording
    rules make of them; from `dense` on there is every family of the exporter, with everything switched on, every two
    minutes. `end` is the now of whoever looks. The days of `days` are whole, everywhere. `truths`, by instance: what
    the plants did, until `end`.
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
    """Scrapes of each minute, as blocks; and by instance what was true meanwhile."""
    truths = {window.site.instance: Truth(window.site) for window in windows}
    every = [piece for window in windows for piece in pieces(window, truths[window.site.instance])]
    for block in sorted({piece.start // BLOCK for piece in every}):
        those = [piece for piece in every if piece.start // BLOCK == block]
        write_blocks((text for piece in those for text in piece.lines(inverters=inverters)), data)
    return truths


@dataclass(frozen=True)
class _Piece:
    """Of a window, what is of one block, so that promtool goes through each line but once."""

    truth: Truth
    plant: SystemModel
    start: float
    end: float

    def lines(self, *, inverters: bool) -> Iterator[str]:
        profile = self.truth.site.profile
        moments = self.truth.watching(instants(profile, self.plant, self.start, self.end, MINUTE))
        labels = {"job": JOB, "instance": self.truth.site.instance}
        return history(profile, moments, labels, inverters=inverters)


def pieces(window: Window, truth: Truth) -> Iterator[_Piece]:
    plant = window.site.plant(window.start - _SETTLED)
    start = window.start
    while start < window.end:
        end = min(window.end, (start // BLOCK + 1) * BLOCK)
        yield _Piece(truth, plant, start, end)
        start = end


def write_all(site: Site, start: float, end: float, every: float, data: Path, gateways: int = 0) -> None:
    """All else that the exporter says, through its own pipeline; of itself too if its config has so many gateways."""
    plant = site.plant(start - _SETTLED)
    past = SimulatedHistory(site.name, plant, site.settings)
    known = {(one.name, frozenset(one.labels)) for one in series(site.profile)}

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
    """The instants at which a rule says something that somebody reads later.

    What is made once a local day: around each midnight. What is of single inverters: every four minutes, which is
    still seen five minutes later. All else at its group's own pace.
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
    """From ten minutes before each to half an hour after: one query a midnight, or one for each minute of all days."""
    minutes = range(-600, 1801, int(every))
    by_midnight = [Steps(midnight - 600, midnight + 1800, every) for midnight in midnights]
    by_minute = [
        Steps(first + minute, last + minute, DAY) for minute in minutes for first, last in _a_day_apart(midnights)
    ]
    return min(by_midnight, by_minute, key=len)


def _a_day_apart(midnights: Sequence[float]) -> Iterator[tuple[float, float]]:
    """The first and the last of those that follow each other so."""
    for phase in sorted({midnight % DAY for midnight in midnights}):
        alike = [midnight for midnight in midnights if midnight % DAY == phase]
        first = alike[0]
        for before, after in pairwise([*alike, float("inf")]):
            if after - before != DAY:
                yield first, before
                first = after
