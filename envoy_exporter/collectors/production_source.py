"""Which register is the site's production: chosen once the documents have answered that it takes to know, and kept."""

from dataclasses import dataclass, field

from envoy_exporter import documents, entries, system
from envoy_exporter.documents import Documents
from envoy_exporter.fields import Fields, raw_number

from . import steady
from .steady import Held, Listing

ENERGIES = ("wattHoursToday", "wattHoursSevenDays", "wattHoursLifetime")


@dataclass(frozen=True, slots=True)
class Choice:
    """The source, and on what it was chosen: another firmware or other meters open the choice again."""

    source: str | None = None
    firmware: str | None = None
    meters: Held[Listing] = field(default_factory=Held)


def choose(seen: Documents, before: Choice, now: float) -> Choice:
    """The CT wins whenever it shows: it may be away first."""
    firmware = entries.device(seen, "software") or before.firmware
    meters = steady.meters(seen, before.meters, now)
    same = (firmware, meters.current) == (before.firmware, before.meters.current)
    kept = before.source if same else None
    if entries.is_active(entries.eim_entry(entries.site(seen))):
        kept = "eim"
    return Choice(kept or _source(seen, meters.current), firmware, meters)


def _source(seen: Documents, meters: Listing | None) -> str | None:
    if system.firmware_below(seen, 3, 9):
        return "html" if isinstance(seen.content(documents.PRODUCTION), str) else None
    site = entries.site(seen)
    if documents.INFO not in seen.at_hand or (site is None and documents.PRODUCTION_JSON not in seen.absent):
        return None
    if site is not None and not entries.lists_production(site) and system.metered(seen) is not False:
        return None
    inverters = entries.inverters_entry(site)
    if system.metered(seen):
        if not seen.known(documents.METERS):
            return None
        listed = isinstance(seen.content(documents.METERS), list)
        if inverters and listed and not steady.is_enabled(meters, "production"):
            return "inverters"
    if documents.PRODUCTION_V1 not in seen.at_hand:
        return None
    return _by_v1(entries.entry(seen.content(documents.PRODUCTION_V1)), inverters)


def _by_v1(v1: Fields, inverters: Fields | None) -> str | None:
    """Undecided while v1 has neither an energy other than 0 nor all three: a gateway that starts sends {}.

    Without an entry of the inverters, there is nothing else to choose, and power is enough.
    """
    energies = [raw_number(v1, key) for key in ENERGIES]
    if any(energies) or (inverters is None and None in energies and raw_number(v1, "wattsNow")):
        return "v1"
    if None in energies:
        return None
    # All zero: for good without CTs (7.3.466_metered_disabled_cts), or for minutes after the gateway started.
    return "inverters" if inverters and inverters.get("whLifetime") else None
