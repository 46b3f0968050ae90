"""A series of the past as a column: its name, its labels, and its value at any instant of a system."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from envoy_simulator.reports import BatteryReport, Report
from envoy_simulator.state import State

WATT_HOUR = 3600


class Instant(NamedTuple):
    """The site, and the newest report of each inverter and each AC battery. `utc_offset`: seconds."""

    site: State
    reports: Sequence[Report | None]
    units: Sequence[BatteryReport]
    utc_offset: float


@dataclass(frozen=True, slots=True)
class Column:
    """A series, and its value at an instant; None where it is absent."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: Callable[[Instant], float | None]


def column(name: str, value: Callable[[Instant], float | None], /, **labels: str | None) -> Column:
    return Column(f"enphase_{name}", tuple((label, text or "") for label, text in labels.items()), value)


def always(value: float) -> Callable[[Instant], float]:
    return lambda _: value
