"""Values that lie: each rule is one function that says so, with the gateway that showed it.

A rule judges by the shape of the data and never by the firmware's number (pyenphase#499: a fault was there one
version before the one that was asked for), counts what it refuses, and puts nothing in its place. Energies are
in whatever unit they share.
"""

from envoy_exporter.untrusted import Fields, Refuse

DAY_EQUALS_LIFETIME, WEEK_EQUALS_LIFETIME = "day_equals_lifetime", "week_equals_lifetime"
WEEK_BELOW_DAY, TOTAL_EQUALS_NET = "week_below_day", "total_equals_net"

_SAME = 0.002


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


def total_equals_net(total: Fields, net: Fields | None, produced: Fields | None) -> bool:
    """The load's lifetime is the grid's to the last digit, though something was produced (8.3.5433_tot_is_net_cons)."""
    lifetime = total.get("whLifetime")
    same = bool(lifetime) and net is not None and lifetime == net.get("whLifetime")
    return same and bool(produced and produced.get("whLifetime"))
