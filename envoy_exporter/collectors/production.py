"""The site: what is produced, what the gateway takes for the load, and the balance with the grid.

Three registers call themselves production (`source`). Which of them this plant has is chosen once, and kept: a
poll without it has no sample, never another's, for a switch would add megawatt-hours (pyenphase#471).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from envoy_exporter import documents
from envoy_exporter import fields as json_fields
from envoy_exporter.families import Reading, counter, gauge, label
from envoy_exporter.fields import WATT_HOUR, Fields, Rejections, number, peek, scaled

from . import consumption, html_production, plausibility, production_source, required, sanity_checks, site_meters
from .collector import Collector, Context, Result
from .plausibility import PlausibilityFilter, PlausibilityState, Register
from .production_source import Choice
from .site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Production:
    source: str = label()
    power: float | None = gauge(
        "enphase_production_power_watts",
        "Power produced; at night a few negative watts are what the inverters draw.",
        fields=("wNow", "wattsNow"),
    )
    energy: float | None = counter(
        "enphase_production_energy_joules_total",
        "Energy produced, by the production CT.",
        fields=("whLifetime of eim",),
    )
    lifetime: float | None = gauge(
        "enphase_production_energy_lifetime_joules",
        "Energy produced as the inverters add it up, a gauge as it steps by 2^32 J.",
        fields=("whLifetime", "wattHoursLifetime"),
    )
    today: float | None = gauge(
        "enphase_production_energy_today_joules",
        "Energy since midnight, as reported: it may reset late.",
        fields=("whToday", "wattHoursToday"),
    )
    last_week: float | None = gauge(
        "enphase_production_energy_last_week_joules",
        "Energy of the seven days before today, as reported.",
        fields=("whLastSevenDays", "wattHoursSevenDays"),
    )
    last_reading: float | None = gauge(
        "enphase_production_last_reading_timestamp_seconds", "When the source was read.", fields=("readingTime",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionPhase:
    source: str = label()
    phase: str = label()
    power: float | None = gauge(
        "enphase_production_phase_power_watts", "Power produced on the phase.", fields=("lines[].wNow",)
    )
    energy: float | None = counter(
        "enphase_production_phase_energy_joules_total", "Energy produced on the phase.", fields=("lines[].whLifetime",)
    )
    today: float | None = gauge(
        "enphase_production_phase_energy_today_joules",
        "Energy since midnight, as reported.",
        fields=("lines[].whToday",),
    )
    last_week: float | None = gauge(
        "enphase_production_phase_energy_last_week_joules",
        "Energy of the seven days before today, as reported.",
        fields=("lines[].whLastSevenDays",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    inverters: float | None = gauge(
        "enphase_inverters_reporting",
        "Inverters that the gateway counts, by night too.",
        fields=("inverters.activeCount",),
    )


@dataclass(frozen=True, slots=True)
class ProductionMemory:
    """The chosen source, what its registers said before, and what is known of the load; each of one gateway."""

    serial: str | None = None
    choice: Choice = field(default_factory=Choice)
    plausibility: PlausibilityState = field(default_factory=PlausibilityState)
    load: consumption.ConsumptionMemory = field(default_factory=consumption.ConsumptionMemory)


def read(context: Context[ProductionMemory]) -> Result[ProductionMemory]:
    seen, memory, now = context.documents, context.memory, context.now
    rejections = Rejections()
    serial = documents.device(seen, "sn")
    before = memory if serial in {None, memory.serial or serial} else ProductionMemory()
    choice = production_source.choose(seen, before.choice, now)
    site = Site(
        seen, PlausibilityFilter(seen, before.plausibility, rejections), sanity_checks.latest(seen, now), rejections
    )
    load = consumption.remembered(site, before.load, choice.meters.current, now)
    activities = site_meters.read(site.content, site.reject)
    readings = (*activities, *_production(site, choice.source), *consumption.read(site, load))
    after = ProductionMemory(serial or before.serial, choice, site.plausible.state(), load)
    return Result(readings, (*rejections.met, *required.missing("production", seen, choice.source)), after)


# --- the readings


_SUM = (Register(key="whLifetime", power="wNow", dated="readingTime"),)
_V1 = (Register(key="wattHoursLifetime", power="wattsNow", derived=("wattHoursToday",)),)


def _production(site: Site, chosen: str | None) -> Iterator[Reading]:
    reject = site.reject
    inverters: Fields | None = documents.inverters_entry(site.content)
    if inverters is not None:
        inverters = site.plausible.accepted(site.endpoint, ("inverters",), inverters, _SUM)
        yield Reporting(inverters=number(inverters, "activeCount", reject, low=0))
    if chosen == "eim":
        yield from _eim(site)
    elif chosen == "inverters" and inverters is not None:
        yield Production(
            source="inverters",
            power=number(inverters, "wNow", reject),
            lifetime=scaled(number(inverters, "whLifetime", reject, low=0), WATT_HOUR),
            last_reading=sanity_checks.moment(inverters, "readingTime", site.latest, reject),
        )
    elif chosen == "v1":
        yield from _v1(site)
    elif chosen == "html":
        yield from _page(site)


def _eim(site: Site) -> Iterator[Reading]:
    reject, meter = site.reject, documents.enabled_meter(site.seen, "production")
    eim = site.whole("production", documents.eim_entry(site.content), meter)
    if eim is None:
        return
    fields = site.accepted("production", eim)
    energies = sanity_checks.day_and_week(fields, "whToday", "whLastSevenDays", peek(eim, "whLifetime"), reject)
    yield Production(
        source="eim",
        power=number(fields, "wNow", reject),
        energy=scaled(number(fields, "whLifetime", reject, low=0), WATT_HOUR),
        last_reading=sanity_checks.moment(fields, "readingTime", site.latest, reject),
        today=scaled(energies.day, WATT_HOUR),
        last_week=scaled(energies.week, WATT_HOUR),
    )
    for phase, line in site.lines(eim, meter):
        fields = site.accepted("production", line, phase)
        energies = sanity_checks.day_and_week(fields, "whToday", "whLastSevenDays", peek(line, "whLifetime"), reject)
        yield ProductionPhase(
            source="eim",
            phase=phase,
            power=number(fields, "wNow", reject),
            energy=scaled(number(fields, "whLifetime", reject, low=0), WATT_HOUR),
            today=scaled(energies.day, WATT_HOUR),
            last_week=scaled(energies.week, WATT_HOUR),
        )


def _v1(site: Site) -> Iterator[Production]:
    sent = documents.entry(site.seen.content(documents.PRODUCTION_V1))
    if not sent:
        return
    reject = site.rejections.of(documents.PRODUCTION_V1)
    fields = site.plausible.accepted(documents.PRODUCTION_V1, (), sent, _V1)
    lifetime = peek(sent, "wattHoursLifetime")
    energies = sanity_checks.day_and_week(fields, "wattHoursToday", "wattHoursSevenDays", lifetime, reject)
    yield Production(
        source="v1",
        power=number(fields, "wattsNow", reject),
        lifetime=scaled(number(fields, "wattHoursLifetime", reject, low=0), WATT_HOUR),
        today=scaled(energies.day, WATT_HOUR),
        last_week=scaled(energies.week, WATT_HOUR),
    )


def _page(site: Site) -> Iterator[Production]:
    found = html_production.read(site.seen.content(documents.PRODUCTION))
    reject = site.rejections.of(documents.PRODUCTION)
    for row in found.invalid:
        reject(json_fields.TYPE, row)
    if not found.rows:
        return
    register = Register(
        key=html_production.LIFETIME,
        power=html_production.POWER,
        derived=(html_production.TODAY,),
        step=found.lifetime_step,
    )
    fields = site.plausible.accepted(documents.PRODUCTION, (), found.rows, (register,))
    energies = sanity_checks.day_and_week(
        fields, html_production.TODAY, html_production.WEEK, peek(found.rows, html_production.LIFETIME), reject
    )
    yield Production(
        source="html",
        power=number(fields, html_production.POWER, reject),
        lifetime=scaled(number(fields, html_production.LIFETIME, reject, low=0), WATT_HOUR),
        today=scaled(energies.day, WATT_HOUR),
        last_week=scaled(energies.week, WATT_HOUR),
    )


COLLECTOR = Collector(
    name="production",
    enabled_by_default=True,
    readings=(
        *site_meters.READINGS,
        Production,
        ProductionPhase,
        Reporting,
        *consumption.READINGS,
    ),
    rules=(
        json_fields.TYPE,
        json_fields.RANGE,
        sanity_checks.DAY_EQUALS_LIFETIME,
        sanity_checks.WEEK_EQUALS_LIFETIME,
        sanity_checks.WEEK_BELOW_DAY,
        sanity_checks.TOTAL_EQUALS_NET,
        json_fields.CLOCK,
        json_fields.MISSING,
        *plausibility.RULES,
    ),
    memory=ProductionMemory(),
    read=read,
)
