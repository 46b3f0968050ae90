"""The grid: voltage and frequency at the site, and the measurements of an inverter on its AC and DC side."""

import math
from dataclasses import dataclass

from envoy_simulator.design import Inverter
from envoy_simulator.prng import Purpose, around, drift
from envoy_simulator.reports import Report

_LEADING, _LAGGING = 1, 38


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid with its nominal voltage between a phase and neutral, and its nominal frequency."""

    volts: float
    hertz: float
    seed: int

    def voltage(self, phase: int, time: float) -> float:
        return self.volts * (0.985 + 0.03 * drift(time / 97, self.seed, Purpose.VOLTAGE, phase))

    def voltage_across(self, legs: tuple[int, ...], time: float) -> float:
        """The volts across a device: of one leg against neutral, or the sum of both legs of a split phase."""
        return sum(self.voltage(leg, time) for leg in legs)

    def frequency(self, time: float) -> float:
        return self.hertz - 0.03 + 0.06 * drift(time / 41, self.seed, Purpose.FREQUENCY)


@dataclass(frozen=True, slots=True)
class Electrics:
    """The measurements of an inverter in an interval: volts, amperes, hertz, whole vars and degrees Celsius."""

    ac_volts: float
    ac_amperes: float
    ac_hertz: float
    leading_vars: int
    lagging_vars: int
    dc_volts: float
    dc_amperes: float
    celsius: float


def electrics(grid: Grid, inverter: Inverter, number: int, report: Report) -> Electrics:
    """The measurements that belong to a report.

    A module's voltage falls with heat; losses are 3.5 percent; the filter uses its vars at any power (8.2.4345).
    """
    ac_volts = grid.voltage_across(inverter.legs, report.end)
    celsius = around(16, 3, grid.seed, Purpose.DEVICE, number) + 24 * report.watts / inverter.limit_watts
    dc_volts = around(36, 1, grid.seed, Purpose.DEVICE, -1 - number) - 0.12 * (celsius - 25)
    return Electrics(
        ac_volts=ac_volts,
        ac_amperes=math.hypot(report.watts, _LAGGING - _LEADING) / ac_volts,
        ac_hertz=grid.frequency(report.end),
        leading_vars=_LEADING,
        lagging_vars=_LAGGING,
        dc_volts=dc_volts,
        dc_amperes=report.watts / 0.965 / dc_volts,
        celsius=celsius,
    )
