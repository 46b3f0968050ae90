"""The state and the registers of a system at one instant, from which every document of the gateway is made.

Powers are whole milliwatts and energies whole microjoules (a milliwatt for a millisecond), so that sums are exact:
import - export + production + discharge - charge = load, in power and in every register, by phase and in total.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import starmap
from operator import add
from typing import NamedTuple

from envoy_simulator.design import Design

MICROJOULES_PER_WATT_HOUR = 3_600_000_000


class Register(NamedTuple):
    """A counter and its present rate: uJ and mW; uVAs and mVA of apparent, uvars and mvar of reactive power."""

    rate: int
    total: int

    @property
    def watts(self) -> float:
        return self.rate / 1000

    @property
    def joules(self) -> float:
        return self.total / 1_000_000

    @property
    def watt_hours(self) -> float:
        return self.total / MICROJOULES_PER_WATT_HOUR

    def plus(self, other: "Register") -> "Register":
        return Register(self.rate + other.rate, self.total + other.total)

    def less(self, other: "Register") -> "Register":
        return Register(self.rate - other.rate, self.total - other.total)


class Circuit(NamedTuple):
    """The measurements of a current transformer on a conductor, in the terms of the gateway.

    Delivered and received are: produced and used at night; imported and exported; discharged and charged.
    """

    delivered: Register
    received: Register
    apparent: Register
    lagging: Register
    leading: Register

    @property
    def balance(self) -> Register:
        """Delivered minus received: the signed power, and the balance of the registers."""
        return self.delivered.less(self.received)

    @property
    def watts(self) -> float:
        return self.balance.watts

    @property
    def reactive(self) -> Register:
        """Lagging (inductive) minus leading."""
        return self.lagging.less(self.leading)

    def plus(self, other: "Circuit") -> "Circuit":
        return Circuit(*starmap(Register.plus, zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True)
class PhaseState:
    """A phase. `production`, `storage` and `net` are what CTs would measure; `load` is the consumption."""

    production: Circuit
    storage: Circuit
    net: Circuit
    load: Register


@dataclass(frozen=True, slots=True)
class InverterState:
    """An inverter: its production, and the little energy that it uses at night."""

    serial: str
    produced: Register
    used: Register

    @property
    def watts(self) -> float:
        return self.produced.less(self.used).watts


@dataclass(frozen=True, slots=True)
class BatteryState:
    """A battery unit. `stored` and `capacity` are nanojoules: efficiency is in thousandths, and nothing is rounded."""

    serial: str
    charged: Register
    discharged: Register
    stored: int
    capacity: int

    @property
    def watts(self) -> float:
        """Discharging is positive."""
        return self.discharged.less(self.charged).watts

    @property
    def stored_joules(self) -> float:
        return self.stored / 1_000_000_000

    @property
    def charge_ratio(self) -> float:
        return self.stored / self.capacity


@dataclass(frozen=True, slots=True)
class State:
    """The whole system at `time`, seconds since 1970."""

    time: float
    inverters: tuple[InverterState, ...]
    batteries: tuple[BatteryState, ...]
    phases: tuple[PhaseState, ...]

    @property
    def production(self) -> Circuit:
        return sum_of(phase.production for phase in self.phases)

    @property
    def storage(self) -> Circuit:
        return sum_of(phase.storage for phase in self.phases)

    @property
    def net(self) -> Circuit:
        return sum_of(phase.net for phase in self.phases)

    @property
    def load(self) -> Register:
        return reduce(Register.plus, (phase.load for phase in self.phases))


def sum_of(circuits: Iterable[Circuit]) -> Circuit:
    return reduce(Circuit.plus, circuits)


@dataclass(frozen=True, slots=True)
class Powers:
    """Every signed power of one step, in milliwatts and (reactive) millivars, for which `state_of` has a register."""

    inverters: Sequence[int]
    batteries: Sequence[int]
    load: Sequence[int]
    reactive_load: Sequence[int]

    def registers(self, design: Design) -> tuple[int, ...]:
        """The rate of every register, none below 0, in the order that `state_of` expects."""
        production = power_by_phase(self.inverters, [inverter.legs for inverter in design.inverters], design.phases)
        storage = power_by_phase(self.batteries, [battery.legs for battery in design.batteries], design.phases)
        rates = [max(power, 0) for power in self.inverters] + [max(-power, 0) for power in self.inverters]
        rates += [max(-power, 0) for power in self.batteries] + [max(power, 0) for power in self.batteries]
        rates += self.load
        for phase, load in enumerate(self.load):
            produced, discharged = production[phase], storage[phase]
            # The filters of inverters are slightly capacitive when idle, slightly inductive in use; so are batteries'.
            filters = produced // 40 - 9_000
            cells = discharged // 50 - 4_000 if design.batteries else 0
            rates += circuit_rates(produced, filters)
            rates += circuit_rates(discharged, cells)
            rates += circuit_rates(load - produced - discharged, self.reactive_load[phase] - filters - cells)
        return tuple(rates)


def circuit_rates(active: int, reactive: int) -> tuple[int, int, int, int, int]:
    """The rates of a circuit's five registers."""
    apparent = round((active * active + reactive * reactive) ** 0.5)
    return max(active, 0), max(-active, 0), apparent, max(reactive, 0), max(-reactive, 0)


def power_by_phase(powers: Iterable[int], wiring: Sequence[tuple[int, ...]], phases: int) -> list[int]:
    """Power by phase. Devices feed their legs evenly; the remainder of the division goes to the last leg."""
    groups: dict[tuple[int, ...], int] = {}
    for power, legs in zip(powers, wiring, strict=True):
        groups[legs] = groups.get(legs, 0) + power
    by_phase = [0] * phases
    for legs, power in groups.items():
        share, odd = divmod(power, len(legs))
        for leg in legs:
            by_phase[leg] += share
        by_phase[legs[-1]] += odd
    return by_phase


def state_of(design: Design, time: float, rates: Sequence[int], counts: Sequence[int], stored: Sequence[int]) -> State:
    """The state from the registers, the reverse of `Powers.registers`."""
    count = len(design.inverters)
    registers = list(starmap(Register, zip(rates[: 2 * count], counts[: 2 * count], strict=True)))
    inverters = tuple(
        InverterState(inverter.serial, registers[number], registers[count + number])
        for number, inverter in enumerate(design.inverters)
    )
    return replace(site_of(design, time, rates, counts, stored), inverters=inverters)


def site_of(design: Design, time: float, rates: Sequence[int], counts: Sequence[int], stored: Sequence[int]) -> State:
    """`state_of` without the inverters."""
    first = 2 * len(design.inverters)
    registers = list(starmap(Register, zip(rates[first:], counts[first:], strict=True)))
    batteries, phases = len(design.batteries), design.phases
    first_load = 2 * batteries
    first_circuit = first_load + phases
    circuits = [Circuit(*registers[at : at + 5]) for at in range(first_circuit, len(registers), 5)]
    return State(
        time=time,
        inverters=(),
        batteries=tuple(
            BatteryState(
                battery.serial,
                charged=registers[number],
                discharged=registers[batteries + number],
                stored=stored[number],
                capacity=capacity(battery.capacity_watt_hours),
            )
            for number, battery in enumerate(design.batteries)
        ),
        phases=tuple(
            PhaseState(production, storage, net, load)
            for production, storage, net, load in zip(
                circuits[0::3], circuits[1::3], circuits[2::3], registers[first_load:first_circuit], strict=True
            )
        ),
    )


def charge_registers(design: Design, counts: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The charged and the discharged energy of every battery, from the registers."""
    first, count = 2 * len(design.inverters), len(design.batteries)
    return counts[first : first + count], counts[first + count : first + 2 * count]


def capacity(watt_hours: int) -> int:
    """The capacity in nanojoules."""
    return watt_hours * MICROJOULES_PER_WATT_HOUR * 1000


def registers_after(rates: Sequence[int], elapsed: int, counts: Sequence[int]) -> tuple[int, ...]:
    """The registers after `elapsed` milliseconds at these rates."""
    return tuple(map(add, counts, [rate * elapsed for rate in rates]))
