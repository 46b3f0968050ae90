"""The series of batteries and inverters, each by itself and all together: see `series`."""

from collections.abc import Iterator
from functools import partial

from envoy_simulator.columns import WATT_HOUR, Column, Instant, always, column
from envoy_simulator.documents import inventory
from envoy_simulator.documents.device_data import DEVICE_LIMIT
from envoy_simulator.documents.ensemble import charge
from envoy_simulator.profiles import STORAGE, Profile
from envoy_simulator.reports import Report
from envoy_simulator.state import BatteryState

_OLDEST_REPORT = 90 * 60
"""Seconds after which the exporter believes an inverter's power no more."""


def batteries(profile: Profile) -> Iterator[Column]:
    """No profile has both kinds."""
    units = profile.design.batteries
    if units and units[0].kind == "ac":
        yield from _ac_batteries(profile)
        return
    if not units:
        return
    capacity = sum(battery.capacity_watt_hours for battery in units)

    def watts(now: Instant) -> float:
        return sum(round(battery.watts) for battery in now.site.batteries)

    def available(now: Instant) -> int:
        """Watt-hours, of whole percents of each."""
        both = zip(units, now.site.batteries, strict=True)
        return sum(charge(state) * battery.capacity_watt_hours // 100 for battery, state in both)

    def charged(now: Instant) -> float:
        return 100 * available(now) // capacity / 100

    for family, labels in (("storage", {}), ("battery", {"kind": "iq"})):
        yield column(f"{family}_charge_ratio", charged, **labels)
        yield column(f"{family}_available_energy_joules", lambda now: available(now) * WATT_HOUR, **labels)
        yield column(f"{family}_capacity_joules", always(capacity * WATT_HOUR), **labels)
    yield column("battery_power_watts", watts, kind="iq")
    yield column("battery_units", always(len(units)), kind="iq")
    yield column("battery_reserve_ratio", always(units[0].reserve / 100), kind="iq")
    if STORAGE not in profile.meters:
        yield column("storage_power_watts", watts, source="units")
    for number, battery in enumerate(units):
        yield column("battery_unit_power_watts", partial(_unit_watts, number), serial=battery.serial)
        yield column("battery_unit_charge_ratio", partial(_unit_charge, number), serial=battery.serial)


def _ac_batteries(profile: Profile) -> Iterator[Column]:
    """The gateway knows no capacity of theirs."""
    units = profile.design.batteries

    def watts(now: Instant) -> float:
        return round(sum(unit.watts for unit in now.units))

    def charged(now: Instant) -> float:
        return 100 * sum(unit.stored for unit in now.units) // sum(unit.capacity for unit in now.units) / 100

    def available(now: Instant) -> float:
        return int(sum(unit.stored_watt_hours for unit in now.units)) * WATT_HOUR

    for family, labels in (("storage", {}), ("battery", {"kind": "ac"})):
        yield column(f"{family}_charge_ratio", charged, **labels)
        yield column(f"{family}_available_energy_joules", available, **labels)
    yield column("battery_power_watts", watts, kind="ac")
    yield column("battery_units", always(len(units)), kind="ac")
    yield column("storage_power_watts", watts, source="units")
    for number, battery in enumerate(units):
        serial = battery.serial
        yield column("battery_unit_power_watts", partial(_ac_watts, number), serial=serial)
        yield column("battery_unit_discharged_energy_joules_total", partial(_ac_discharged, number), serial=serial)
        yield column("battery_unit_charged_energy_joules_total", partial(_ac_charged, number), serial=serial)


def _ac_watts(number: int, now: Instant) -> float:
    """Whole joules by the seconds of the report."""
    unit = now.units[number]
    return (unit.produced // 1_000_000 - unit.used // 1_000_000) / unit.duration


def _ac_discharged(number: int, now: Instant) -> float:
    return now.units[number].discharged // 1_000_000


def _ac_charged(number: int, now: Instant) -> float:
    return now.units[number].charged // 1_000_000


def _unit(number: int, now: Instant) -> BatteryState:
    return now.site.batteries[number]


def _unit_watts(number: int, now: Instant) -> float:
    return round(_unit(number, now).watts)


def _unit_charge(number: int, now: Instant) -> float:
    return charge(_unit(number, now)) / 100


# --- inverters


def inverters(profile: Profile) -> Iterator[Column]:
    """By device_data, if it has them all: it ends after so many devices."""
    if "/api/v1/production/inverters" not in profile.paths:
        return
    in_detail = "/ivp/pdm/device_data" in profile.paths and len(profile.design.inverters) < DEVICE_LIMIT
    part, image = "", ""
    if "/inventory.json" in profile.paths:
        part, image, _ = inventory.part_of(profile.firmware)
    for number, inverter in enumerate(profile.design.inverters):
        serial = inverter.serial
        labels = {"part_number": part, "device_type": "pcu", "firmware": image}
        yield column("inverter_info", always(1), serial=serial, **labels)
        yield column("inverter_reporting", partial(_reporting, number), serial=serial)
        yield column("inverter_max_power_watts", always(int(inverter.limit_watts)), serial=serial)
        yield column("inverter_last_report_timestamp_seconds", partial(_last_report, number), serial=serial)
        watts = _mean_watts if in_detail else _whole_watts
        yield column("inverter_power_watts", partial(watts, number), serial=serial)
        if in_detail:
            yield column("inverter_energy_joules_total", partial(_lifetime, number), serial=serial)


def _reporting(number: int, now: Instant) -> float:
    report = now.reports[number]
    return report is not None and _is_fresh(report, now)


def _is_fresh(report: Report, now: Instant) -> bool:
    return int(now.site.time) - report.end <= _OLDEST_REPORT


def _last_report(number: int, now: Instant) -> float | None:
    report = now.reports[number]
    return report.end if report else None


def _whole_watts(number: int, now: Instant) -> float | None:
    report = now.reports[number]
    return round(report.watts) if report and _is_fresh(report, now) else None


def _mean_watts(number: int, now: Instant) -> float | None:
    """Whole joules by the seconds of the report."""
    report = now.reports[number]
    return report.produced // 1_000_000 / report.duration if report and _is_fresh(report, now) else None


def _lifetime(number: int, now: Instant) -> float | None:
    report = now.reports[number]
    return report.lifetime // 1_000_000 if report else None
