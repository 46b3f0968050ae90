"""Where the charge of IQ batteries is read: a part of `batteries`.

`/ivp/ensemble/power` has it fresh. Firmware 5 to early 7 lacks that endpoint, and has the charge in the ensemble
inventory, which is some minutes late on later firmware (10 % and not 54 in 8.2.4382_ACB). So the source is kept.
"""

from dataclasses import dataclass

from envoy_exporter import documents
from envoy_exporter.documents import Documents

_ABSENT_FOR = 600.0
"""A gateway that has just started answers 404 to anything."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of `/ivp/ensemble/power` on one firmware: whether it has answered, and since when it is absent."""

    firmware: str | None = None
    power_answered: bool = False
    absent_since: float | None = None


def remembered(seen: Documents, before: Memory, now: float) -> Memory:
    """The memory after these documents; another firmware opens the choice again."""
    firmware = documents.device(seen, "software") or before.firmware
    if firmware != before.firmware:
        before = Memory()
    answered = before.power_answered or documents.ENSEMBLE_POWER in seen.at_hand
    since = now if before.absent_since is None else min(before.absent_since, now)
    return Memory(firmware, answered, since if documents.ENSEMBLE_POWER in seen.absent else None)


def is_in_inventory(seen: Documents, memory: Memory, now: float) -> bool:
    """Whether the inventory is the source: below firmware 7, or once power has been absent for ten minutes."""
    if memory.power_answered:
        return False
    if documents.firmware_below(seen, 7):
        return documents.ENSEMBLE_POWER in seen.absent | seen.failing
    return memory.absent_since is not None and now - memory.absent_since >= _ABSENT_FOR
