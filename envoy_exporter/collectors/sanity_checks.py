"""Rules for wrong values: each is one function, with the gateway that showed the fault.

A rule judges by the shape of the data and never by the number of the firmware (pyenphase#499: a fault appeared one
version before the one that was tested for), counts what it rejects, and puts nothing in its place. Energies are in
whatever unit they share.
"""

import math
from typing import NamedTuple

from envoy_exporter import system
from envoy_exporter.documents import Documents
from envoy_exporter.fields import EARLIEST, LATEST, MAX_NUMBER, FieldReader, Fields, raw_number

DAY_EQUALS_LIFETIME, WEEK_EQUALS_LIFETIME = "day_equals_lifetime", "week_equals_lifetime"
WEEK_BELOW_DAY, TOTAL_EQUALS_NET = "week_below_day", "total_equals_net"

_SAME = 0.002
_DAY = 86_400.0


class DayAndWeek(NamedTuple):
    """Today's energy and that of the seven days before, each None where it is missing or rejected."""

    day: float | None
    week: float | None


def day_and_week(
    fields: FieldReader,
    day_key: str,
    week_key: str,
    lifetime: float | None,
    *,
    low: float = -MAX_NUMBER,
) -> DayAndWeek:
    """The two energies of the fields that are plausible, in the unit of the fields.

    `lifetime` is as the gateway sent it, rejected or not: equality with it shows the wrong register either way. A value
    that is rejected itself rejects no other: the week is judged by an accepted day only.
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


def _is_lifetime(day: float | None, week: float | None, lifetime: float | None) -> bool:
    """Whether a day is the lifetime (8.3.5433_tot_is_net_cons, 8.3.1598_collar), or all of it but the week.

    The latter only if the day also exceeds the week: in its first week, every system's days are the whole lifetime.
    """
    if not day or not lifetime:
        return False
    rest = lifetime - (week or 0.0)
    return _is_near(day, lifetime, lifetime) or (week is not None and day > week and _is_near(day, rest, lifetime))


def _is_near(value: float, other: float, lifetime: float) -> bool:
    """Within 0.2 % of the lifetime: registers are rounded, and one is read a poll later than the other."""
    return abs(value - other) <= _SAME * abs(lifetime)


def total_equals_net(total: Fields, net: Fields | None, produced: Fields | None, *, has_inverters: bool) -> bool | None:
    """Whether the load's lifetime is the grid's to the last digit (8.3.5433_tot_is_net_cons). None: undecided.

    One poll is enough: two registers of a thousandth of a Wh do not meet by chance. The load is the grid's where the
    production CT is active and has counted nothing yet, and where it is off and no inverter produces: then the load
    *is* what comes from the grid. `produced` is the production CT's entry.
    """
    lifetime, balance = raw_number(total, "whLifetime"), raw_number(net or {}, "whLifetime")
    if not lifetime or balance is None:
        return None
    if lifetime != balance:
        return False
    count, energy = (raw_number(produced or {}, key) for key in ("activeCount", "whLifetime"))
    nothing_produced = not has_inverters if count == 0 else energy == 0
    return None if nothing_produced else True


def gateway_clock(documents: Documents) -> float | None:
    """The time of the gateway's clock; None if it cannot be right, as 1970 after a start without a network."""
    clock = system.gateway_time(documents)
    return clock if clock is not None and EARLIEST <= clock <= LATEST else None


def latest(documents: Documents, now: float) -> float:
    """The latest time that a date of the gateway can have: a day ahead of its clock, or of ours if that is later.

    A gateway whose clock fell back by years has true dates that are ahead of it (8.2.127_with_3cts_and_battery_split
    was recorded with the /info of another year). Without a usable clock there is no limit.
    """
    clock = gateway_clock(documents)
    return math.inf if clock is None else max(clock, now) + _DAY
