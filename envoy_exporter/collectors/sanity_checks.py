"""Rules for wrong values: one function each, with the capture or issue that showed the fault.

A rule depends on the data and never on the firmware version (pyenphase#499: a fault appeared one version before the one
that was tested for). It counts what it rejects, and does not replace it. All energies of one call share a unit.
"""

import math
from typing import NamedTuple

from envoy_exporter import system
from envoy_exporter.documents import Documents
from envoy_exporter.fields import EARLIEST, LATEST, MAX_NUMBER, WATT_HOUR, FieldReader, Fields, raw_number, scaled

DAY_EQUALS_LIFETIME, WEEK_EQUALS_LIFETIME = "day_equals_lifetime", "week_equals_lifetime"
WEEK_BELOW_DAY, TOTAL_EQUALS_NET = "week_below_day", "total_equals_net"

_SAME = 0.002
_DAY = 86_400.0


class DayAndWeek(NamedTuple):
    """Today's energy and that of the seven days before, each None where it is missing or rejected."""

    day: float | None
    week: float | None


def day_and_week(
    fields: FieldReader, day_key: str, week_key: str, lifetime: float | None, *, low: float = -MAX_NUMBER
) -> DayAndWeek:
    """The two energies if they are plausible, in the unit of the fields.

    `lifetime`: as the gateway sent it, even if rejected, because equality with it shows the wrong register. A rejected
    value rejects no other: the week is compared with an accepted day only.
    """
    day, week = fields.number(day_key, low=low), fields.number(week_key, low=low)
    if _is_lifetime(day, week, lifetime):
        fields.reject(DAY_EQUALS_LIFETIME, day_key)
        day = None
    if week and lifetime and (_is_near(week, lifetime, lifetime) or _is_near(week + (day or 0.0), lifetime, lifetime)):
        fields.reject(WEEK_EQUALS_LIFETIME, week_key)
        week = None
    elif week is not None and day is not None and week < day:
        fields.reject(WEEK_BELOW_DAY, week_key)
        week = None
    return DayAndWeek(day, week)


def today_and_last_week(
    fields: FieldReader, day_key: str, week_key: str, lifetime: float | None, *, low: float = -MAX_NUMBER
) -> dict[str, float | None]:
    """The two energies of `day_and_week` from Wh to joules, by the names that readings have for them."""
    day, week = day_and_week(fields, day_key, week_key, lifetime, low=low)
    return {"today": scaled(day, WATT_HOUR), "last_week": scaled(week, WATT_HOUR)}


def _is_lifetime(day: float | None, week: float | None, lifetime: float | None) -> bool:
    """Whether a day equals the lifetime (8.3.5433_tot_is_net_cons, 8.3.1598_collar), or the lifetime minus the week.

    The latter only if the day also exceeds the week: in its first week, the days of every system are its lifetime.
    """
    if not day or not lifetime:
        return False
    rest = lifetime - (week or 0.0)
    return _is_near(day, lifetime, lifetime) or (week is not None and day > week and _is_near(day, rest, lifetime))


def _is_near(value: float, other: float, lifetime: float) -> bool:
    """Within 0.2 % of the lifetime: registers are rounded, and one is read a poll later than the other."""
    return abs(value - other) <= _SAME * abs(lifetime)


def total_equals_net(
    total: Fields, net: Fields | None, production: Fields | None, *, has_inverters: bool
) -> bool | None:
    """Whether total and net consumption have equal lifetimes to the last digit (8.3.5433_tot_is_net_cons).

    One poll is enough: two registers with a resolution of 0.001 Wh are not equal by chance. None is undecided: the two
    are rightly equal if the production CT is active and has counted nothing yet, or if it is off and no inverter is
    installed. `production` is the entry of the production CT.
    """
    lifetime, balance = raw_number(total, "whLifetime"), raw_number(net or {}, "whLifetime")
    if not lifetime or balance is None:
        return None
    if lifetime != balance:
        return False
    count, energy = (raw_number(production or {}, key) for key in ("activeCount", "whLifetime"))
    is_nothing_produced = not has_inverters if count == 0 else energy == 0
    return None if is_nothing_produced else True


def gateway_clock(documents: Documents) -> float | None:
    """The time of the gateway's clock; None if it is impossible, such as 1970 after a start without a network."""
    clock = system.gateway_time(documents)
    return clock if clock is not None and EARLIEST <= clock <= LATEST else None


def latest(documents: Documents, now: float) -> float:
    """The latest possible time of a date: a day after the gateway's clock or the exporter's, whichever is later.

    If the gateway's clock is years behind, correct dates are ahead of it (8.2.127_with_3cts_and_battery_split was
    recorded with the /info of another year). Without a usable clock there is no limit.
    """
    clock = gateway_clock(documents)
    return math.inf if clock is None else max(clock, now) + _DAY
