"""`/ivp/pdm/energy`, the gateway's own energy registers, for installers."""

from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.documents.production import production_of
from envoy_simulator.documents.quantities import by_phase, total_of
from envoy_simulator.http_types import Entry
from envoy_simulator.profiles import NET, PRODUCTION


def energy(moment: Moment) -> Entry:
    """The registers of the inverters, and of the meters at the end of the last quarter of an hour."""
    return {
        "production": {
            "pcu": _inverters(moment),
            "rgm": _register(0, 0, 0, 0),
            "eim": _production(moment),
        },
        "consumption": {"eim": _consumption(moment)},
    }


def _inverters(moment: Moment) -> Entry:
    lifetime, midnight, week = (_joules(moment, time) for time in _times(moment))
    return _register(lifetime - midnight, midnight - week, lifetime, moment.reported_watts)


def _joules(moment: Moment, time: float) -> float:
    """Watt-hours of all inverters."""
    return sum(inverter.produced.watt_hours for inverter in moment.system.at(time).inverters)


def _times(moment: Moment) -> tuple[float, float, float]:
    quarter = moment.quarter
    return quarter, moment.midnight(quarter), moment.midnight(quarter, days_before=7)


def _production(moment: Moment) -> Entry:
    if not moment.profile.meters:
        return _register(0, 0, 0, 0)
    production = production_of(moment)
    return _register(production.today, production.seven_days, production.lifetime, production.watts)


def _consumption(moment: Moment) -> Entry:
    """Production plus net consumption, as in all documents of the gateway."""
    if not moment.profile.meters:
        return _register(0, 0, 0, 0)
    energies, watts = [], 0.0
    for time in _times(moment):
        state = moment.system.at(time)
        production, net = (total_of(by_phase(moment, meter, state)) for meter in (PRODUCTION, NET))
        energies.append(production.delivered + net.balance)
        watts = watts or production.watts + net.watts
    lifetime, midnight, week = energies
    return _register(lifetime - midnight, midnight - week, lifetime, watts)


def _register(today: float, week: float, lifetime: float, watts: float) -> Entry:
    return {
        "wattHoursToday": int(today),
        "wattHoursSevenDays": int(week),
        "wattHoursLifetime": int(lifetime),
        "wattsNow": round(watts),
    }


DOCUMENTS: Documents = {
    "/ivp/pdm/energy": energy,
}
