"""The reports of an inverter to the gateway: the energy and mean power of its last whole interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from envoy_simulator.system_model import SystemModel


@dataclass(frozen=True, slots=True)
class Report:
    """An inverter's report: the interval that ended at `end` (seconds since 1970) after `duration` seconds.

    `produced`: microjoules in the interval. `lifetime`: microjoules up to its end.
    """

    end: int
    duration: int
    produced: int
    lifetime: int

    @property
    def watts(self) -> float:
        return self.produced / self.duration / 1_000_000


@dataclass(frozen=True, slots=True)
class BatteryReport:
    """The report of an AC battery.

    `produced`, `used`: microjoules in the interval. `discharged`, `charged`: microjoules up to its end. `stored`,
    `capacity`: nanojoules.
    """

    end: int
    duration: int
    produced: int
    used: int
    discharged: int
    charged: int
    stored: int
    capacity: int

    @property
    def watts(self) -> float:
        """Discharging is positive."""
        return (self.produced - self.used) / self.duration / 1_000_000

    @property
    def percent(self) -> int:
        return 100 * self.stored // self.capacity

    @property
    def stored_watt_hours(self) -> float:
        return self.stored / 1_000_000_000 / 3600


def battery_report(system: SystemModel, number: int, interval: int, time: float) -> BatteryReport:
    """The newest report of an AC battery, which reports at night too."""
    offset = number * interval // len(system.design.batteries)
    end = int((time - offset) // interval) * interval + offset
    now, before = (system.at(instant).batteries[number] for instant in (end, end - interval))
    return BatteryReport(
        end=end,
        duration=interval,
        produced=now.discharged.total - before.discharged.total,
        used=now.charged.total - before.charged.total,
        discharged=now.discharged.total,
        charged=now.charged.total,
        stored=now.stored,
        capacity=now.capacity,
    )


def latest_reports(system: SystemModel, interval: int, time: float) -> tuple[Report | None, ...]:
    """The newest report of every inverter; None if it is older than one and a half days (of `system.day`)."""
    return tuple(latest_report(system, number, interval, time) for number in range(len(system.design.inverters)))


def latest_report(system: SystemModel, number: int, interval: int, time: float) -> Report | None:
    """The newest report of an inverter. Intervals are staggered; there is no report of an interval without light."""
    return _newest(system, number, interval, time, time - 1.5 * system.day - 2 * interval)


def _newest(system: SystemModel, number: int, interval: int, time: float, oldest: float) -> Report | None:
    """The newest report that does not end before `oldest`."""
    end = _end(system, number, interval, time)
    while end >= oldest:
        if system.is_light(end - interval) or system.is_light(end):
            lifetime = system.inverter_at(number, end)
            return Report(end, interval, lifetime - system.inverter_at(number, end - interval), lifetime)
        end -= interval
    return None


def _end(system: SystemModel, number: int, interval: int, time: float) -> int:
    """When the inverter's last whole interval ended."""
    offset = number * interval // len(system.design.inverters)
    return int((time - offset) // interval) * interval + offset


class ReportSequence:
    """`latest_reports` for successive instants, without a search back to dusk at every instant of the night."""

    def __init__(self, system: SystemModel, interval: int) -> None:
        self._system = system
        self._interval = interval
        self._known: list[Report | None] = []
        self._ends: list[int] = []

    def at(self, time: float) -> Sequence[Report | None]:
        """The reports at a time, which must not be earlier than that of the previous call."""
        numbers = range(len(self._system.design.inverters))
        if not self._known:
            self._known = [*latest_reports(self._system, self._interval, time)]
            self._ends = [_end(self._system, number, self._interval, time) for number in numbers]
        for number in numbers:
            if time >= (next_end := self._ends[number] + self._interval):
                newer = _newest(self._system, number, self._interval, time, next_end)
                self._known[number] = newer or self._known[number]
                self._ends[number] = _end(self._system, number, self._interval, time)
        return self._known


class BatteryReportSequence:
    """The newest report of every AC battery, for successive instants."""

    def __init__(self, system: SystemModel, interval: int) -> None:
        self._system = system
        self._interval = interval
        batteries = system.design.batteries
        self._numbers = [number for number, battery in enumerate(batteries) if battery.kind == "ac"]
        self._known: dict[int, BatteryReport] = {}

    def at(self, time: float) -> Sequence[BatteryReport]:
        """The reports at a time, which must not be earlier than that of the previous call."""
        for number in self._numbers:
            known = self._known.get(number)
            if known is None or time >= known.end + self._interval:
                self._known[number] = battery_report(self._system, number, self._interval, time)
        return [*self._known.values()]


def is_current(report: Report | None, time: float) -> bool:
    """Whether a report is as new as expected by day; at night, the last report of an inverter becomes old."""
    return report is not None and time - report.end < 2 * report.duration
