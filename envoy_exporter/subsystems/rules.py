"""Values that lie: each rule is one function that says so, with the gateway that showed it.

A rule judges by the shape of the data and never by the firmware's number (pyenphase#499: a fault was there one
version before the one that was asked for), counts what it refuses, and puts nothing in its place. Energies are
in whatever unit they share.
"""

import math

from envoy_exporter import documents, untrusted
from envoy_exporter.documents import Documents
from envoy_exporter.untrusted import Fields, Refuse

DAY_EQUALS_LIFETIME, WEEK_EQUALS_LIFETIME = "day_equals_lifetime", "week_equals_lifetime"
WEEK_BELOW_DAY, TOTAL_EQUALS_NET = "week_below_day", "total_equals_net"

_SAME = 0.002
_DAY = 86_400.0


def day(day: float | None, lifetime: float | None, key: str, refuse: Refuse) -> float | None:
    """Today's energy, unless it is the lifetime's (8.3.5433_tot_is_net_cons, 8.3.1598_collar)."""
    if day and day == lifetime:
        refuse(DAY_EQUALS_LIFETIME, key)
        return None
    return day


def week(week: float | None, day: float | None, lifetime: float | None, key: str, refuse: Refuse) -> float | None:
    """The energy of the seven days before today, unless it cannot be that.

    It is the lifetime (8.3.5433_tot_is_net_cons) or all of it but today (8.1.41), or less than one day's
    (7.6.175_with_cts: 4.6 Wh in a week and 19.9 kWh today).
    """
    if week is None:
        return None
    if week and lifetime and any(abs(week + more - lifetime) <= _SAME * lifetime for more in (0.0, day or 0.0)):
        refuse(WEEK_EQUALS_LIFETIME, key)
        return None
    if day is not None and week < day:
        refuse(WEEK_BELOW_DAY, key)
        return None
    return week


def total_equals_net(total: Fields, net: Fields | None, produced: Fields | None) -> bool | None:
    """The load's lifetime is the grid's to the last digit (8.3.5433_tot_is_net_cons). None: nobody can tell.

    One poll is enough: two registers of a thousandth of a Wh do not meet by chance. They are one where the gateway says
    that its production CT is off (its old lifetime, as in 7.3.466_metered_disabled_cts, is in neither) or has counted
    nothing yet: then the load *is* what comes from the grid. A gateway that does not say so is not believed.
    """
    lifetime, balance = untrusted.peek(total, "whLifetime"), untrusted.peek(net or {}, "whLifetime")
    if not lifetime or balance is None:
        return None
    if lifetime != balance:
        return False
    uncounted = produced is not None and 0 in (untrusted.peek(produced, key) for key in ("activeCount", "whLifetime"))
    return None if uncounted else True


def gateway_clock(seen: Documents) -> float | None:
    """What the gateway's clock shows; None where it cannot be right, as at 1970 after a start without a network."""
    clock = documents.gateway_time(seen)
    return clock if clock is not None and untrusted.EARLIEST <= clock <= untrusted.LATEST else None


def latest(seen: Documents, now: float) -> float:
    """The latest instant that the gateway can speak of: a day ahead of its clock, and of ours if that is ahead.

    A gateway whose clock fell back by years has true dates that are ahead of it (8.2.127_with_3cts_and_battery_split
    was recorded with the /info of another year). Without a usable clock there is no rule.
    """
    clock = gateway_clock(seen)
    return math.inf if clock is None else max(clock, now) + _DAY


def moment(fields: Fields, key: str, latest: float, refuse: Refuse) -> float | None:
    """When something was read or reported: not before 2000, nor after `latest`; 0 is never."""
    return not_ahead(untrusted.instant(fields, key, refuse), key, latest, refuse)


def not_ahead(seconds: float | None, key: str, latest: float, refuse: Refuse) -> float | None:
    if seconds is not None and seconds > latest:
        refuse(untrusted.CLOCK, key)
        return None
    return seconds
