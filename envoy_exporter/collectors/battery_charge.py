"""The source of the charge of IQ batteries: a part of `batteries`.

`/ivp/ensemble/power` has the present charge. Firmware 5 to early 7 lacks that endpoint, and reports the charge in the
ensemble inventory, which is some minutes late on later firmware (10 % and not 54 in 8.2.4382_ACB).
So the source is kept.
"""

from envoy_exporter import system
from envoy_exporter.documents import ENSEMBLE_POWER, Documents

_ABSENT_FOR = 600.0
"""Seconds: a gateway that has just started responds 404 to every request."""


def absent_since(documents: Documents, before: float | None, now: float) -> float | None:
    """The time since which `/ivp/ensemble/power` has not been available, in seconds since 1970; else None.

    Only a document resets it: a failed request does not show whether the endpoint is available.
    """
    if ENSEMBLE_POWER in documents.available:
        return None
    if ENSEMBLE_POWER not in documents.absent:
        return before
    return now if before is None else min(before, now)


def is_in_inventory(documents: Documents, since: float | None, now: float, *, before: bool) -> bool:
    """Whether the inventory is the source: below firmware 7, or once power has been absent for ten minutes.

    It stays the source until `/ivp/ensemble/power` is available, which is preferred and then kept. `before`: whether
    the inventory was the source.
    """
    if before and ENSEMBLE_POWER not in documents.once_available | documents.available.keys():
        return True
    if not system.battery_power_was_never_available(documents):
        return False
    return system.firmware_below(documents, 7) or (since is not None and now - since >= _ABSENT_FOR)
