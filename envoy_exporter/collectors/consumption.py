"""Consumption as estimated by the gateway, and the balance with the grid. A part of `production`.

The gateway adds production and net consumption, so its total is right only if it measures both: without a production
CT, it repeats the net consumption as the total, whatever the inverters produce.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import entries, system
from envoy_exporter.entries import Meter
from envoy_exporter.families import gauge, label
from envoy_exporter.fields import MAX_NUMBER, FieldReader, Fields, raw_number

from . import sanity_checks, steady
from .plausibility import CONFIRMATION_TIME
from .site import Site
from .steady import Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    power: float | None = gauge(
        "enphase_consumption_power_watts",
        "Power consumption as estimated by the gateway (production plus net grid power); does not account for"
        " batteries.",
        fields=("total-consumption.wNow",),
    )
    lifetime: float | None = gauge(
        "enphase_consumption_energy_lifetime_joules",
        "Lifetime consumption as estimated by the gateway; a gauge because it can decrease.",
        fields=("total-consumption.whLifetime",),
    )
    today: float | None = gauge(
        "enphase_consumption_energy_today_joules",
        "Consumption since midnight as estimated by the gateway.",
        fields=("total-consumption.whToday",),
    )
    last_week: float | None = gauge(
        "enphase_consumption_energy_last_week_joules",
        "Consumption in the seven days before today as estimated by the gateway.",
        fields=("total-consumption.whLastSevenDays",),
    )
    reactive_power: float | None = gauge(
        "enphase_consumption_reactive_power_volt_amperes_reactive",
        "Reactive power of the consumption as estimated by the gateway.",
        fields=("total-consumption.reactPwr",),
    )
    apparent_power: float | None = gauge(
        "enphase_consumption_apparent_power_volt_amperes",
        "Apparent power of the consumption as estimated by the gateway; it may be negative.",
        fields=("total-consumption.apprntPwr",),
    )
    current: float | None = gauge(
        "enphase_consumption_current_amperes",
        "Current of the consumption as estimated by the gateway, summed over the phases; it may be negative.",
        fields=("total-consumption.rmsCurrent",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumptionPhase:
    phase: str = label()
    power: float | None = gauge(
        "enphase_consumption_phase_power_watts",
        "Power consumption on the phase as estimated by the gateway.",
        fields=("total-consumption.lines[].wNow",),
    )
    lifetime: float | None = gauge(
        "enphase_consumption_phase_energy_lifetime_joules",
        "Lifetime consumption on the phase as estimated by the gateway.",
        fields=("total-consumption.lines[].whLifetime",),
    )
    today: float | None = gauge(
        "enphase_consumption_phase_energy_today_joules",
        "Consumption on the phase since midnight as estimated by the gateway.",
        fields=("total-consumption.lines[].whToday",),
    )
    last_week: float | None = gauge(
        "enphase_consumption_phase_energy_last_week_joules",
        "Consumption on the phase in the seven days before today as estimated by the gateway.",
        fields=("total-consumption.lines[].whLastSevenDays",),
    )
    reactive_power: float | None = gauge(
        "enphase_consumption_phase_reactive_power_volt_amperes_reactive",
        "Reactive power of the consumption on the phase as estimated by the gateway.",
        fields=("total-consumption.lines[].reactPwr",),
    )
    apparent_power: float | None = gauge(
        "enphase_consumption_phase_apparent_power_volt_amperes",
        "Apparent power of the consumption on the phase as estimated by the gateway; it may be negative.",
        fields=("total-consumption.lines[].apprntPwr",),
    )
    current: float | None = gauge(
        "enphase_consumption_phase_current_amperes",
        "Current of the consumption on the phase as estimated by the gateway; it may be negative.",
        fields=("total-consumption.lines[].rmsCurrent",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetConsumption:
    power: float | None = gauge(
        "enphase_net_consumption_power_watts",
        "Power imported from the grid, negative while exporting.",
        fields=("net-consumption.wNow",),
    )
    balance: float | None = gauge(
        "enphase_net_consumption_energy_balance_joules",
        "Lifetime energy imported from the grid minus energy exported, which rises and falls; firmware 4.10 does"
        " not subtract the exported energy.",
        fields=("net-consumption.whLifetime",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetConsumptionPhase:
    phase: str = label()
    power: float | None = gauge(
        "enphase_net_consumption_phase_power_watts",
        "Power imported from the grid on the phase, negative while exporting.",
        fields=("net-consumption.lines[].wNow",),
    )
    balance: float | None = gauge(
        "enphase_net_consumption_phase_energy_balance_joules",
        "Lifetime energy imported from the grid on the phase minus energy exported on it.",
        fields=("net-consumption.lines[].whLifetime",),
    )


READINGS = (Consumption, ConsumptionPhase, NetConsumption, NetConsumptionPhase)
TOTAL, NET = "total-consumption", "net-consumption"


@dataclass(frozen=True, slots=True)
class ConsumptionMemory:
    """What is known of the CTs and of consumption from earlier readings.

    `sole_meter`: the type of the consumption CT if it has neither another one nor a production CT beside it.
    `has_inverters`: whether the gateway has ever listed an inverter. `repeated_at`: when total consumption last
    equalled net consumption to the last digit; None once the two differ. `nothing_counted`: whether the latest lifetime
    energy of the production CT was 0.
    """

    sole_meter: str | None = None
    has_inverters: bool = False
    repeated_at: float | None = None
    nothing_counted: bool = False


def next_memory(site: Site, before: ConsumptionMemory, meters: Listing | None, now: float) -> ConsumptionMemory:
    """The memory after this reading. `meters`: the list of meters in force."""
    production: Fields | None = entries.eim_entry(site.content)
    sole = None if entries.is_active(production) else steady.sole_consumption_meter(meters)
    has_inverters = before.has_inverters or system.has_inverter(site.documents)
    energy = raw_number(production or {}, "whLifetime")
    nothing_counted = before.nothing_counted if energy is None else energy == 0
    if production is None:
        production = _missing_production(site, meters, nothing_counted=nothing_counted)
    repeated_at = _repeated_at(site, before.repeated_at, production, now, has_inverters=has_inverters)
    return ConsumptionMemory(sole, has_inverters, repeated_at, nothing_counted)


def _missing_production(site: Site, meters: Listing | None, *, nothing_counted: bool) -> Fields | None:
    """In place of a missing entry of the production CT: it is as it was, or there is no production CT."""
    if steady.is_enabled(meters, "production"):
        return {"whLifetime": 0} if nothing_counted else None
    return {"activeCount": 0} if meters and system.has_no_production_meter(site.content) else None


def _repeated_at(
    site: Site, before: float | None, production: Fields | None, now: float, *, has_inverters: bool
) -> float | None:
    """One undecided poll does not end a rejection: activeCount changes often on 8.3 (pyenphase#471)."""
    total, net = entries.consumption_entries(site.content)
    same = sanity_checks.total_equals_net(total or {}, net, production, has_inverters=has_inverters)
    if same is None:
        return before if before is not None and now - before < CONFIRMATION_TIME else None
    return now if same else None


def rejected(memory: ConsumptionMemory) -> frozenset[str]:
    """The entry that wrongly repeats the other one.

    If the hardware decides it: with only a net-consumption CT, the total lacks what the inverters produce; with only a
    total-consumption CT, the net does.
    """
    if memory.sole_meter is not None and memory.has_inverters:
        return frozenset({TOTAL if memory.sole_meter == NET else NET})
    return frozenset() if memory.repeated_at is None else frozenset({TOTAL})


def read(
    site: Site, memory: ConsumptionMemory
) -> Iterator[Consumption | ConsumptionPhase | NetConsumption | NetConsumptionPhase]:
    """The readings of both entries; none while the CT is not active."""
    meter = system.enabled_meter(site.documents, NET) or system.enabled_meter(site.documents, TOTAL)
    total, net = entries.consumption_entries(site.content)
    if (total_entry := _usable(site, TOTAL, total, meter, memory)) is not None:
        yield Consumption(**_total_values(site, total_entry))
        for phase, line in site.lines(total_entry, meter):
            yield ConsumptionPhase(phase=phase, **_total_values(site, line, phase))
    if (net_entry := _usable(site, NET, net, meter, memory)) is not None:
        yield NetConsumption(**_net_values(site, net_entry))
        for phase, line in site.lines(net_entry, meter):
            yield NetConsumptionPhase(phase=phase, **_net_values(site, line, phase))


def _usable(
    site: Site, name: str, entry: Fields | None, meter: Meter | None, memory: ConsumptionMemory
) -> FieldReader | None:
    if entry is not None and entries.is_active(entry) and name in rejected(memory):
        site.fields(entry).reject(sanity_checks.TOTAL_EQUALS_NET, name)
        return None
    return site.active_entry(name, entry, meter)


def _total_values(site: Site, entry: FieldReader, phase: str = "") -> dict[str, float | None]:
    fields = site.accepted(TOTAL, entry, phase)
    lifetime = entry.raw_number("whLifetime")
    return {
        "power": fields.number("wNow"),
        "lifetime": fields.watt_hours("whLifetime", low=-MAX_NUMBER),
        "reactive_power": fields.number("reactPwr"),
        "apparent_power": fields.number("apprntPwr"),
        "current": fields.number("rmsCurrent"),
        **sanity_checks.today_and_last_week(fields, "whToday", "whLastSevenDays", lifetime),
    }


def _net_values(site: Site, entry: FieldReader, phase: str = "") -> dict[str, float | None]:
    fields = site.accepted(NET, entry, phase)
    return {"power": fields.number("wNow"), "balance": fields.watt_hours("whLifetime", low=-MAX_NUMBER)}
