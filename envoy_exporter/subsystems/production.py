"""The site: what is produced, what the gateway takes for the load, and the balance with the grid.

Three registers call themselves production (`source`). Which of them this plant has is chosen once, and kept: a
poll without it has no sample, never another's, for a switch would add megawatt-hours (pyenphase#471).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import documents, untrusted
from envoy_exporter.documents import Documents, Json
from envoy_exporter.families import Reading, counter, gauge, label
from envoy_exporter.untrusted import WATT_HOUR, Fields, Refusals, Refuse, instant, number, scaled

from . import rules
from .subsystem import Read, Settings

NAME = "production"
ON = True
RULES = (
    untrusted.TYPE,
    untrusted.RANGE,
    rules.DAY_EQUALS_LIFETIME,
    rules.WEEK_EQUALS_LIFETIME,
    rules.WEEK_BELOW_DAY,
    rules.TOTAL_EQUALS_NET,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    source: str = label()
    power: float | None = gauge(
        "enphase_production_power_watts",
        "Power produced; at night a few negative watts are what the inverters draw (wNow, wattsNow).",
    )
    energy: float | None = counter(
        "enphase_production_energy_joules_total", "Energy produced, by the production CT (whLifetime of eim)."
    )
    lifetime: float | None = gauge(
        "enphase_production_energy_lifetime_joules",
        "Energy produced as the inverters add it up, a gauge as it steps by 2^32 J (whLifetime, wattHoursLifetime).",
    )
    today: float | None = gauge(
        "enphase_production_energy_today_joules",
        "Energy since midnight, as reported: it may reset late (whToday, wattHoursToday).",
    )
    last_week: float | None = gauge(
        "enphase_production_energy_last_week_joules",
        "Energy of the seven days before today, as reported (whLastSevenDays, wattHoursSevenDays).",
    )
    last_reading: float | None = gauge(
        "enphase_production_last_reading_timestamp_seconds", "When the source was read (readingTime)."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionPhase:
    source: str = label()
    phase: str = label()
    power: float | None = gauge("enphase_production_phase_power_watts", "Power produced on the phase (lines[].wNow).")
    energy: float | None = counter(
        "enphase_production_phase_energy_joules_total", "Energy produced on the phase (lines[].whLifetime)."
    )
    today: float | None = gauge(
        "enphase_production_phase_energy_today_joules", "Energy since midnight, as reported (lines[].whToday)."
    )
    last_week: float | None = gauge(
        "enphase_production_phase_energy_last_week_joules",
        "Energy of the seven days before today, as reported (lines[].whLastSevenDays).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    inverters: float | None = gauge(
        "enphase_inverters_reporting", "Inverters that the gateway counts as reporting (inverters.activeCount)."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    power: float | None = gauge(
        "enphase_consumption_power_watts",
        "What the gateway takes for the load: production and net added, so wrong by what batteries do"
        " (total-consumption wNow).",
    )
    lifetime: float | None = gauge(
        "enphase_consumption_energy_lifetime_joules",
        "Energy that it takes for the load's, a gauge as it may fall (total-consumption whLifetime).",
    )
    today: float | None = gauge(
        "enphase_consumption_energy_today_joules", "Since midnight, as reported (total-consumption whToday)."
    )
    last_week: float | None = gauge(
        "enphase_consumption_energy_last_week_joules",
        "In the seven days before today, as reported (total-consumption whLastSevenDays).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumptionPhase:
    phase: str = label()
    power: float | None = gauge(
        "enphase_consumption_phase_power_watts",
        "What the gateway takes for the load of the phase (total-consumption lines[].wNow).",
    )
    lifetime: float | None = gauge(
        "enphase_consumption_phase_energy_lifetime_joules",
        "Energy that it takes for the load's on the phase (total-consumption lines[].whLifetime).",
    )
    today: float | None = gauge(
        "enphase_consumption_phase_energy_today_joules",
        "On the phase since midnight, as reported (total-consumption lines[].whToday).",
    )
    last_week: float | None = gauge(
        "enphase_consumption_phase_energy_last_week_joules",
        "On the phase in the seven days before today, as reported (total-consumption lines[].whLastSevenDays).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetConsumption:
    power: float | None = gauge(
        "enphase_net_consumption_power_watts", "Power from the grid, negative to the grid (net-consumption wNow)."
    )
    balance: float | None = gauge(
        "enphase_net_consumption_energy_balance_joules",
        "Energy from the grid less energy to it, rising and falling; firmware 4.10 leaves out the latter"
        " (net-consumption whLifetime).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetConsumptionPhase:
    phase: str = label()
    power: float | None = gauge(
        "enphase_net_consumption_phase_power_watts",
        "Power from the grid on the phase, negative to the grid (net-consumption lines[].wNow).",
    )
    balance: float | None = gauge(
        "enphase_net_consumption_phase_energy_balance_joules",
        "Energy from the grid less energy to it, on the phase (net-consumption lines[].whLifetime).",
    )


READINGS = (
    Production,
    ProductionPhase,
    Reporting,
    Consumption,
    ConsumptionPhase,
    NetConsumption,
    NetConsumptionPhase,
)


@dataclass(frozen=True, slots=True)
class Memory:
    """Which source was chosen, and on what: another firmware or other meters open the choice again."""

    source: str | None = None
    firmware: str | None = None
    meters: tuple[tuple[int, str, bool], ...] | None = None


def read(seen: Documents, _: Settings, memory: object, now: float) -> Read:  # noqa: ARG001
    refusals = Refusals()
    chosen = _choose(seen, memory if isinstance(memory, Memory) else Memory())
    readings = [*_production(seen, chosen.source, refusals), *_site(seen, refusals)]
    return Read(tuple(readings), tuple(refusals.met), chosen)


# --- which source


def _choose(seen: Documents, memory: Memory) -> Memory:
    """Once the documents have answered that it takes to know. The CT wins whenever it shows: it may be away first."""
    firmware = documents.device(seen, "software") or memory.firmware
    meters = memory.meters
    if seen.settled(documents.METERS):
        meters = tuple((meter.eid, meter.type, meter.enabled) for meter in documents.meters(seen))
    kept = memory.source if (firmware, meters) == (memory.firmware, memory.meters) else None
    if documents.is_active(documents.eim_entry(documents.site(seen))):
        kept = "eim"
    return Memory(kept or _source(seen), firmware, meters)


def _source(seen: Documents) -> str | None:
    if documents.firmware_below(seen, 3, 9):
        return "html" if isinstance(seen.content(documents.PRODUCTION), str) else None
    site = documents.site(seen)
    if documents.INFO not in seen.at_hand or (site is None and documents.PRODUCTION_JSON not in seen.absent):
        return None
    inverters = documents.inverters_entry(site)
    if documents.metered(seen):
        if not seen.settled(documents.METERS):
            return None
        listed = isinstance(seen.content(documents.METERS), list)
        if inverters and listed and not documents.enabled_meter(seen, "production"):
            return "inverters"
    if documents.PRODUCTION_V1 not in seen.at_hand:
        return None
    v1 = documents.entry(seen.content(documents.PRODUCTION_V1))
    if any(v1.get(energy) != 0 for energy in ("wattHoursToday", "wattHoursSevenDays", "wattHoursLifetime")):
        return "v1"
    # All zero: for good without CTs (7.3.466_metered_disabled_cts), or for minutes after the gateway started.
    return "inverters" if inverters and inverters.get("whLifetime") else None


# --- the readings


def _production(seen: Documents, source: str | None, refusals: Refusals) -> Iterator[Reading]:
    site = documents.site(seen)
    refuse = refusals.of(documents.PRODUCTION_JSON)
    inverters, eim = documents.inverters_entry(site), documents.eim_entry(site)
    if inverters is not None:
        yield Reporting(inverters=number(inverters, "activeCount", refuse, low=0))
    if source == "eim" and eim is not None and documents.is_active(eim):
        lifetime = number(eim, "whLifetime", refuse, low=0)
        yield Production(
            source=source,
            power=number(eim, "wNow", refuse),
            energy=scaled(lifetime, WATT_HOUR),
            last_reading=instant(eim, "readingTime", refuse),
            **_day_and_week(eim, "whToday", "whLastSevenDays", lifetime, refuse),
        )
        for phase, line in _lines(eim, documents.enabled_meter(seen, "production"), refuse):
            lifetime = number(line, "whLifetime", refuse, low=0)
            yield ProductionPhase(
                source=source,
                phase=phase,
                power=number(line, "wNow", refuse),
                energy=scaled(lifetime, WATT_HOUR),
                **_day_and_week(line, "whToday", "whLastSevenDays", lifetime, refuse),
            )
    elif source == "inverters" and inverters is not None:
        yield Production(
            source=source,
            power=number(inverters, "wNow", refuse),
            lifetime=scaled(number(inverters, "whLifetime", refuse, low=0), WATT_HOUR),
            last_reading=instant(inverters, "readingTime", refuse),
        )
    elif source == "v1":
        yield from _v1(documents.entry(seen.content(documents.PRODUCTION_V1)), refusals.of(documents.PRODUCTION_V1))
    elif source == "html":
        yield from _page(seen.content(documents.PRODUCTION), refusals.of(documents.PRODUCTION))


def _v1(fields: Fields, refuse: Refuse) -> Iterator[Production]:
    if not fields:
        return
    lifetime = number(fields, "wattHoursLifetime", refuse, low=0)
    yield Production(
        source="v1",
        power=number(fields, "wattsNow", refuse),
        lifetime=scaled(lifetime, WATT_HOUR),
        **_day_and_week(fields, "wattHoursToday", "wattHoursSevenDays", lifetime, refuse),
    )


_ROW = re.compile(
    r"(Currently|Today|Past Week|Since Installation)\s*(?:<[^<>]*>\s*)+(\d+(?:\.\d+)?)\s*([kMG]?)(?:Wh?)\b"
)
_PREFIX = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}


def _page(page: Json, refuse: Refuse) -> Iterator[Production]:
    """The table of firmware below 3.9: three significant digits, so energy comes in steps of up to 1 MWh."""
    rows = {
        row: float(value) * _PREFIX[prefix]
        for row, value, prefix in _ROW.findall(page if isinstance(page, str) else "")
    }
    if not rows:
        return
    lifetime = number(rows, "Since Installation", refuse)
    yield Production(
        source="html",
        power=number(rows, "Currently", refuse),
        lifetime=scaled(lifetime, WATT_HOUR),
        **_day_and_week(rows, "Today", "Past Week", lifetime, refuse),
    )


def _site(seen: Documents, refusals: Refusals) -> Iterator[Reading]:
    """What the gateway takes for the load, and the balance with the grid; nothing while its CT is not active."""
    site = documents.site(seen)
    refuse = refusals.of(documents.PRODUCTION_JSON)
    meter = documents.enabled_meter(seen, "net-consumption") or documents.enabled_meter(seen, "total-consumption")
    total = documents.consumption_entry(site, "total-consumption")
    net = documents.consumption_entry(site, "net-consumption")
    if total is not None and documents.is_active(total):
        if rules.total_equals_net(total, net, documents.eim_entry(site)):
            refuse(rules.TOTAL_EQUALS_NET, "total-consumption")
        else:
            yield Consumption(**_load(total, refuse))
            for phase, line in _lines(total, meter, refuse):
                yield ConsumptionPhase(phase=phase, **_load(line, refuse))
    if net is not None and documents.is_active(net):
        yield NetConsumption(**_balance(net, refuse))
        for phase, line in _lines(net, meter, refuse):
            yield NetConsumptionPhase(phase=phase, **_balance(line, refuse))


def _load(fields: Fields, refuse: Refuse) -> dict[str, float | None]:
    lifetime = number(fields, "whLifetime", refuse)
    reported = _day_and_week(fields, "whToday", "whLastSevenDays", lifetime, refuse)
    return {"power": number(fields, "wNow", refuse), "lifetime": scaled(lifetime, WATT_HOUR), **reported}


def _balance(fields: Fields, refuse: Refuse) -> dict[str, float | None]:
    balance = scaled(number(fields, "whLifetime", refuse), WATT_HOUR)
    return {"power": number(fields, "wNow", refuse), "balance": balance}


def _day_and_week(
    fields: Fields, day: str, week: str, lifetime: float | None, refuse: Refuse
) -> dict[str, float | None]:
    """`today` and `last_week` in joules, if they can be what they say."""
    today, last_week = number(fields, day, refuse), number(fields, week, refuse)
    return {
        "today": scaled(rules.day(today, lifetime, day, refuse), WATT_HOUR),
        "last_week": scaled(rules.week(last_week, today, lifetime, week, refuse), WATT_HOUR),
    }


def _lines(fields: Fields, meter: documents.Meter | None, refuse: Refuse) -> Iterator[tuple[str, Fields]]:
    """The values by phase, as many as the CT has; 8.3 pads them to three with zeros (8.3.1598_collar)."""
    for phase, line in untrusted.phases(fields.get("lines"), meter.phases if meter else 3, refuse):
        if meter or any(line.values()):
            yield phase, line
