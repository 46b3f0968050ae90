"""The measurements of a site, in base units: the values of those metrics of the history that do not belong to a device.

Each class is an object to which one label set of a metric belongs. Its fields are the labels. Its methods return values
at an instant, with as many decimals as the documents of the gateway have. Each function finds the objects of a profile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add

from envoy_simulator.documents.meters import EIDS
from envoy_simulator.documents.production import in_three_digits
from envoy_simulator.documents.quantities import circuit_of
from envoy_simulator.instants import JOULES_PER_WATT_HOUR, Instant
from envoy_simulator.profiles import BACKFEED, NET, PRODUCTION, STORAGE, TOTAL, Profile
from envoy_simulator.reports import is_current
from envoy_simulator.state import MICROJOULES_PER_WATT_HOUR, Circuit, PhaseState


@dataclass(frozen=True, slots=True)
class Gateway:
    serial: str
    part_number: str
    firmware: str
    metered: str | None


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a single rate, for import or export."""

    direction: str
    currency: str
    value: float
    season: str = ""
    day: str = ""
    period: str = ""
    tier: str = ""


@dataclass(frozen=True, slots=True)
class ListedMeter:
    meter: str
    eid: str
    phase_mode: str
    phases: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter with all its phases. `source`: its name in the label `source` of production or storage."""

    meter: str
    phases: int
    source: str = ""

    def watts(self, now: Instant) -> float:
        return round(reduce(add, [circuit.watts for circuit in self._circuits(now)]), 3)

    def delivered_joules(self, now: Instant) -> float:
        return _joules(reduce(add, [circuit.delivered.watt_hours for circuit in self._circuits(now)]))

    def received_joules(self, now: Instant) -> float:
        return _joules(reduce(add, [circuit.received.watt_hours for circuit in self._circuits(now)]))

    def _circuits(self, now: Instant) -> list[Circuit]:
        return [circuit_of(self.meter, now.site, phase) for phase in range(self.phases)]


@dataclass(frozen=True, slots=True)
class MeterPhase:
    meter: str
    phase: str
    number: int

    def watts(self, now: Instant) -> float:
        return round(circuit_of(self.meter, now.site, self.number).watts, 3)


@dataclass(frozen=True, slots=True)
class Source:
    """A source of a power and an energy that other kinds of source can have too."""

    watts: Callable[[Instant], float]
    joules: Callable[[Instant], float]
    source: str = ""


def gateways(profile: Profile) -> Iterator[Gateway]:
    yield Gateway(profile.serial, profile.part_number, profile.software, profile.metered)


def gateways_with_clock(profile: Profile) -> Iterator[Gateway]:
    """The gateway, if it reports its time zone."""
    if profile.paths & {"/home", "/home.json"}:
        yield from gateways(profile)


def prices(profile: Profile) -> Iterator[Price]:
    if "/admin/lib/tariff" not in profile.paths:
        return
    rates = {"import": profile.tariff.rate, "export": profile.tariff.sell if profile.firmware >= (5,) else 0.0}
    yield from (Price(direction, profile.tariff.currency, rate) for direction, rate in rates.items() if rate)


def listed_meters(profile: Profile) -> Iterator[ListedMeter]:
    if "/ivp/meters" not in profile.paths:
        return
    design = profile.design
    for meter in (*profile.meters, *profile.disabled_meters):
        yield ListedMeter(meter, str(EIDS[meter]), design.phase_mode, str(design.phases), meter in profile.meters)


def meters(profile: Profile) -> Iterator[Meter]:
    """All enabled meters except the backfeed meter of a combiner."""
    return (Meter(meter, profile.design.phases) for meter in profile.meters if meter != BACKFEED)


def meter_phases(profile: Profile) -> Iterator[MeterPhase]:
    for meter in meters(profile):
        yield from (MeterPhase(meter.meter, f"L{number + 1}", number) for number in range(meter.phases))


def production_meters(profile: Profile) -> Iterator[Meter]:
    return _of_type(profile, PRODUCTION, "eim")


def net_meters(profile: Profile) -> Iterator[Meter]:
    return _of_type(profile, NET)


def storage_meters(profile: Profile) -> Iterator[Meter]:
    return _of_type(profile, STORAGE, "ct")


def _of_type(profile: Profile, meter: str, source: str = "") -> Iterator[Meter]:
    if meter in profile.meters:
        yield Meter(meter, profile.design.phases, source)


def production_sources(profile: Profile) -> Iterator[Source]:
    """The sources from which the exporter takes the production: the meter, or else the sum of the inverters."""
    for meter in production_meters(profile):
        yield Source(meter.watts, meter.delivered_joules, meter.source)
    yield from summed_production(profile)


def summed_production(profile: Profile) -> Iterator[Source]:
    """The sum of the inverters if no meter measures the production: in 3 digits on an HTML page, or in the v1 API."""
    if PRODUCTION in profile.meters:
        return
    if profile.firmware < (3, 9):
        yield Source(
            lambda now: _as_printed(_reported_watts(now), "W"),
            lambda now: _as_printed(_reported_watt_hours(now), "Wh") * JOULES_PER_WATT_HOUR,
            "html",
        )
    else:
        yield Source(
            lambda now: round(_reported_watts(now)),
            lambda now: int(_reported_watt_hours(now)) * JOULES_PER_WATT_HOUR,
            "v1",
        )


def consumption(profile: Profile) -> Iterator[Source]:
    """The consumption as production.json adds it up: production plus net, phase by phase."""
    if NET in profile.meters:
        yield Source(
            _sum_of_phases(lambda phase: phase.production.watts + phase.net.watts),
            _energy_of_phases(
                lambda phase: (
                    phase.production.delivered.watt_hours
                    + (phase.net.delivered.watt_hours - phase.net.received.watt_hours)
                )
            ),
        )


def net_consumption(profile: Profile) -> Iterator[Source]:
    """The net meter with its balance, which older firmware does not subtract; or the load less the production."""
    for net in net_meters(profile):
        yield Source(net.watts, _net_balance if profile.requires_token else net.delivered_joules)
    if TOTAL in profile.meters:
        # 8.3.5433 reports the same values as total consumption, which the exporter rejects.
        yield Source(
            _sum_of_phases(lambda phase: phase.load.watts - phase.production.watts),
            _energy_of_phases(
                lambda phase: (
                    phase.load.watt_hours
                    - (phase.production.delivered.watt_hours - phase.production.received.watt_hours)
                )
            ),
        )


def _net_balance(now: Instant) -> float:
    delivered = reduce(add, [phase.net.delivered.watt_hours for phase in now.site.phases])
    return _joules(delivered - reduce(add, [phase.net.received.watt_hours for phase in now.site.phases]))


def _sum_of_phases(value: Callable[[PhaseState], float]) -> Callable[[Instant], float]:
    return lambda now: round(reduce(add, [value(phase) for phase in now.site.phases]), 3)


def _energy_of_phases(watt_hours: Callable[[PhaseState], float]) -> Callable[[Instant], float]:
    return lambda now: _joules(reduce(add, [watt_hours(phase) for phase in now.site.phases]))


def _joules(watt_hours: float) -> float:
    """The joules of a register that the gateway reports in watt-hours with three decimals."""
    return round(watt_hours, 3) * JOULES_PER_WATT_HOUR


def _reported_watts(now: Instant) -> float:
    return sum(report.watts for report in now.reports if report and is_current(report, now.site.time))


def _reported_watt_hours(now: Instant) -> float:
    """The energy of all inverters, each at its last report."""
    return sum(report.lifetime for report in now.reports if report) / MICROJOULES_PER_WATT_HOUR


def _as_printed(value: float, unit: str) -> float:
    digits, prefix = in_three_digits(value, unit).split()
    return float(digits) * {"": 1, "k": 1e3, "M": 1e6}[prefix.removesuffix(unit)]
