"""`/production.json` and `/production`: the site by its inverters and by its CTs, in sum and by phase."""

from collections.abc import Callable
from dataclasses import replace

from envoy_simulator.documents import ac_batteries
from envoy_simulator.documents.moment import Moment
from envoy_simulator.documents.production import lifetime_of_inverters
from envoy_simulator.documents.quantities import Quantities, by_phase, together
from envoy_simulator.http_types import Entry, Json
from envoy_simulator.profiles import NET, PRODUCTION, TOTAL

_WRAP = 2**32
_LINES = 3


def site(moment: Moment, *, details: bool) -> Json:
    """The whole document. Standard gateways have inverters only, and no `consumption` at all (5.0.62)."""
    storage: list[Json] = [ac_batteries.storage(moment)]
    if not moment.profile.meters:
        return {"production": [_inverters(moment)], "storage": storage}
    production = _history(moment, PRODUCTION)
    if TOTAL in moment.profile.meters:
        # The balance is what is left of the load; and 8.3.5433_tot_is_net_cons says it in both entries.
        net = consumption = _of_both(_left, production, _history(moment, TOTAL))
    else:
        net = _history(moment, NET)
        consumption = _of_both(_consumed, production, net)
    return {
        "production": [_inverters(moment), _eim(moment, PRODUCTION, production, details=details)],
        "consumption": [
            _eim(moment, TOTAL, consumption, details=details),
            _eim(moment, NET, net, details=details),
        ],
        "storage": storage,
    }


def _inverters(moment: Moment) -> Entry:
    """The inverters together, as of their reports; below 8.2.42xx they count modulo 2^32 joules."""
    joules = lifetime_of_inverters(moment) // 1_000_000
    return {
        "type": "inverters",
        "activeCount": len(moment.reports),
        "readingTime": max((report.end for report in moment.reports if report), default=0),
        "wNow": round(moment.reported_watts),
        "whLifetime": (joules % _WRAP if moment.profile.wraps_inverters else joules) // 3600,
    }


def _history(moment: Moment, meter: str) -> list[list[Quantities]]:
    """A meter's phases now, at midnight, and seven days before that midnight."""
    times = (moment.time, moment.midnight(moment.time), moment.midnight(moment.time, days_before=7))
    return [by_phase(moment, meter, moment.system.at(time)) for time in times]


def _of_both(
    reckon: Callable[[Quantities, Quantities], Quantities], first: list[list[Quantities]], other: list[list[Quantities]]
) -> list[list[Quantities]]:
    """Of each moment and each phase of two histories."""
    return [[reckon(*phase) for phase in zip(*both, strict=True)] for both in zip(first, other, strict=True)]


def _left(production: Quantities, load: Quantities) -> Quantities:
    """Load less production, in every number."""
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


def _consumed(production: Quantities, net: Quantities) -> Quantities:
    """Production plus net, in every number: what the gateway takes for the load, batteries or not."""
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
    now, midnight, week = (together(phases) for phases in history)
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
    if details and moment.profile.wants_token:
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
    """Since midnight, and the seven days before; of the net entry always a plain 0."""
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
    """The net entry counts a balance, but imports alone on 4.10.35."""
    return now.balance if measurement == NET and moment.profile.wants_token else now.delivered
