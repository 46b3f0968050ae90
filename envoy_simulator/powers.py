"""The powers of a step: inverters, household and batteries, constant until the step ends."""

from collections.abc import Sequence
from math import exp, floor
from typing import NamedTuple

from envoy_simulator.design import Design, Inverter
from envoy_simulator.prng import Purpose, around, drift, uniform
from envoy_simulator.state import Powers, capacity, circuit_rates, power_by_phase
from envoy_simulator.weather import clearness, facing, irradiance, solar_hour, sun

STANDBY = 300
"""Milliwatts that an inverter uses at night: with the wiring, 7 of them use 6.5 W (7.3.466_with_cts_3phase)."""


class StepTime(NamedTuple):
    """The time of a step, in seconds since 1970: for the sun and the habits of a day, and for weather and appliances.

    The two differ if a day is shortened to minutes, because clouds and appliances would otherwise change too fast.
    """

    sun: float
    weather: float


_APPLIANCE_SLOT = 900.0
_YIELD = 0.14
"""The mean power of a system over the years as a share of its peak: 1200 full hours a year."""


def powers(design: Design, seed: int, time: StepTime, stored: Sequence[int], length: int) -> Powers:
    """All powers at a moment, for a step of `length` milliseconds.

    `stored`: the energy in each battery when the step begins, in nanojoules.
    """
    inverters = inverter_powers(design, seed, time)
    load, reactive = household_powers(design, seed, time)
    batteries = battery_powers(design, sum(load) - sum(inverters), stored, length)
    return Powers(inverters, batteries, load, reactive)


def inverter_powers(design: Design, seed: int, time: StepTime) -> list[int]:
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


def household_powers(design: Design, seed: int, time: StepTime) -> tuple[list[int], list[int]]:
    """Milliwatts and millivars of each phase: the base load, habits of the day, and appliances at random."""
    hour = solar_hour(design.longitude, time.sun)
    habit = (
        0.5
        + 0.7 * _bell_curve(hour, 7.5, 1.2)
        + 0.5 * _bell_curve(hour, 12.5, 1.0)
        + 1.3 * _bell_curve(hour, 19.0, 2.2)
    )
    slot = floor(time.weather / _APPLIANCE_SLOT)
    load: list[int] = []
    reactive: list[int] = []
    for phase, mean in enumerate(design.household):
        steady = mean * habit * (0.75 + 0.5 * drift(time.weather / 420, seed, Purpose.HABIT, phase))
        draw = uniform(seed, Purpose.APPLIANCE, phase, slot)
        appliance = 500 + 1700 * uniform(seed, Purpose.APPLIANCE, -1 - phase, slot) if draw < 0.16 * habit else 0
        load.append(int(1000 * (steady + appliance)))
        # Motors and lamps lag; a heating appliance does not.
        reactive.append(int(1000 * (0.3 * steady + 25)))
    return load, reactive


def _bell_curve(hour: float, middle: float, width: float) -> float:
    return exp(-(((hour - middle) / width) ** 2))


def battery_powers(design: Design, demand: int, stored: Sequence[int], length: int) -> list[int]:
    """Milliwatts of each battery, discharging positive. They cover the demand; a negative demand is a surplus to store.

    Each power is within the rating of the battery, and can flow for the whole step without going below the reserve or
    above the capacity. Batteries follow the household with some inaccuracy, so the grid always carries a twentieth.
    """
    demand = demand * 19 // 20
    flows: list[int] = []
    for number, (battery, content) in enumerate(zip(design.batteries, stored, strict=True)):
        share = demand // (len(design.batteries) - number)
        full = capacity(battery.capacity_watt_hours)
        most = max(0, content - full * battery.reserve // 100) // (1000 * length)
        room = max(0, full - content) // (battery.efficiency * length)
        rated = 1000 * battery.rated_watts
        flow = min(share, rated, most) if share > 0 else -min(-share, rated, room)
        flows.append(flow)
        demand -= flow
    return flows


def mean_rates(design: Design, seed: int) -> tuple[int, ...]:
    """The rate of each register over the system's life before the simulation, in the order of `Powers.registers`.

    Multiplied by the age of the system they give the registers at the start. They add up as exactly as those of a step.
    """
    produced = [
        int(1000 * _YIELD * inverter.peak_watts * inverter.exposure * around(1.0, 0.04, seed, Purpose.DEVICE, number))
        for number, inverter in enumerate(design.inverters)
    ]
    used = [STANDBY // 2] * len(produced)
    # Charge two thirds of the capacity a day and discharge what efficiency leaves of it: the state of charge stays.
    charged = [battery.capacity_watt_hours * 2 // (3 * 24) * 1000 for battery in design.batteries]
    discharged = [power * battery.efficiency // 1000 for power, battery in zip(charged, design.batteries, strict=True)]
    wiring = [inverter.legs for inverter in design.inverters]
    storage = [battery.legs for battery in design.batteries]
    delivered, received = power_by_phase(produced, wiring, design.phases), power_by_phase(used, wiring, design.phases)
    out, into = power_by_phase(discharged, storage, design.phases), power_by_phase(charged, storage, design.phases)
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
    """The mean rates of a circuit's five registers; the reactive power is a fifth of the active power."""
    both = delivered + received
    _, _, apparent, _, _ = circuit_rates(both, both // 5)
    return delivered, received, apparent, both // 20, both // 5
