"""The components of a system: the numbers that never change. Those that change are in `state`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Array:
    """Modules that face the same way: azimuth in degrees clockwise from north, tilt in degrees from horizontal."""

    azimuth: float
    tilt: float


@dataclass(frozen=True, slots=True)
class Inverter:
    """A microinverter and its module. `array` is the number of the array that it belongs to.

    `legs` are the phases that it feeds evenly: both legs of a split phase (it is connected between them), or one of
    three phases. `exposure` is the share of the array's light that it receives all day, `shaded_until` the solar hour
    until which a tree halves that. `peak_watts` is the peak power of the module, `limit_watts` the maximum output of
    the inverter.
    """

    serial: str
    array: int
    legs: tuple[int, ...]
    peak_watts: float
    limit_watts: float
    exposure: float
    shaded_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Battery:
    """A battery unit, an IQ battery or an AC battery.

    `efficiency`: thousandths of the charged energy that are stored. `reserve`: percent that is never discharged.
    `first_charge`: percent at the start.
    """

    serial: str
    part_number: str
    legs: tuple[int, ...]
    capacity_watt_hours: int
    rated_watts: int
    efficiency: int = 900
    reserve: int = 20
    first_charge: int = 50
    kind: Literal["iq", "ac"] = "iq"


@dataclass(frozen=True, slots=True)
class Design:
    """A site: its location, wiring, arrays, inverters, batteries and household load.

    `household`: the mean load of each phase in watts. `age`: seconds for which the system ran before the simulation.
    `removed`: the serial numbers of inverters that were removed. `relay`: the serial number of an IQ Relay.
    """

    latitude: float
    longitude: float
    phase_mode: Literal["split", "three"]
    household: tuple[float, ...]
    arrays: tuple[Array, ...]
    inverters: tuple[Inverter, ...]
    batteries: tuple[Battery, ...] = ()
    age: int = 4 * 365 * 86400
    removed: tuple[str, ...] = ()
    relay: str | None = None

    @property
    def phases(self) -> int:
        return len(self.household)


def make_inverters(
    count: int,
    first_serial: int,
    *,
    arrays: int,
    legs: tuple[tuple[int, ...], ...],
    peak_watts: float,
    limit_watts: float,
) -> tuple[Inverter, ...]:
    """Inverters distributed over the arrays and the phases, with small differences."""
    return tuple(
        Inverter(
            # Serial numbers of one delivery are close together, but not consecutive.
            serial=str(first_serial + 37 * number + number * number % 11),
            array=number * arrays // count,
            legs=legs[number % len(legs)],
            peak_watts=peak_watts,
            limit_watts=limit_watts,
            exposure=(1.0, 0.985, 0.97, 0.99, 0.93)[number % 5],
            shaded_until=9.5 if number % 7 == 3 else 0.0,  # noqa: PLR2004  # a tree shades one in seven
        )
        for number in range(count)
    )
