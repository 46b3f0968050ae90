"""The load as the gateway estimates it, and the balance with the grid. A part of `production`.

The gateway adds production to the net power, so its load is right only where it counts both: without a production CT it
repeats the grid's values as the load, whatever the inverters produce.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import entries, system
from envoy_exporter.entries import Meter
from envoy_exporter.families import gauge, label
from envoy_exporter.fields import MAX_NUMBER, WATT_HOUR, FieldReader, Fields, raw_number, scaled

from . import sanity_checks, steady
from .plausibility import HOLD
from .site import Site
from .steady import Listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    power: float | None = gauge(
        "enphase_consumption_power_watts",
        "What the gateway takes for the load: production and net added, so wrong by what batteries do.",
        fields=("total-consumption wNow",),
    )
    lifetime: float | None = gauge(
        "enphase_consumption_energy_lifetime_joules",
        "Energy that it takes for the load's, a gauge as it may fall.",
        fields=("total-consumption whLifetime",),
    )
    today: float | None = gauge(
        "enphase_consumption_energy_today_joules", "Since midnight, as reported.", fields=("total-consumption whToday",)
    )
    last_week: float | None = gauge(
        "enphase_consumption_energy_last_week_joules",
        "In the seven days before today, as reported.",
        fields=("total-consumption whLastSevenDays",),
    )
    reactive_power: float | None = gauge(
        "enphase_consumption_reactive_power_volt_amperes_reactive",
        "Reactive power of the consumption as estimated by the gateway.",
        fields=("total-consumption reactPwr",),
    )
    apparent_power: float | None = gauge(
        "enphase_consumption_apparent_power_volt_amperes",
        "Apparent power of the consumption as estimated by the gateway; it may be negative.",
        fields=("total-consumption apprntPwr",),
    )
    current: float | None = gauge(
        "enphase_consumption_current_amperes",
        "Current of the consumption as estimated by the gateway, all phases added; it may be negative.",
        fields=("total-consumption rmsCurrent",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumptionPhase:
    phase: str = label()
    power: float | None = gauge(
        "enphase_consumption_phase_power_watts",
        "What the gateway takes for the load of the phase.",
        fields=("total-consumption lines[].wNow",),
    )
    lifetime: float | None = gauge(
        "enphase_consumption_phase_energy_lifetime_joules",
        "Energy that it takes for the load's on the phase.",
        fields=("total-consumption lines[].whLifetime",),
    )
    today: float | None = gauge(
        "enphase_consumption_phase_energy_today_joules",
        "On the phase since midnight, as reported.",
        fields=("total-consumption lines[].whToday",),
    )
    last_week: float | None = gauge(
        "enphase_consumption_phase_energy_last_week_joules",
        "On the phase in the seven days before today, as reported.",
        fields=("total-consumption lines[].whLastSevenDays",),
    )
    reactive_power: float | None = gauge(
        "enphase_consumption_phase_reactive_power_volt_amperes_reactive",
        "Reactive power of the consumption on the phase as estimated by the gateway.",
        fields=("total-consumption lines[].reactPwr",),
    )
    apparent_power: float | None = gauge(
        "enphase_consumption_phase_apparent_power_volt_amperes",
        "Apparent power of the consumption on the phase as estimated by the gateway; it may be negative.",
        fields=("total-consumption lines[].apprntPwr",),
    )
    current: float | None = gauge(
        "enphase_consumption_phase_current_amperes",
        "Current of the consumption on the phase as estimated by the gateway; it may be negative.",
        fields=("total-consumption lines[].rmsCurrent",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetConsumption:
    power: float | None = gauge(
        "enphase_net_consumption_power_watts",
        "Power from the grid, negative to the grid.",
        fields=("net-consumption wNow",),
    )
    balance: float | None = gauge(
        "enphase_net_consumption_energy_balance_joules",
        "Energy from the grid less energy to it, rising and falling; firmware 4.10 leaves out the latter.",
        fields=("net-consumption whLifetime",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetConsumptionPhase:
    phase: str = label()
    power: float | None = gauge(
        "enphase_net_consumption_phase_power_watts",
        "Power from the grid on the phase, negative to the grid.",
        fields=("net-consumption lines[].wNow",),
    )
    balance: float | None = gauge(
        "enphase_net_consumption_phase_energy_balance_joules",
        "Energy from the grid less energy to it, on the phase.",
        fields=("net-consumption lines[].whLifetime",),
    )


READINGS = (Consumption, ConsumptionPhase, NetConsumption, NetConsumptionPhase)
TOTAL, NET = "total-consumption", "net-consumption"


@dataclass(frozen=True, slots=True)
class ConsumptionMemory:
    """What is known of the CTs and of the load from earlier readings.

    `sole_meter`: the type of the consumption CT that has no production CT beside it. `has_inverters`: the gateway has
    listed one. `repeated_at`: when the load last was the grid's to the last digit; None once the two differ.
    `nothing_counted`: the production CT's lifetime was 0 when the gateway last sent it.
    """

    sole_meter: str | None = None
    has_inverters: bool = False
    repeated_at: float | None = None
    nothing_counted: bool = False


def remembered(site: Site, before: ConsumptionMemory, meters: Listing | None, now: float) -> ConsumptionMemory:
    """The memory after this reading. `meters`: the list of meters that counts."""
    produced: Fields | None = entries.eim_entry(site.content)
    sole = None if entries.is_active(produced) else steady.sole_consumption_meter(meters)
    has_inverters = before.has_inverters or system.has_inverter(site.documents)
    energy = raw_number(produced or {}, "whLifetime")
    nothing_counted = before.nothing_counted if energy is None else energy == 0
    if produced is None:
        produced = _of_no_entry(site, meters, nothing_counted=nothing_counted)
    repeated_at = _repeated_at(site, before.repeated_at, produced, now, has_inverters=has_inverters)
    return ConsumptionMemory(sole, has_inverters, repeated_at, nothing_counted)


def _of_no_entry(site: Site, meters: Listing | None, *, nothing_counted: bool) -> Fields | None:
    """What a site without an entry of the production CT says of it: there is none, or it is as it was."""
    if steady.is_enabled(meters, "production"):
        return {"whLifetime": 0} if nothing_counted else None
    return {"activeCount": 0} if meters and system.has_no_production_meter(site.content) else None


def _repeated_at(
    site: Site, before: float | None, produced: Fields | None, now: float, *, has_inverters: bool
) -> float | None:
    """One poll that leaves out the proof does not end a rejection: activeCount flaps on 8.3 (pyenphase#471)."""
    total, net = entries.consumption_entries(site.content)
    same = sanity_checks.total_equals_net(total or {}, net, produced, has_inverters=has_inverters)
    if same is None:
        return before if before is not None and now - before < HOLD else None
    return now if same else None


def rejected(memory: ConsumptionMemory) -> frozenset[str]:
    """Which of the two entries repeats the other.

    By the hardware where that decides it: with a sole net-consumption CT the load lacks what the inverters produce,
    with a sole total-consumption CT the balance does.
    """
    if memory.sole_meter is not None and memory.has_inverters:
        return frozenset({TOTAL if memory.sole_meter == NET else NET})
    return frozenset() if memory.repeated_at is None else frozenset({TOTAL})


def read(
    site: Site, memory: ConsumptionMemory
) -> Iterator[Consumption | ConsumptionPhase | NetConsumption | NetConsumptionPhase]:
    """Nothing while the CT is not active."""
    meter = system.enabled_meter(site.documents, NET) or system.enabled_meter(site.documents, TOTAL)
    total, net = entries.consumption_entries(site.content)
    if (load := _usable(site, TOTAL, total, meter, memory)) is not None:
        yield _load(site, load)
        for phase, line in site.lines(load, meter):
            yield _load_of_phase(site, line, phase)
    if (balance := _usable(site, NET, net, meter, memory)) is not None:
        fields = site.accepted(NET, balance)
        yield NetConsumption(power=fields.number("wNow"), balance=fields.watt_hours("whLifetime", low=-MAX_NUMBER))
        for phase, line in site.lines(balance, meter):
            fields = site.accepted(NET, line, phase)
            yield NetConsumptionPhase(
                phase=phase, power=fields.number("wNow"), balance=fields.watt_hours("whLifetime", low=-MAX_NUMBER)
            )


def _usable(
    site: Site, name: str, entry: Fields | None, meter: Meter | None, memory: ConsumptionMemory
) -> FieldReader | None:
    if entry is not None and entries.is_active(entry) and name in rejected(memory):
        site.fields(entry).reject(sanity_checks.TOTAL_EQUALS_NET, name)
        return None
    return site.whole(name, entry, meter)


def _load(site: Site, sent: FieldReader) -> Consumption:
    fields = site.accepted(TOTAL, sent)
    energies = _day_and_week(fields, sent)
    return Consumption(
        power=fields.number("wNow"),
        lifetime=fields.watt_hours("whLifetime", low=-MAX_NUMBER),
        today=scaled(energies.day, WATT_HOUR),
        last_week=scaled(energies.week, WATT_HOUR),
        reactive_power=fields.number("reactPwr"),
        apparent_power=fields.number("apprntPwr"),
        current=fields.number("rmsCurrent"),
    )


def _load_of_phase(site: Site, sent: FieldReader, phase: str) -> ConsumptionPhase:
    fields = site.accepted(TOTAL, sent, phase)
    energies = _day_and_week(fields, sent)
    return ConsumptionPhase(
        phase=phase,
        power=fields.number("wNow"),
        lifetime=fields.watt_hours("whLifetime", low=-MAX_NUMBER),
        today=scaled(energies.day, WATT_HOUR),
        last_week=scaled(energies.week, WATT_HOUR),
        reactive_power=fields.number("reactPwr"),
        apparent_power=fields.number("apprntPwr"),
        current=fields.number("rmsCurrent"),
    )


def _day_and_week(fields: FieldReader, sent: FieldReader) -> sanity_checks.DayAndWeek:
    return sanity_checks.day_and_week(fields, "whToday", "whLastSevenDays", sent.raw_number("whLifetime"))
