"""The production of the site: `/api/v1/production`, and the HTML page that firmware 3 has instead."""

from dataclasses import dataclass

from envoy_simulator.documents.moment import QUARTER, Documents, Moment
from envoy_simulator.http_types import Json
from envoy_simulator.pages import production_page
from envoy_simulator.state import MICROJOULES_PER_WATT_HOUR


@dataclass(frozen=True, slots=True)
class Production:
    """The four numbers of the v1 API: W, and Wh since local midnight, of the seven days before, and in total."""

    watts: float
    today: float
    seven_days: float
    lifetime: float


def v1(moment: Moment) -> Json:
    """The same four integers on every firmware."""
    production = production_of(moment)
    return {
        "wattHoursToday": int(production.today),
        "wattHoursSevenDays": int(production.seven_days),
        "wattHoursLifetime": int(production.lifetime),
        "wattsNow": round(production.watts),
    }


def production_of(moment: Moment) -> Production:
    return _metered(moment) if moment.profile.meters else _reported(moment)


def _metered(moment: Moment) -> Production:
    """The production at the end of the last quarter of an hour: up to 15 minutes late, at midnight too."""
    now = moment.system.at(moment.quarter).production
    before = moment.system.at(moment.quarter - QUARTER).production
    midnight = moment.system.at(moment.midnight(moment.quarter)).production
    last_week = moment.system.at(moment.midnight(moment.quarter, days_before=7)).production
    return Production(
        watts=(now.balance.joules - before.balance.joules) / QUARTER,
        today=now.delivered.watt_hours - midnight.delivered.watt_hours,
        seven_days=midnight.delivered.watt_hours - last_week.delivered.watt_hours,
        lifetime=now.delivered.watt_hours,
    )


def _reported(moment: Moment) -> Production:
    """The sum of the last reports of the inverters."""
    lifetime = lifetime_of_inverters(moment)
    midnight = _inverters_at(moment, moment.midnight(moment.time))
    last_week = _inverters_at(moment, moment.midnight(moment.time, days_before=7))
    return Production(
        watts=moment.reported_watts,
        today=max(0, lifetime - midnight) / MICROJOULES_PER_WATT_HOUR,
        seven_days=(midnight - last_week) / MICROJOULES_PER_WATT_HOUR,
        lifetime=lifetime / MICROJOULES_PER_WATT_HOUR,
    )


def lifetime_of_inverters(moment: Moment) -> int:
    """Microjoules of all inverters, at the last report of each."""
    return sum(report.lifetime for report in moment.reports if report)


def _inverters_at(moment: Moment, time: float) -> int:
    return sum(inverter.produced.total for inverter in moment.system.at(time).inverters)


def page(moment: Moment) -> bytes:
    """The page of 3.x: four rows in three significant digits, W to MWh (3.7.0, 3.9.36)."""
    production = production_of(moment)
    rows = (
        ("Currently", in_three_digits(production.watts, "W")),
        ("Today", in_three_digits(production.today, "Wh")),
        ("Past Week", in_three_digits(production.seven_days, "Wh")),
        ("Since Installation", in_three_digits(production.lifetime, "Wh")),
    )
    cells = "".join(f"<tr><td>{label}</td>    <td>{text}</td></tr>" for label, text in rows)
    began = moment.local.fromtimestamp(moment.system.start - moment.system.design.age, moment.local.tzinfo)
    return production_page(cells, f"{began:%a %b %d, %Y %I:%M %p %Z}")


def in_three_digits(value: float, unit: str) -> str:
    """` 6.63 kW`, ` 53.6 kWh`, `  405 kWh`, `    0 Wh`: the number right-aligned in five places."""
    prefixes = ("", "k", "M")
    scale = 0
    while scale < len(prefixes) - 1 and value >= 999.5:  # noqa: PLR2004  # what would round to four digits
        value, scale = value / 1000, scale + 1
    decimals = sum(scale > 0 and value < least for least in (9.995, 99.95))
    return f"{value:5.{decimals}f} {prefixes[scale]}{unit}"


DOCUMENTS: Documents = {
    "/api/v1/production": v1,
}
