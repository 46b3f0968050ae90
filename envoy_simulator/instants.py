"""The input of the history: the state of a system at an instant, with the newest reports of its devices."""

from collections.abc import Sequence
from typing import NamedTuple

from envoy_simulator.reports import BatteryReport, Report
from envoy_simulator.state import State

JOULES_PER_WATT_HOUR = 3600


class Instant(NamedTuple):
    """The site, and the newest report of every inverter and every AC battery. `utc_offset`: seconds."""

    site: State
    reports: Sequence[Report | None]
    units: Sequence[BatteryReport]
    utc_offset: float
