"""The measurements of batteries and inverters, in base units; see `site_measurements`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from envoy_simulator.design import Battery
from envoy_simulator.documents import inventory
from envoy_simulator.documents.device_data import DEVICE_LIMIT
from envoy_simulator.documents.ensemble import charge
from envoy_simulator.instants import JOULES_PER_WATT_HOUR, Instant
from envoy_simulator.profiles import STORAGE, Profile
from envoy_simulator.reports import Report
from envoy_simulator.site_measurements import storage_meters

_OLDEST_REPORT = 90 * 60
"""Seconds after which the exporter drops the power of an inverter."""


@dataclass(frozen=True, slots=True)
class IQBatteries:
    units: tuple[Battery, ...]
    kind: str = "iq"

    @property
    def capacity_joules(self) -> float:
        return self._capacity * JOULES_PER_WATT_HOUR

    @property
    def reserve_ratio(self) -> float:
        return self.units[0].reserve / 100

    @property
    def _capacity(self) -> int:
        return sum(battery.capacity_watt_hours for battery in self.units)

    def watts(self, now: Instant) -> float:
        return sum(round(battery.watts) for battery in now.site.batteries)

    def charge_ratio(self, now: Instant) -> float:
        return 100 * self._available(now) // self._capacity / 100

    def available_joules(self, now: Instant) -> float:
        return self._available(now) * JOULES_PER_WATT_HOUR

    def _available(self, now: Instant) -> int:
        """Watt-hours, from the whole percents that every unit reports."""
        pairs = zip(self.units, now.site.batteries, strict=True)
        return sum(charge(state) * battery.capacity_watt_hours // 100 for battery, state in pairs)


@dataclass(frozen=True, slots=True)
class ACBatteries:
    """AC batteries, of which the gateway reports neither the capacity nor a reserve."""

    units: tuple[Battery, ...]
    kind: str = "ac"

    def watts(self, now: Instant) -> float:
        return round(sum(unit.watts for unit in now.units))

    def charge_ratio(self, now: Instant) -> float:
        return 100 * sum(unit.stored for unit in now.units) // sum(unit.capacity for unit in now.units) / 100

    def available_joules(self, now: Instant) -> float:
        return int(sum(unit.stored_watt_hours for unit in now.units)) * JOULES_PER_WATT_HOUR


@dataclass(frozen=True, slots=True)
class IQBattery:
    number: int
    serial: str

    def watts(self, now: Instant) -> float:
        return round(now.site.batteries[self.number].watts)

    def charge_ratio(self, now: Instant) -> float:
        return charge(now.site.batteries[self.number]) / 100


@dataclass(frozen=True, slots=True)
class ACBattery:
    number: int
    serial: str

    def watts(self, now: Instant) -> float:
        """Whole joules divided by the seconds of the report."""
        unit = now.units[self.number]
        return (unit.produced // 1_000_000 - unit.used // 1_000_000) / unit.duration

    def discharged_joules(self, now: Instant) -> float:
        return now.units[self.number].discharged // 1_000_000

    def charged_joules(self, now: Instant) -> float:
        return now.units[self.number].charged // 1_000_000


@dataclass(frozen=True, slots=True)
class Inverter:
    """An inverter. `in_detail`: device_data reports it, with the energy of its last report."""

    number: int
    serial: str
    max_watts: float
    part_number: str
    firmware: str
    in_detail: bool
    device_type: str = "pcu"

    def reporting(self, now: Instant) -> bool:
        report = now.reports[self.number]
        return report is not None and _is_fresh(report, now)

    def last_report(self, now: Instant) -> float | None:
        report = now.reports[self.number]
        return report.end if report else None

    def watts(self, now: Instant) -> float | None:
        """Whole joules divided by the seconds of the report; without details, whole watts."""
        report = now.reports[self.number]
        if report is None or not _is_fresh(report, now):
            return None
        return report.produced // 1_000_000 / report.duration if self.in_detail else round(report.watts)

    def joules(self, now: Instant) -> float | None:
        report = now.reports[self.number]
        return report.lifetime // 1_000_000 if report else None


@dataclass(frozen=True, slots=True)
class StorageSource:
    watts: Callable[[Instant], float]
    source: str


def _is_fresh(report: Report, now: Instant) -> bool:
    return int(now.site.time) - report.end <= _OLDEST_REPORT


def batteries(profile: Profile) -> Iterator[IQBatteries | ACBatteries]:
    """All batteries of a profile, which are of one kind."""
    yield from iq_batteries(profile)
    units = profile.design.batteries
    if _is_ac(profile):
        yield ACBatteries(units)


def iq_batteries(profile: Profile) -> Iterator[IQBatteries]:
    units = profile.design.batteries
    if units and not _is_ac(profile):
        yield IQBatteries(units)


def battery_units(profile: Profile) -> Iterator[IQBattery | ACBattery]:
    yield from iq_battery_units(profile)
    yield from ac_battery_units(profile)


def iq_battery_units(profile: Profile) -> Iterator[IQBattery]:
    if not _is_ac(profile):
        yield from (IQBattery(number, unit.serial) for number, unit in enumerate(profile.design.batteries))


def ac_battery_units(profile: Profile) -> Iterator[ACBattery]:
    if _is_ac(profile):
        yield from (ACBattery(number, unit.serial) for number, unit in enumerate(profile.design.batteries))


def _is_ac(profile: Profile) -> bool:
    return bool(profile.design.batteries) and profile.design.batteries[0].kind == "ac"


def storage_sources(profile: Profile) -> Iterator[StorageSource]:
    """The sources from which the exporter takes the storage power: the meter, or else the sum of the units."""
    for meter in storage_meters(profile):
        yield StorageSource(meter.watts, meter.source)
    for group in batteries(profile):
        if group.kind == "ac" or STORAGE not in profile.meters:
            yield StorageSource(group.watts, "units")


def inverters(profile: Profile) -> Iterator[Inverter]:
    if "/api/v1/production/inverters" not in profile.paths:
        return
    # device_data lists at most DEVICE_LIMIT devices; with more, the exporter uses the v1 API, which lists all of them.
    in_detail = "/ivp/pdm/device_data" in profile.paths and len(profile.design.inverters) < DEVICE_LIMIT
    part_number, firmware = "", ""
    if "/inventory.json" in profile.paths:
        part_number, firmware, _ = inventory.part_of(profile.firmware)
    for number, inverter in enumerate(profile.design.inverters):
        yield Inverter(number, inverter.serial, int(inverter.limit_watts), part_number, firmware, in_detail)


def inverters_in_detail(profile: Profile) -> Iterator[Inverter]:
    return (inverter for inverter in inverters(profile) if inverter.in_detail)
