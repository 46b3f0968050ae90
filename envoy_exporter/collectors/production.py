"""The site: production, consumption as estimated by the gateway, and the balance with the grid.

Several registers are called production (`source`). The source of a system is chosen once and kept. A poll without it
has no sample, and never that of another register: a switch would add megawatt-hours (pyenphase#471).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from envoy_exporter import entries, system
from envoy_exporter.documents import PRODUCTION, PRODUCTION_V1
from envoy_exporter.families import Reading, counter, gauge, label
from envoy_exporter.fields import CLOCK, MISSING, RANGE, TYPE, FieldReader

from . import consumption, html_production, plausibility, production_source, required, sanity_checks, site_meters
from .collector import Collector, Context, Result
from .consumption import ConsumptionMemory
from .document_reader import DocumentReader
from .html_production import LIFETIME, POWER, TODAY, WEEK
from .plausibility import PlausibilityFilter, PlausibilityState, Register
from .production_source import Choice
from .site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    source: str = label()
    power: float | None = gauge(
        "enphase_production_power_watts",
        "Power produced; at night it may be a few negative watts, which the inverters consume.",
        fields=("wNow", "wattsNow"),
    )
    energy: float | None = counter(
        "enphase_production_energy_joules_total",
        "Lifetime energy produced, measured by the production CT.",
        fields=("eim.whLifetime",),
    )
    lifetime: float | None = gauge(
        "enphase_production_energy_lifetime_joules",
        "Lifetime energy produced, as the sum of the inverters; a gauge because it can fall by 2^32 J.",
        fields=("whLifetime", "wattHoursLifetime"),
    )
    today: float | None = gauge(
        "enphase_production_energy_today_joules",
        "Energy produced since midnight, as reported by the gateway; it may reset late.",
        fields=("whToday", "wattHoursToday"),
    )
    last_week: float | None = gauge(
        "enphase_production_energy_last_week_joules",
        "Energy produced in the seven days before today, as reported by the gateway.",
        fields=("whLastSevenDays", "wattHoursSevenDays"),
    )
    last_reading: float | None = gauge(
        "enphase_production_last_reading_timestamp_seconds",
        "Time at which the gateway last read the production source.",
        fields=("readingTime",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionPhase:
    source: str = label()
    phase: str = label()
    power: float | None = gauge(
        "enphase_production_phase_power_watts", "Power produced on the phase.", fields=("lines[].wNow",)
    )
    energy: float | None = counter(
        "enphase_production_phase_energy_joules_total",
        "Lifetime energy produced on the phase.",
        fields=("lines[].whLifetime",),
    )
    today: float | None = gauge(
        "enphase_production_phase_energy_today_joules",
        "Energy produced on the phase since midnight, as reported by the gateway.",
        fields=("lines[].whToday",),
    )
    last_week: float | None = gauge(
        "enphase_production_phase_energy_last_week_joules",
        "Energy produced on the phase in the seven days before today, as reported by the gateway.",
        fields=("lines[].whLastSevenDays",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    inverters: float | None = gauge(
        "enphase_inverters_reporting",
        "Number of microinverters that the gateway counts as active, also at night.",
        fields=("inverters.activeCount",),
    )


@dataclass(frozen=True, slots=True)
class ProductionMemory:
    """The chosen source, the state of its registers, and what is known of consumption; all of one gateway."""

    serial: str | None = None
    choice: Choice = field(default_factory=Choice)
    plausibility: PlausibilityState = field(default_factory=PlausibilityState)
    consumption: ConsumptionMemory = field(default_factory=ConsumptionMemory)


def read(context: Context[ProductionMemory]) -> Result[ProductionMemory]:
    documents, now = context.documents, context.now
    serial = entries.device(documents, "sn")
    same = serial in {None, context.memory.serial or serial}
    before = context.memory if same else ProductionMemory()
    choice = production_source.choose(documents, before.choice, now)
    reader = DocumentReader.at(documents, now)
    site = Site(reader, PlausibilityFilter(documents, before.plausibility))
    load = consumption.next_memory(site, before.consumption, choice.meters.current, now)
    readings = (*site_meters.read(site), *_production(site, choice.source), *consumption.read(site, load))
    rejections = (*reader.rejections, *required.missing("production", documents, choice.source))
    return Result(readings, rejections, ProductionMemory(serial or before.serial, choice, site.plausible.state(), load))


_SUM = (Register(key="whLifetime", power="wNow", report_time="readingTime"),)
_V1 = (Register(key="wattHoursLifetime", power="wattsNow", derived=("wattHoursToday",)),)


def _production(site: Site, source: str | None) -> Iterator[Reading]:
    inverters: FieldReader | None = None
    if (entry := entries.inverters_entry(site.content)) is not None:
        inverters = site.plausible.accepted(("inverters",), site.fields(entry), _SUM)
        yield Reporting(inverters=inverters.number("activeCount", low=0))
    if source == "eim":
        yield from _eim(site)
    elif source == "inverters" and inverters is not None:
        yield Production(
            source="inverters",
            power=inverters.number("wNow"),
            lifetime=inverters.watt_hours("whLifetime"),
            last_reading=inverters.timestamp("readingTime"),
        )
    elif source == "v1":
        yield from _v1(site)
    elif source == "html":
        yield from _html(site)


def _eim(site: Site) -> Iterator[Reading]:
    meter = system.enabled_meter(site.documents, "production")
    eim = site.active_entry("production", entries.eim_entry(site.content), meter)
    if eim is None:
        return
    fields = site.accepted("production", eim)
    yield Production(source="eim", last_reading=fields.timestamp("readingTime"), **_eim_values(fields, eim))
    for phase, line in site.lines(eim, meter):
        fields = site.accepted("production", line, phase)
        yield ProductionPhase(source="eim", phase=phase, **_eim_values(fields, line))


def _eim_values(fields: FieldReader, entry: FieldReader) -> dict[str, float | None]:
    lifetime = entry.raw_number("whLifetime")
    return {
        "power": fields.number("wNow"),
        "energy": fields.watt_hours("whLifetime"),
        **sanity_checks.today_and_last_week(fields, "whToday", "whLastSevenDays", lifetime),
    }


def _v1(site: Site) -> Iterator[Production]:
    entry = site.reader.entry(PRODUCTION_V1)
    if not entry:
        return
    fields = site.plausible.accepted((), entry, _V1)
    lifetime = entry.raw_number("wattHoursLifetime")
    yield Production(
        source="v1",
        power=fields.number("wattsNow"),
        lifetime=fields.watt_hours("wattHoursLifetime"),
        **sanity_checks.today_and_last_week(fields, "wattHoursToday", "wattHoursSevenDays", lifetime),
    )


def _html(site: Site) -> Iterator[Production]:
    page = html_production.read(site.documents.content(PRODUCTION))
    table = site.reader.fields(PRODUCTION, page.rows)
    for row in page.invalid:
        table.reject(TYPE, row)
    if not page.rows:
        return
    register = Register(key=LIFETIME, power=POWER, derived=(TODAY,), step=page.lifetime_step)
    fields = site.plausible.accepted((), table, (register,))
    yield Production(
        source="html",
        power=fields.number(POWER),
        lifetime=fields.watt_hours(LIFETIME),
        **sanity_checks.today_and_last_week(fields, TODAY, WEEK, table.raw_number(LIFETIME)),
    )


COLLECTOR = Collector(
    name="production",
    enabled_by_default=True,
    readings=(*site_meters.READINGS, Production, ProductionPhase, Reporting, *consumption.READINGS),
    rules=(
        TYPE,
        RANGE,
        sanity_checks.DAY_EQUALS_LIFETIME,
        sanity_checks.WEEK_EQUALS_LIFETIME,
        sanity_checks.WEEK_BELOW_DAY,
        sanity_checks.TOTAL_EQUALS_NET,
        CLOCK,
        MISSING,
        *plausibility.RULES,
    ),
    memory=ProductionMemory(),
    read=read,
)
