"""The site's document while one reading of it lasts: what the production and the consumption have in common."""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import entries
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents, Json
from envoy_exporter.entries import Meter
from envoy_exporter.fields import Fields, Reject, Rejections

from . import plausibility
from .plausibility import PlausibilityFilter, Register

_REGISTERS = (Register(key="whLifetime", power="wNow", derived=("whToday",)),)


@dataclass(frozen=True, slots=True)
class Site:
    """The documents, what is remembered of their registers, and the latest time that a date in them can have."""

    seen: Documents
    plausible: PlausibilityFilter
    latest: float
    rejections: Rejections

    @property
    def endpoint(self) -> str:
        return entries.site_endpoint(self.seen)

    @property
    def content(self) -> Json:
        return self.seen.content(self.endpoint)

    @property
    def reject(self) -> Reject:
        return self.rejections.of(self.endpoint)

    def whole(self, name: str, entry: Fields | None, meter: Meter | None) -> Fields | None:
        """The entry of an active CT that has not lost a phase."""
        if entry is None or not entries.is_active(entry):
            return None
        phases = meter.phases if meter else 3
        lost = self.plausible.phase_lost(self.endpoint, (name,), entry.get("lines"), phases, plausibility.LINE)
        return None if lost else entry

    def accepted(self, name: str, fields: Fields, phase: str = "") -> Fields:
        """The fields of an entry, or of one of its lines, without those that are implausible."""
        return self.plausible.accepted(self.endpoint, (name, phase) if phase else (name,), fields, _REGISTERS)

    def lines(self, fields: Fields, meter: Meter | None) -> Iterator[tuple[str, Fields]]:
        """The values by phase, as many as the CT has; 8.3 pads them to three with zeros (8.3.1598_collar)."""
        for phase, line in json_fields.phases(fields.get("lines"), meter.phases if meter else 3, self.reject):
            if meter or any(line.values()):
                yield phase, line
