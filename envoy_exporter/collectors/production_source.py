"""Which register is the site's production: chosen once the documents have answered that it takes to know, and kept."""

from dataclasses import dataclass

from envoy_exporter import documents, entries, system
from envoy_exporter.documents import Documents
from envoy_exporter.fields import Fields, raw_number


@dataclass(frozen=True, slots=True)
class Choice:
    """The source, and on what it was chosen: another firmware or other meters open the choice again."""

    source: str | None = None
    firmware: str | None = None
    meters: tuple[tuple[int, str, bool], ...] | None = None


def choose(seen: Documents, before: Choice) -> Choice:
    """The CT wins whenever it shows: it may be away first."""
    firmware = entries.device(seen, "software") or before.firmware
    meters = before.meters
    listed = entries.meters(seen)
    if listed or (meters is None and seen.settled(documents.METERS)):  # a gateway that starts lists none for a while
        meters = tuple((meter.eid, meter.type, meter.enabled) for meter in listed)
    kept = before.source if (firmware, meters) == (before.firmware, before.meters) else None
    if entries.is_active(entries.eim_entry(entries.site(seen))):
        kept = "eim"
    return Choice(kept or _source(seen), firmware, meters)


def _source(seen: Documents) -> str | None:
    if system.firmware_below(seen, 3, 9):
        return "html" if isinstance(seen.content(documents.PRODUCTION), str) else None
    site = entries.site(seen)
    if documents.INFO not in seen.at_hand or (site is None and documents.PRODUCTION_JSON not in seen.absent):
        return None
    if site is not None and not entries.lists_production(site) and system.metered(seen) is not False:
        return None
    inverters = entries.inverters_entry(site)
    if system.metered(seen):
        if not seen.settled(documents.METERS):
            return None
        listed = isinstance(seen.content(documents.METERS), list)
        if inverters and listed and not system.enabled_meter(seen, "production"):
            return "inverters"
    if documents.PRODUCTION_V1 not in seen.at_hand:
        return None
    return _by_v1(entries.entry(seen.content(documents.PRODUCTION_V1)), inverters)


def _by_v1(v1: Fields, inverters: Fields | None) -> str | None:
    """Undecided while v1 has no number at all: a gateway that starts sends an empty object."""
    if not any(raw_number(v1, key) is not None for key in v1):
        return None
    if any(v1.get(energy) != 0 for energy in ("wattHoursToday", "wattHoursSevenDays", "wattHoursLifetime")):
        return "v1"
    # All zero: for good without CTs (7.3.466_metered_disabled_cts), or for minutes after the gateway started.
    return "inverters" if inverters and inverters.get("whLifetime") else None
