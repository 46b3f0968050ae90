"""Values that change only after ten minutes: the list of meters of a gateway, which may lack a meter for one poll.

Times are those of the requests, so a document that is read twice has the same result twice.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from envoy_exporter import entries
from envoy_exporter.documents import METERS, Documents

from .plausibility import CONFIRMATION_TIME

Value = TypeVar("Value")
Listing = tuple[tuple[int, str, bool], ...]
"""The eid, the type, and whether it is enabled, of each meter in `/ivp/meters`."""


@dataclass(frozen=True, slots=True)
class SteadyValue(Generic[Value]):
    """The value in force, and a candidate with the times of the first and the last document that contained it.

    `current` is None before the first value.
    """

    current: Value | None = None
    candidate: Value | None = None
    since: float = 0.0
    until: float = 0.0

    def after(self, value: Value, requested_at: float) -> "SteadyValue[Value]":
        """The first value is in force at once, and another one after it has been the same for ten minutes.

        After an outage of more than ten minutes, these start again.
        """
        if self.current is None or value == self.current:
            return SteadyValue(value)
        is_lasting = value == self.candidate and requested_at - self.until <= CONFIRMATION_TIME
        since = min(self.since, requested_at) if is_lasting else requested_at
        return (
            SteadyValue(value)
            if requested_at - since >= CONFIRMATION_TIME
            else SteadyValue(self.current, value, since, requested_at)
        )


def meters(documents: Documents, before: SteadyValue[Listing], now: float) -> SteadyValue[Listing]:
    """The list of meters after these documents; unchanged while the endpoint fails.

    The list is empty if the gateway does not have the endpoint, and for some minutes after a start. So the first meters
    after an empty list are in force at once.
    """
    if not documents.has_responded(METERS):
        return before
    listed = tuple((meter.eid, meter.type, meter.enabled) for meter in entries.meters(documents))
    document = documents.available.get(METERS)
    value: SteadyValue[Listing] = before if before.current else SteadyValue()
    return value.after(listed, document.requested_at if document else now)


def is_enabled(listing: Listing | None, kind: str) -> bool:
    return any(enabled and listed == kind for _, listed, enabled in listing or ())


def sole_consumption_meter(listing: Listing | None) -> str | None:
    """The type of the enabled consumption CT if there is no production CT and no other consumption CT."""
    enabled = [kind for kind in ("net-consumption", "total-consumption") if is_enabled(listing, kind)]
    return enabled[0] if len(enabled) == 1 and not is_enabled(listing, "production") else None
