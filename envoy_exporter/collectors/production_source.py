"""The register of the site's production: chosen once the documents that decide it are available, and kept."""

from dataclasses import dataclass, field

from envoy_exporter import entries, system
from envoy_exporter.documents import INFO, METERS, PRODUCTION, PRODUCTION_JSON, PRODUCTION_V1, Documents
from envoy_exporter.fields import Fields, raw_number

from . import steady
from .steady import Listing, SteadyValue

ENERGIES = ("wattHoursToday", "wattHoursSevenDays", "wattHoursLifetime")


@dataclass(frozen=True, slots=True)
class Choice:
    """The source, with the firmware and the meters for which it was chosen: if they change, it is chosen again."""

    source: str | None = None
    firmware: str | None = None
    meters: SteadyValue[Listing] = field(default_factory=SteadyValue)


def choose(documents: Documents, before: Choice, now: float) -> Choice:
    """The production CT is always preferred, also if it appears later."""
    firmware = entries.device(documents, "software") or before.firmware
    meters = steady.meters(documents, before.meters, now)
    same = (firmware, meters.current) == (before.firmware, before.meters.current)
    kept = before.source if same else None
    if entries.is_active(entries.eim_entry(entries.site(documents))):
        kept = "eim"
    return Choice(kept or _source(documents, meters.current), firmware, meters)


def _source(documents: Documents, meters: Listing | None) -> str | None:
    if system.firmware_below(documents, 3, 9):
        return "html" if isinstance(documents.content(PRODUCTION), str) else None
    site = entries.site(documents)
    if INFO not in documents.available or (site is None and PRODUCTION_JSON not in documents.absent):
        return None
    if site is not None and not entries.lists_production(site) and system.metered(documents) is not False:
        return None
    inverters = entries.inverters_entry(site)
    if system.metered(documents):
        if not documents.has_responded(METERS):
            return None
        listed = isinstance(documents.content(METERS), list)
        if inverters and listed and not steady.is_enabled(meters, "production"):
            return "inverters"
    if PRODUCTION_V1 not in documents.available:
        return None
    return _by_v1(entries.entry(documents.content(PRODUCTION_V1)), inverters)


def _by_v1(v1: Fields, inverters: Fields | None) -> str | None:
    """None while v1 has neither an energy other than 0 nor all three energies: a gateway that starts sends {}.

    Without an entry of the inverters there is no other source, and a power is enough.
    """
    energies = [raw_number(v1, key) for key in ENERGIES]
    if any(energies) or (inverters is None and None in energies and raw_number(v1, "wattsNow")):
        return "v1"
    if None in energies:
        return None
    # All zero: always without CTs (7.3.466_metered_disabled_cts), or for minutes after a start of the gateway.
    return "inverters" if inverters and inverters.get("whLifetime") else None
