"""The metrics of the history, in one table: name, labels, the objects that have the metric, and value in base units.

They are the metrics that recording rules, alerts and dashboards use over months: registers, powers, batteries,
inverters, and the identity of the gateway. The simulator imports nothing of the exporter, so the names are repeated
here. tests/simulator/test_history_metrics.py checks names and labels against the declarations of the exporter, and
tests/simulator/test_history.py compares every value with what the exporter reports of the same system.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from envoy_simulator import device_measurements as devices
from envoy_simulator import site_measurements as site
from envoy_simulator.instants import Instant
from envoy_simulator.profiles import Profile

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Series:
    """A metric with its labels, and its value at an instant; None where it is absent."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: Callable[[Instant], float | None]


@dataclass(frozen=True, slots=True)
class Metric:
    """A row of the table. `series`: the function that returns the series of a profile."""

    name: str
    labels: tuple[str, ...]
    series: Callable[[Profile], Iterator[Series]]


def metric(
    name: str,
    labels: tuple[str, ...],
    subjects: Callable[[Profile], Iterable[Subject]],
    value: Callable[[Subject, Instant], float | None],
) -> Metric:
    """A metric that has one series for each subject of a profile; the subject's attributes are the labels."""

    def series(profile: Profile) -> Iterator[Series]:
        for subject in subjects(profile):
            values = tuple((label, getattr(subject, label) or "") for label in labels)
            yield Series(name, values, partial(value, subject))

    return Metric(name, labels, series)


class _Power(Protocol):
    def watts(self, now: Instant, /) -> float | None: ...


class _Energy(Protocol):
    def joules(self, now: Instant, /) -> float | None: ...


class _Charge(Protocol):
    def charge_ratio(self, now: Instant, /) -> float: ...


def info(_: object, __: Instant) -> float:
    """The value of an info metric."""
    return 1


def watts(subject: _Power, now: Instant) -> float | None:
    return subject.watts(now)


def joules(subject: _Energy, now: Instant) -> float | None:
    return subject.joules(now)


def charge(subject: _Charge, now: Instant) -> float:
    return subject.charge_ratio(now)


def available(batteries: devices.IQBatteries | devices.ACBatteries, now: Instant) -> float:
    return batteries.available_joules(now)


delivered, received = site.Meter.delivered_joules, site.Meter.received_joules
discharged, charged = devices.ACBattery.discharged_joules, devices.ACBattery.charged_joules
reporting, last_report = devices.Inverter.reporting, devices.Inverter.last_report

_TARIFF = ("direction", "currency", "season", "day", "period", "tier")
_METER = ("meter", "eid", "phase_mode", "phases")
_INVERTER = ("serial", "part_number", "device_type", "firmware")

SITE = (
    metric("enphase_up", (), site.gateways, info),
    metric("enphase_gateway_info", ("serial", "part_number", "firmware", "metered"), site.gateways, info),
    metric("enphase_gateway_utc_offset_seconds", (), site.gateways_with_clock, lambda _, now: now.utc_offset),
    metric("enphase_tariff_price_per_kilowatt_hour", _TARIFF, site.prices, lambda price, _: price.value),
    metric("enphase_production_power_watts", ("source",), site.production_sources, watts),
    metric("enphase_production_energy_joules_total", ("source",), site.production_meters, delivered),
    metric("enphase_production_energy_lifetime_joules", ("source",), site.summed_production, joules),
    metric("enphase_consumption_power_watts", (), site.consumption, watts),
    metric("enphase_consumption_energy_lifetime_joules", (), site.consumption, joules),
    metric("enphase_net_consumption_power_watts", (), site.net_consumption, watts),
    metric("enphase_net_consumption_energy_balance_joules", (), site.net_consumption, joules),
    metric("enphase_grid_power_watts", (), site.net_meters, watts),
    metric("enphase_grid_import_energy_joules_total", (), site.net_meters, delivered),
    metric("enphase_grid_export_energy_joules_total", (), site.net_meters, received),
    metric("enphase_meter_info", _METER, site.listed_meters, info),
    metric("enphase_meter_enabled", ("meter",), site.listed_meters, lambda meter, _: meter.enabled),
    metric("enphase_meter_power_watts", ("meter",), site.meters, watts),
    metric("enphase_meter_energy_delivered_joules_total", ("meter",), site.meters, delivered),
    metric("enphase_meter_energy_received_joules_total", ("meter",), site.meters, received),
    metric("enphase_meter_phase_power_watts", ("meter", "phase"), site.meter_phases, watts),
)

STORAGE = (
    metric("enphase_storage_power_watts", ("source",), devices.storage_sources, watts),
    metric("enphase_storage_discharged_energy_joules_total", (), site.storage_meters, delivered),
    metric("enphase_storage_charged_energy_joules_total", (), site.storage_meters, received),
    metric("enphase_storage_charge_ratio", (), devices.batteries, charge),
    metric("enphase_storage_available_energy_joules", (), devices.batteries, available),
    metric("enphase_storage_capacity_joules", (), devices.iq_batteries, lambda group, _: group.capacity_joules),
    metric("enphase_battery_power_watts", ("kind",), devices.batteries, watts),
    metric("enphase_battery_charge_ratio", ("kind",), devices.batteries, charge),
    metric("enphase_battery_available_energy_joules", ("kind",), devices.batteries, available),
    metric("enphase_battery_capacity_joules", ("kind",), devices.iq_batteries, lambda group, _: group.capacity_joules),
    metric("enphase_battery_reserve_ratio", ("kind",), devices.iq_batteries, lambda group, _: group.reserve_ratio),
    metric("enphase_battery_units", ("kind",), devices.batteries, lambda group, _: len(group.units)),
    metric("enphase_battery_unit_power_watts", ("serial",), devices.battery_units, watts),
    metric("enphase_battery_unit_charge_ratio", ("serial",), devices.iq_battery_units, charge),
    metric("enphase_battery_unit_discharged_energy_joules_total", ("serial",), devices.ac_battery_units, discharged),
    metric("enphase_battery_unit_charged_energy_joules_total", ("serial",), devices.ac_battery_units, charged),
)

INVERTERS = (
    metric("enphase_inverter_info", _INVERTER, devices.inverters, info),
    metric("enphase_inverter_reporting", ("serial",), devices.inverters, reporting),
    metric("enphase_inverter_power_watts", ("serial",), devices.inverters, watts),
    metric("enphase_inverter_max_power_watts", ("serial",), devices.inverters, lambda unit, _: unit.max_watts),
    metric("enphase_inverter_energy_joules_total", ("serial",), devices.inverters_in_detail, joules),
    metric("enphase_inverter_last_report_timestamp_seconds", ("serial",), devices.inverters, last_report),
)

METRICS = (*SITE, *STORAGE, *INVERTERS)


def series(profile: Profile, *, inverters: bool = True) -> tuple[Series, ...]:
    """All series of a profile, with or without those of the single inverters."""
    metrics = METRICS if inverters else (*SITE, *STORAGE)
    return tuple(single for metric in metrics for single in metric.series(profile))
