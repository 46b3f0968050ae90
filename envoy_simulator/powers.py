"""The powers of a step: what sun, household and batteries do for as long as nothing changes."""

from collections.abc import Sequence
from math import exp, floor
from typing import NamedTuple

from envoy_simulator.design import Design, Inverter
from envoy_simulator.prng import Purpose, around, drift, uniform
from envoy_simulator.state import Powers, capacity, circuit_rates, fed
from envoy_simulator.weather import clearness, facing, irradiance, solar_hour, sun

STANDBY = 300
"""Milliwatts that an inverter uses by night: 7 of them make the -6.5 W of 7.3.466_with_cts_3phase with the wiring."""


class StepTime(NamedTuple):
    """The time of a step, in seconds since 1970: for the sun and the habits of a day, and for weather and appliances.

    The two differ if a day is shortened to minutes, because clouds and appliances would change too fast to see.
    """

    sun: float
    weather: float


_APPLIANCE_SLOT = 900.0
_YIELD = 0.14
"""The mean power of a system over the years as a share of its peak: 1200 full hours a year."""


def powers(design: Design, seed: int, time: StepTime, stored: Sequence[int], length: int) -> Powers:
    """Everything that flows at a moment, for a step of `length` milliseconds.

    `stored`: the energy in each battery when the step begins, in nanojoules.
    """
    inverters = produced(design, seed, time)
    load, reactive = household(design, seed, time)
    batteries = dispatched(design, sum(load) - sum(inverters), stored, length)
    return Powers(inverters, batteries, load, reactive)


def produced(design: Design, seed: int, time: StepTime) -> list[int]:
    """Milliwatts of every inverter; at night an inverter uses a little."""
    direction = sun(design.latitude, design.longitude, time.sun)
    if direction.up <= 0:
        return [-STANDBY] * len(design.inverters)
    clear = clearness(seed, time.weather)
    hour = solar_hour(design.longitude, time.sun)
    light = [irradiance(direction, facing(array.azimuth, array.tilt), clear) for array in design.arrays]
    return [_output(inverter, light[inverter.array], hour) for inverter in design.inverters]


def _output(inverter: Inverter, light: float, hour: float) -> int:
    exposure = inverter.exposure * (0.5 if hour < inverter.shaded_until else 1.0)
    return int(1000 * min(inverter.limit_watts, 0.97 * inverter.peak_watts * light * exposure))


def household(design: Design, seed: int, time: StepTime) -> tuple[list[int], list[int]]:
    """Milliwatts and millivars of each phase: what is always on, habits of the day, and appliances by chance."""
    hour = solar_hour(design.longitude, time.sun)
    habit = 0.5 + 0.7 * _bump(hour, 7.5, 1.2) + 0.5 * _bump(hour, 12.5, 1.0) + 1.3 * _bump(hour, 19.0, 2.2)
    slot = floor(time.weather / _APPLIANCE_SLOT)
    load: list[int] = []
    reactive: list[int] = []
    for phase, mean in enumerate(design.household):
        steady = mean * habit * (0.75 + 0.5 * drift(time.weather / 420, seed, Purpose.HABIT, phase))
        lucky = uniform(seed, Purpose.APPLIANCE, phase, slot)
        appliance = 500 + 1700 * uniform(seed, Purpose.APPLIANCE, -1 - phase, slot) if lucky < 0.16 * habit else 0
        load.append(int(1000 * (steady + appliance)))
        # Motors and lamps lag; a heating appliance does not.
        reactive.append(int(1000 * (0.3 * steady + 25)))
    return load, reactive


def _bump(hour: float, middle: float, width: float) -> float:
    return exp(-(((hour - middle) / width) ** 2))


def dispatched(design: Design, wanted: int, stored: Sequence[int], length: int) -> list[int]:
    """Milliwatts of each battery, discharging positive: they cover what is wanted and take what is over.

    Within what each is rated for, and what can flow for the whole step without leaving the reserve or the brim. A
    battery follows the house, so a twentieth always goes over the grid.
    """
    wanted = wanted * 19 // 20
    flows: list[int] = []
    for number, (battery, content) in enumerate(zip(design.batteries, stored, strict=True)):
        share = wanted // (len(design.batteries) - number)
        full = capacity(battery.capacity_watt_hours)
        most = max(0, content - full * battery.reserve // 100) // (1000 * length)
        room = max(0, full - content) // (battery.efficiency * length)
        rated = 1000 * battery.rated_watts
        flow = min(share, rated, most) if share > 0 else -min(-share, rated, room)
        flows.append(flow)
        wanted -= flow
    return flows


def mean_rates(design: Design, seed: int) -> tuple[int, ...]:
    """The rate of each register over the system's life before the simulation, in the order of `Powers.registers`.

    Times its age, these are the registers at the start; and they add up as exactly as those of any step.
    """
    produced = [
        int(1000 * _YIELD * inverter.peak_watts * inverter.exposure * around(1.0, 0.04, seed, Purpose.DEVICE, number))
        for number, inverter in enumerate(design.inverters)
    ]
    used = [STANDBY // 2] * len(produced)
    # Two thirds of the capacity a day, and just as much out as efficiency leaves of it: the charge stays where it is.
    charged = [battery.capacity_watt_hours * 2 // (3 * 24) * 1000 for battery in design.batteries]
    discharged = [power * battery.efficiency // 1000 for power, battery in zip(charged, design.batteries, strict=True)]
    wiring = [inverter.legs for inverter in design.inverters]
    storage = [battery.legs for battery in design.batteries]
    delivered, received = fed(produced, wiring, design.phases), fed(used, wiring, design.phases)
    out, into = fed(discharged, storage, design.phases), fed(charged, storage, design.phases)
    load = [int(1000 * mean) for mean in design.household]
    rates = [*produced, *used, *charged, *discharged, *load]
    for phase, taken in enumerate(load):
        net = taken - (delivered[phase] - received[phase]) - (out[phase] - into[phase])
        imported = max(taken // 3, net)
        rates += _mean_circuit(delivered[phase], received[phase])
        rates += _mean_circuit(out[phase], into[phase])
        rates += _mean_circuit(imported, imported - net)
    return tuple(rates)


def _mean_circuit(delivered: int, received: int) -> tuple[int, int, int, int, int]:
    """Both directions counted over the years, a fifth of it in vars, either way."""
    both = delivered + received
    _, _, apparent, _, _ = circuit_rates(both, both // 5)
    return delivered, received, apparent, both // 20, both // 5
