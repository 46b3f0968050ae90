"""The required contents of documents: one closed table. Everything else may be empty.

A document that parses but lacks required content is counted by the rule `missing`, each time. `collector_runner.py`
decides what follows if that lasts.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from envoy_exporter import entries, system
from envoy_exporter.documents import (
    DEVICE_DATA,
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    INFO,
    INVENTORY,
    INVERTERS_V1,
    METER_READINGS,
    METERS,
    PRODUCTION,
    PRODUCTION_JSON,
    PRODUCTION_V1,
    Documents,
)
from envoy_exporter.fields import MISSING, FieldReader, Fields, Rejection, raw_number

from . import html_production, inverter_source, production_source

_MAX_NAMES = 3

Missing = Iterator[tuple[str, list[str] | None]]


@dataclass(frozen=True, slots=True)
class Requirement:
    """The content that a collector requires of endpoints, and a function that finds what is missing.

    The function gets the documents and the collector's choice of a source. It yields the endpoint of each document with
    the names of missing content, or with None if that is undecided because another document is missing. Its
    docstring names the required content.
    """

    collector: str
    endpoints: tuple[str, ...]
    find_missing: Callable[[Documents, str | None], Missing]


def missing(collector: str, documents: Documents, choice: str | None = None) -> list[Rejection]:
    """A rejection for each incomplete document. `choice`: the chosen production source or inverter list."""
    return [
        Rejection(endpoint, MISSING, _joined(names))
        for requirement in REQUIREMENTS
        if requirement.collector == collector
        for endpoint, names in requirement.find_missing(documents, choice)
        if names
    ]


def undecided(collector: str, documents: Documents, choice: str | None = None) -> frozenset[str]:
    """The endpoints whose documents are undecided: whether they are complete depends on a missing document."""
    return frozenset(
        endpoint
        for requirement in REQUIREMENTS
        if requirement.collector == collector
        for endpoint, names in requirement.find_missing(documents, choice)
        if names is None
    )


def _joined(names: list[str]) -> str:
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def _information(documents: Documents, _: str | None) -> Missing:
    """The serial number and the firmware."""
    if INFO in documents.available:
        yield INFO, [element for element in ("sn", "software") if not entries.device(documents, element)]


def _production(documents: Documents, source: str | None) -> Missing:
    """A number for power or lifetime energy of the chosen source; it may be 0, and the CT need not be active.

    While no source can be chosen: a production entry, and with one a number in `/api/v1/production`.
    """
    endpoint, name = entries.site_endpoint(documents), f"production {source}"
    site, v1 = documents.content(endpoint), entries.entry(documents.content(PRODUCTION_V1))
    eim, inverters = entries.eim_entry(site), entries.inverters_entry(site)
    if source == "html":
        endpoint, name = PRODUCTION, html_production.POWER
        rows = html_production.read(documents.content(endpoint))
        complete = bool({*rows.rows, *rows.invalid} & {html_production.POWER, html_production.LIFETIME})
    elif source == "v1":
        endpoint, name = PRODUCTION_V1, "wattsNow"
        complete = _any_number(v1, ("wattsNow", "wattHoursLifetime"))
    elif source is not None:
        complete = _any_number((eim if source == "eim" else inverters) or {}, ("wNow", "whLifetime"))
    elif system.firmware_below(documents, 3, 9):
        endpoint, name, complete = PRODUCTION, html_production.POWER, False
    else:
        name = "production"
        complete = _any_number(v1, ("wattsNow", *production_source.ENERGIES)) or not documents.has_responded(
            PRODUCTION_V1
        )
        if eim or inverters:  # on a gateway with CTs, the list of meters decides first
            endpoint, name = PRODUCTION_V1, "wattsNow"
            complete = complete or (system.metered(documents) is True and not documents.has_responded(METERS))
    if endpoint in documents.available and not complete:
        yield endpoint, [name]


def _any_number(fields: Fields, keys: Iterable[str]) -> bool:
    return any(raw_number(fields, key) is not None for key in keys)


def _meter_readings(documents: Documents, kind: str | None) -> Missing:
    """An entry for every enabled meter, or for those of one type."""
    if METER_READINGS in documents.available and not entries.meters(documents):
        yield METER_READINGS, None
    elif METER_READINGS in documents.available:
        readings = entries.meter_readings(documents)
        meters = (meter for meter in entries.meters(documents) if meter.enabled and kind in {None, meter.type})
        yield METER_READINGS, [meter.name for meter in meters if meter.eid not in readings]


def _storage_reading(documents: Documents, _: str | None) -> Missing:
    """An entry for the enabled storage meter."""
    yield from _meter_readings(documents, "storage")


def _inverters(documents: Documents, chosen: str | None) -> Missing:
    """An inverter, if the site counts active ones or the inventory lists one that is not removed.

    In the chosen list or, while that is not available, in the other one.
    """
    both = (DEVICE_DATA, INVERTERS_V1)
    lists = [
        endpoint
        for endpoint in ((chosen,) if chosen in documents.available else both)
        if endpoint in documents.available
    ]
    counted = entries.is_active(entries.inverters_entry(entries.site(documents)))
    listed = entries.objects(entries.inventory(documents, "PCU"))
    expected = counted or any(not entries.is_removed(inverter) for inverter in listed)
    if lists and not any(inverter_source.serials(documents, endpoint) for endpoint in lists if endpoint):
        if expected:
            yield str(lists[0]), ["inverters"]
        elif not (documents.has_responded(INVENTORY) and documents.has_responded(PRODUCTION_JSON)):
            yield str(lists[0]), None


def _battery_power(documents: Documents, _: str | None) -> Missing:
    """An entry for each IQ battery."""
    if ENSEMBLE_POWER in documents.available and not documents.has_responded(ENSEMBLE_INVENTORY):
        yield ENSEMBLE_POWER, None
    elif ENSEMBLE_POWER in documents.available:
        powers = entries.battery_powers(documents)
        with_power = {_serial(power) for power in entries.objects(powers)}
        units = entries.objects(entries.ensemble(documents, "ENCHARGE"))
        serials = (_serial(unit) for unit in units)
        yield ENSEMBLE_POWER, [serial for serial in serials if serial and serial not in with_power]


def _serial(unit: Fields) -> str | None:
    return FieldReader(unit, "").serial("serial_num")


REQUIREMENTS = (
    Requirement("identity", (INFO,), _information),
    Requirement("production", (PRODUCTION_JSON, PRODUCTION, PRODUCTION_V1), _production),
    Requirement("meters", (METER_READINGS,), _meter_readings),
    Requirement("inverters", (DEVICE_DATA, INVERTERS_V1), _inverters),
    Requirement("batteries", (ENSEMBLE_POWER,), _battery_power),
    Requirement("batteries", (METER_READINGS,), _storage_reading),
)
