"""The site: what is produced, what the gateway takes for the load, and the balance with the grid.

Three registers call themselves production (`source`). Which of them this plant has is chosen once, and kept: a
poll without it has no sample, never another's, for a switch would add megawatt-hours (pyenphase#471).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from envoy_exporter import documents, untrusted
from envoy_exporter.documents import Documents, Json
from envoy_exporter.families import Reading, counter, gauge, label
from envoy_exporter.untrusted import WATT_HOUR, Fields, Refusals, Refuse, number, peek, scaled

from . import activity, history, page, rules, source
from .history import HOLD, History, Past, Register
from .source import Choice
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
    untrusted.CLOCK,
    *history.RULES,
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
        "enphase_inverters_reporting", "Inverters that the gateway counts, by night too (inverters.activeCount)."
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
    *activity.READINGS,
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
    """Which source was chosen, and what its registers said before: a list of meters that fails forgets neither.

    `repeated`: when the load last was the grid's to the last digit; None once they are told apart.
    """

    choice: Choice = field(default_factory=Choice)
    past: Past | None = None
    repeated: float | None = None


def read(seen: Documents, _: Settings, memory: object, now: float) -> Read:
    refusals = Refusals()
    before = memory if isinstance(memory, Memory) else Memory()
    choice = source.choose(seen, before.choice)
    site = _Site(seen, History(seen, before.past, refusals), rules.latest(seen, now), refusals)
    activities = activity.read(site.content, site.refuse)
    repeated = _repeated(site, before.repeated, now)
    readings = (*activities, *_production(site, choice.source), *_consumption(site, refused=repeated is not None))
    return Read(readings, tuple(refusals.met), Memory(choice, site.history.past(), repeated))


# --- the readings


_ENTRY = (Register(key="whLifetime", power="wNow", derived=("whToday",)),)
_SUM = (Register(key="whLifetime", power="wNow", dated="readingTime"),)
_V1 = (Register(key="wattHoursLifetime", power="wattsNow", derived=("wattHoursToday",)),)


@dataclass(frozen=True, slots=True)
class _Site:
    """What the readings are made from: the documents, what is known of before, and the latest time that can be."""

    seen: Documents
    history: History
    latest: float
    refusals: Refusals

    @property
    def endpoint(self) -> str:
        return documents.site_endpoint(self.seen)

    @property
    def content(self) -> Json:
        return self.seen.content(self.endpoint)

    @property
    def consumption(self) -> tuple[Fields | None, Fields | None]:
        """The load's entry, and the balance's."""
        total = documents.consumption_entry(self.content, "total-consumption")
        return total, documents.consumption_entry(self.content, "net-consumption")

    @property
    def refuse(self) -> Refuse:
        return self.refusals.of(self.endpoint)

    def whole(self, name: str, entry: Fields | None, meter: documents.Meter | None) -> Fields | None:
        """The entry of an active CT that has not lost a phase."""
        if entry is None or not documents.is_active(entry):
            return None
        phases = meter.phases if meter else 3
        lost = self.history.phase_lost(self.endpoint, (name,), entry.get("lines"), phases, history.LINE)
        return None if lost else entry

    def believed(self, name: str, fields: Fields, phase: str = "") -> Fields:
        """An entry's fields, or a line's, as far as they are believed."""
        return self.history.believed(self.endpoint, (name, phase) if phase else (name,), fields, _ENTRY)


def _production(site: _Site, chosen: str | None) -> Iterator[Reading]:
    refuse = site.refuse
    inverters: Fields | None = documents.inverters_entry(site.content)
    if inverters is not None:
        inverters = site.history.believed(site.endpoint, ("inverters",), inverters, _SUM)
        yield Reporting(inverters=number(inverters, "activeCount", refuse, low=0))
    if chosen == "eim":
        yield from _eim(site)
    elif chosen == "inverters" and inverters is not None:
        yield Production(
            source="inverters",
            power=number(inverters, "wNow", refuse),
            lifetime=scaled(number(inverters, "whLifetime", refuse, low=0), WATT_HOUR),
            last_reading=rules.moment(inverters, "readingTime", site.latest, refuse),
        )
    elif chosen == "v1":
        yield from _v1(site)
    elif chosen == "html":
        yield from _page(site)


def _eim(site: _Site) -> Iterator[Reading]:
    refuse, meter = site.refuse, documents.enabled_meter(site.seen, "production")
    eim = site.whole("production", documents.eim_entry(site.content), meter)
    if eim is None:
        return
    fields = site.believed("production", eim)
    yield Production(
        source="eim",
        power=number(fields, "wNow", refuse),
        energy=scaled(number(fields, "whLifetime", refuse, low=0), WATT_HOUR),
        last_reading=rules.moment(fields, "readingTime", site.latest, refuse),
        **_day_and_week(fields, "whToday", "whLastSevenDays", peek(eim, "whLifetime"), refuse),
    )
    for phase, line in _lines(eim, meter, refuse):
        fields = site.believed("production", line, phase)
        yield ProductionPhase(
            source="eim",
            phase=phase,
            power=number(fields, "wNow", refuse),
            energy=scaled(number(fields, "whLifetime", refuse, low=0), WATT_HOUR),
            **_day_and_week(fields, "whToday", "whLastSevenDays", peek(line, "whLifetime"), refuse),
        )


def _v1(site: _Site) -> Iterator[Production]:
    said = documents.entry(site.seen.content(documents.PRODUCTION_V1))
    if not said:
        return
    refuse = site.refusals.of(documents.PRODUCTION_V1)
    fields = site.history.believed(documents.PRODUCTION_V1, (), said, _V1)
    yield Production(
        source="v1",
        power=number(fields, "wattsNow", refuse),
        lifetime=scaled(number(fields, "wattHoursLifetime", refuse, low=0), WATT_HOUR),
        **_day_and_week(fields, "wattHoursToday", "wattHoursSevenDays", peek(said, "wattHoursLifetime"), refuse),
    )


def _page(site: _Site) -> Iterator[Production]:
    rows, step = page.rows(site.seen.content(documents.PRODUCTION))
    if not rows:
        return
    refuse = site.refusals.of(documents.PRODUCTION)
    register = Register(key=page.LIFETIME, power=page.POWER, derived=(page.TODAY,), step=step)
    fields = site.history.believed(documents.PRODUCTION, (), rows, (register,))
    yield Production(
        source="html",
        power=number(fields, page.POWER, refuse),
        lifetime=scaled(number(fields, page.LIFETIME, refuse), WATT_HOUR),
        **_day_and_week(fields, page.TODAY, page.WEEK, peek(rows, page.LIFETIME), refuse),
    )


def _repeated(site: _Site, before: float | None, now: float) -> float | None:
    """A gateway whose load was the grid's is not believed for a poll that leaves out the proof: counts flap on 8.3."""
    total, net = site.consumption
    same = rules.total_equals_net(total or {}, net, documents.eim_entry(site.content))
    if same is None:
        return before if before is not None and now - before < HOLD else None
    return now if same else None


def _consumption(site: _Site, *, refused: bool) -> Iterator[Reading]:
    """What the gateway takes for the load, and the balance with the grid; nothing while its CT is not active."""
    seen, refuse = site.seen, site.refuse
    meter = documents.enabled_meter(seen, "net-consumption") or documents.enabled_meter(seen, "total-consumption")
    total, net = site.consumption
    if total is not None and documents.is_active(total):
        if refused:
            refuse(rules.TOTAL_EQUALS_NET, "total-consumption")
        elif whole := site.whole("total-consumption", total, meter):
            yield Consumption(**_load(site, whole))
            for phase, line in _lines(whole, meter, refuse):
                yield ConsumptionPhase(phase=phase, **_load(site, line, phase))
    if whole := site.whole("net-consumption", net, meter):
        yield NetConsumption(**_balance(site, whole))
        for phase, line in _lines(whole, meter, refuse):
            yield NetConsumptionPhase(phase=phase, **_balance(site, line, phase))


def _load(site: _Site, said: Fields, phase: str = "") -> dict[str, float | None]:
    fields, refuse = site.believed("total-consumption", said, phase), site.refuse
    return {
        "power": number(fields, "wNow", refuse),
        "lifetime": scaled(number(fields, "whLifetime", refuse), WATT_HOUR),
        **_day_and_week(fields, "whToday", "whLastSevenDays", peek(said, "whLifetime"), refuse),
    }


def _balance(site: _Site, said: Fields, phase: str = "") -> dict[str, float | None]:
    fields = site.believed("net-consumption", said, phase)
    balance = scaled(number(fields, "whLifetime", site.refuse), WATT_HOUR)
    return {"power": number(fields, "wNow", site.refuse), "balance": balance}


def _day_and_week(
    fields: Fields, day: str, week: str, lifetime: float | None, refuse: Refuse
) -> dict[str, float | None]:
    """`today` and `last_week` in joules, if they can be what they say, beside the lifetime as it was sent."""
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
