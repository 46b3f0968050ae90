"""The site's document during one reading, for production and consumption."""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import entries
from envoy_exporter.documents import Documents, Json
from envoy_exporter.entries import Meter
from envoy_exporter.fields import FieldReader, Fields

from .document_reader import DocumentReader
from .plausibility import PlausibilityFilter, Register

_REGISTERS = (Register(key="whLifetime", power="wNow", derived=("whToday",)),)


@dataclass(frozen=True, slots=True)
class Site:
    """Reads the entries of the site's document, and compares their registers with earlier values."""

    reader: DocumentReader
    plausible: PlausibilityFilter

    @property
    def documents(self) -> Documents:
        return self.reader.documents

    @property
    def content(self) -> Json:
        return entries.site(self.documents)

    def fields(self, entry: Fields | None) -> FieldReader:
        return self.reader.fields(entries.site_endpoint(self.documents), entry or {})

    def active_entry(self, name: str, entry: Fields | None, meter: Meter | None) -> FieldReader | None:
        """The entry of an active CT that has not lost a phase."""
        if entry is None or not entries.is_active(entry):
            return None
        fields = self.fields(entry)
        return None if self.plausible.phase_lost((name,), fields, "lines", meter.phases if meter else 3) else fields

    def accepted(self, name: str, fields: FieldReader, phase: str = "") -> FieldReader:
        """The fields of an entry, or of one of its lines, without those that are implausible."""
        return self.plausible.accepted((name, phase) if phase else (name,), fields, _REGISTERS)

    def lines(self, fields: FieldReader, meter: Meter | None) -> Iterator[tuple[str, FieldReader]]:
        """The values by phase, as many as the CT has; 8.3 pads them to three with zeros (8.3.1598_collar)."""
        for phase, line in fields.phases("lines", meter.phases if meter else 3):
            if meter or any(line.fields.values()):
                yield phase, line
