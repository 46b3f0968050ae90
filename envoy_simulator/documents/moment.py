"""The input of every document: the gateway, its system, and the time of the request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeAlias
from zoneinfo import ZoneInfo

from envoy_simulator.grid import Grid
from envoy_simulator.http_types import Json
from envoy_simulator.profiles import Profile
from envoy_simulator.reports import Report, is_current, latest_reports
from envoy_simulator.state import State
from envoy_simulator.system_model import SystemModel
from envoy_simulator.weather import DAY

QUARTER = 900
"""Seconds of an interval of the gateway: v1 and device_data have nothing newer than the end of the last interval."""


INVENTORY_INTERVAL = 600
"""Seconds between two refreshes of an inventory; fewer if a day is shortened to minutes."""


@dataclass(frozen=True)
class Moment:
    """A gateway at an instant, seconds since 1970. `report_interval`: seconds between an inverter's reports."""

    profile: Profile
    system: SystemModel
    report_interval: int
    time: float

    @cached_property
    def state(self) -> State:
        return self.system.at(self.time)

    @cached_property
    def reports(self) -> tuple[Report | None, ...]:
        return latest_reports(self.system, self.report_interval, self.time)

    @cached_property
    def reported_watts(self) -> float:
        """The sum of the reports, without inverters that do not report at night."""
        return sum(report.watts for report in self.reports if report and is_current(report, self.time))

    @cached_property
    def quarter(self) -> float:
        """The time at which the last quarter of an hour ended."""
        return self.time // QUARTER * QUARTER

    @cached_property
    def refreshed(self) -> float:
        """The time at which the gateway last refreshed its inventories, which are older than `power` (8.2.4382_ACB)."""
        interval = max(1.0, INVENTORY_INTERVAL * self.system.day / DAY)
        return self.time // interval * interval

    @property
    def grid(self) -> Grid:
        return Grid(self.profile.volts, self.profile.hertz, self.system.seed)

    @property
    def local(self) -> datetime:
        return datetime.fromtimestamp(self.time, ZoneInfo(self.profile.timezone))

    def midnight(self, time: float, days_before: int = 0) -> float:
        """The local midnight before a time, or a number of days before that."""
        local = datetime.fromtimestamp(time, ZoneInfo(self.profile.timezone))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0) - timedelta(days=days_before)
        return midnight.timestamp()


Documents: TypeAlias = Mapping[str, Callable[[Moment], Json]]
"""The documents of a module by path. `DOCUMENTS` of each module is served by `gateway.py`."""
