"""What installers are told: `/ivp/peb/devstatus`, the power line, and `/ivp/pdm/energy`, the gateway's own books."""

from envoy_simulator.documents.moment import Moment
from envoy_simulator.documents.production import production_of
from envoy_simulator.documents.quantities import by_phase, together
from envoy_simulator.grid import electrics
from envoy_simulator.http_types import Entry, Json
from envoy_simulator.profiles import NET, PRODUCTION
from envoy_simulator.reports import Report, heard

_FIELDS = (
    *("serialNumber", "devType", "communicating", "recent", "producing", "reportDate", "temperature"),
    *("dcVoltageINmV", "dcCurrentINmA", "acVoltageINmV", "acPowerINmW"),
)
_COUNTERS = (
    *("expected", "discovered", "ctrlsTotal", "ctrlsGone", "ctrlsCommunicating"),
    *("chansTotal", "chansRecent", "chansProducing"),
)
_OTHERS = ("acb", "nsrb", "pld", "esub")
_PCU = 1


def devices(moment: Moment) -> Entry:
    """A table a kind of device, its columns named once."""
    inverters: list[Json] = [_row(moment, number, report) for number, report in enumerate(moment.reports)]
    count = len(inverters)
    recent = sum(heard(report, moment.time) for report in moment.reports)
    producing = sum(_produces(moment, report) for report in moment.reports)
    counts = (count, count, count, count - recent, recent, count, recent, producing)
    table: Entry = {"fields": list(_FIELDS), "values": inverters}
    counters: Entry = {"pcu": dict(zip(_COUNTERS, counts, strict=True))}
    nothing: Entry = {name: {"fields": list(_FIELDS), "values": []} for name in _OTHERS}
    return {
        "counters": {**counters, **{name: dict.fromkeys(_COUNTERS, 0) for name in _OTHERS}},
        "pcu": table,
        **nothing,
    }


def _produces(moment: Moment, report: Report | None) -> bool:
    return report is not None and heard(report, moment.time) and report.watts >= 1


def _row(moment: Moment, number: int, report: Report | None) -> Json:
    inverter = moment.plant.design.inverters[number]
    if report is None:
        return [inverter.serial, _PCU, False, False, False, 0, 0, 0, 0, 0, 0]
    seen = electrics(moment.mains, inverter, number, report)
    here = heard(report, moment.time)
    return [
        *(inverter.serial, _PCU, here, here, _produces(moment, report), report.end, round(seen.celsius)),
        *(round(1000 * seen.dc_volts), round(1000 * seen.dc_amperes)),
        *(round(1000 * seen.ac_volts), round(1000 * report.watts)),
    ]


def energy(moment: Moment) -> Entry:
    """Inverters, and meters as of the last closed quarter of an hour."""
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
    return sum(inverter.produced.watt_hours for inverter in moment.plant.at(time).inverters)


def _times(moment: Moment) -> tuple[float, float, float]:
    quarter = moment.quarter
    return quarter, moment.midnight(quarter), moment.midnight(quarter, days_before=7)


def _production(moment: Moment) -> Entry:
    if not moment.profile.meters:
        return _register(0, 0, 0, 0)
    made = production_of(moment)
    return _register(made.today, made.seven_days, made.lifetime, made.watts)


def _consumption(moment: Moment) -> Entry:
    """Production plus net, as everywhere on the gateway."""
    if not moment.profile.meters:
        return _register(0, 0, 0, 0)
    used, watts = [], 0.0
    for time in _times(moment):
        state = moment.plant.at(time)
        production, net = (together(by_phase(moment, meter, state)) for meter in (PRODUCTION, NET))
        used.append(production.delivered + net.balance)
        watts = watts or production.watts + net.watts
    lifetime, midnight, week = used
    return _register(lifetime - midnight, midnight - week, lifetime, watts)


def _register(today: float, week: float, lifetime: float, watts: float) -> Entry:
    return {
        "wattHoursToday": int(today),
        "wattHoursSevenDays": int(week),
        "wattHoursLifetime": int(lifetime),
        "wattsNow": round(watts),
    }
