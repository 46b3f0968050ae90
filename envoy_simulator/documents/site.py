"""`/production.json` and `/production`: the site as measured by inverters and by CTs, in total and by phase."""

from collections.abc import Callable
from dataclasses import replace

from envoy_simulator.documents import ac_batteries
from envoy_simulator.documents.moment import Moment
from envoy_simulator.documents.production import lifetime_of_inverters
from envoy_simulator.documents.quantities import Quantities, by_phase, total_of
from envoy_simulator.http_types import Entry, Json
from envoy_simulator.profiles import NET, PRODUCTION, TOTAL

_WRAP = 2**32
_LINES = 3


def site(moment: Moment, *, details: bool) -> Json:
    """The whole document. On standard gateways it has inverters only, and no `consumption` (5.0.62)."""
    storage: list[Json] = [ac_batteries.storage(moment)]
    if not moment.profile.meters:
        return {"production": [_inverters(moment)], "storage": storage}
    production = _history(moment, PRODUCTION)
    if TOTAL in moment.profile.meters:
        # Net consumption is load minus production; 8.3.5433_tot_is_net_cons reports it in both entries.
        net = consumption = _combined(_difference, production, _history(moment, TOTAL))
    else:
        net = _history(moment, NET)
        consumption = _combined(_sum, production, net)
    return {
        "production": [_inverters(moment), _eim(moment, PRODUCTION, production, details=details)],
        "consumption": [
            _eim(moment, TOTAL, consumption, details=details),
            _eim(moment, NET, net, details=details),
        ],
        "storage": storage,
    }


def _inverters(moment: Moment) -> Entry:
    """The sum of the inverters' reports; before 8.2.42xx, registers count modulo 2^32 joules."""
    joules = lifetime_of_inverters(moment) // 1_000_000
    return {
        "type": "inverters",
        "activeCount": len(moment.reports),
        "readingTime": max((report.end for report in moment.reports if report), default=0),
        "wNow": round(moment.reported_watts),
        "whLifetime": (joules % _WRAP if moment.profile.wraps_inverters else joules) // 3600,
    }


def _history(moment: Moment, meter: str) -> list[list[Quantities]]:
    """The phases of a meter now, at midnight, and seven days before that midnight."""
    times = (moment.time, moment.midnight(moment.time), moment.midnight(moment.time, days_before=7))
    return [by_phase(moment, meter, moment.system.at(time)) for time in times]


def _combined(
    combine: Callable[[Quantities, Quantities], Quantities],
    first: list[list[Quantities]],
    other: list[list[Quantities]],
) -> list[list[Quantities]]:
    """Two histories combined, for each moment and each phase."""
    return [[combine(*phase) for phase in zip(*moments, strict=True)] for moments in zip(first, other, strict=True)]


def _difference(production: Quantities, load: Quantities) -> Quantities:
    """Load minus production, in every number."""
    amperes = production.amperes - load.amperes
    return replace(
        load,
        delivered=load.delivered - production.balance,
        received=0.0,
        lagging=load.lagging - production.lagging,
        leading=load.leading - production.leading,
        watts=load.watts - production.watts,
        amperes=amperes,
        reactive=load.reactive - production.reactive,
        apparent=abs(amperes) * load.volts,
    )


def _sum(production: Quantities, net: Quantities) -> Quantities:
    """Production plus net, in every number: consumption as the gateway estimates it, which ignores batteries."""
    amperes = production.amperes + net.amperes
    return replace(
        net,
        delivered=production.delivered + net.balance,
        received=0.0,
        lagging=production.lagging + net.lagging,
        leading=production.leading + net.leading,
        watts=production.watts + net.watts,
        amperes=amperes,
        reactive=production.reactive + net.reactive,
        apparent=amperes * net.volts,
    )


def _eim(moment: Moment, measurement: str, history: list[list[Quantities]], *, details: bool) -> Entry:
    now, midnight, week = (total_of(phases) for phases in history)
    entry: Entry = {
        "type": "eim",
        "activeCount": 1,
        "measurementType": measurement,
        "readingTime": int(moment.time),
        **_numbers(moment, measurement, now, midnight, week),
    }
    if moment.profile.firmware >= (8, 3) and moment.profile.design.phase_mode == "split":
        # 8.3.1598_collar adds up the power factors of the legs here too.
        entry["pwrFactor"] = round(sum(phase.power_factor for phase in history[0]), 2)
    if details and moment.profile.requires_token:
        lines: list[Json] = [_numbers(moment, measurement, *phase) for phase in zip(*history, strict=True)]
        if moment.profile.firmware >= (8, 3) and len(lines) > 1:
            # 8.3.1598_collar, 8.3.5433: padded to three, the third all zero. 8.3.5169 has one phase and one line.
            blank: Json = dict.fromkeys(_numbers(moment, measurement, now, now, now), 0.0)
            lines += [blank] * (_LINES - len(lines))
        entry["lines"] = lines
    return entry


def _numbers(moment: Moment, measurement: str, now: Quantities, midnight: Quantities, week: Quantities) -> Entry:
    return {
        "wNow": round(now.watts, 3),
        "whLifetime": round(_lifetime(moment, measurement, now), 3),
        "varhLeadLifetime": round(now.leading, 3),
        "varhLagLifetime": round(now.lagging, 3),
        "vahLifetime": round(now.apparent_energy, 3),
        "rmsCurrent": round(now.amperes, 3),
        "rmsVoltage": round(now.volts, 3),
        "reactPwr": round(now.reactive, 3),
        "apprntPwr": round(now.apparent, 3),
        "pwrFactor": round(now.power_factor, 2),
        **_days(measurement, now, midnight, week),
    }


def _days(measurement: str, now: Quantities, midnight: Quantities, week: Quantities) -> Entry:
    """The energy since midnight, and of the seven days before; in the net entry always the integer 0."""
    if measurement == NET:
        return dict.fromkeys(("whToday", "whLastSevenDays", "vahToday", "varhLeadToday", "varhLagToday"), 0)
    return {
        "whToday": round(now.delivered - midnight.delivered, 3),
        "whLastSevenDays": round(midnight.delivered - week.delivered, 3),
        "vahToday": round(now.apparent_energy - midnight.apparent_energy, 3),
        "varhLeadToday": round(now.leading - midnight.leading, 3),
        "varhLagToday": round(now.lagging - midnight.lagging, 3),
    }


def _lifetime(moment: Moment, measurement: str, now: Quantities) -> float:
    """The lifetime energy: for the net entry the balance, but on 4.10.35 the import only."""
    return now.balance if measurement == NET and moment.profile.requires_token else now.delivered
