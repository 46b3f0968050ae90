"""What is installed, according to the documents: firmware, meters and their phases, batteries, relays, a generator.

`gateway` uses it to decide what to request, and `collectors` to interpret values.
"""

import re

from . import entries
from .documents import DRY_CONTACT_SETTINGS, ENSEMBLE_INVENTORY, ENSEMBLE_POWER, INFO, INVERTERS_V1, Documents, Json
from .entries import AC_BATTERY, MICROINVERTER, Meter

# --- the gateway


def firmware(documents: Documents) -> tuple[int, ...] | None:
    """(8, 2, 4264) for D8.2.4264: the letter has no meaning, and the parts compare as numbers."""
    parts = re.findall(r"\d{1,9}", entries.device(documents, "software") or "")
    return tuple(map(int, parts)) or None


def firmware_below(documents: Documents, *threshold: int) -> bool:
    """Whether the firmware is known and older than the threshold."""
    version = firmware(documents)
    return version is not None and version < threshold


def gateway_time(documents: Documents) -> float | None:
    """The present time of the gateway's own clock, in seconds since 1970; None if it is not reported."""
    document = documents.available.get(INFO)
    time = entries.entry(document.content).get("time") if document else None
    if document is None or not isinstance(time, str) or not re.fullmatch(r"\d{1,12}", time):
        return None
    return int(time) + document.age - document.duration / 2


# --- meters


def metered(documents: Documents) -> bool | None:
    """Whether the gateway has metering hardware, with or without CTs. None if not reported (3.9.36, 4.2.33)."""
    return {"true": True, "false": False}.get(entries.device(documents, "imeter") or "")


def enabled_meter(documents: Documents, kind: str) -> Meter | None:
    """The enabled meter of a type; of several, the one with the lowest eid."""
    return next((meter for meter in entries.meters(documents) if meter.type == kind and meter.enabled), None)


def has_enabled_meter(documents: Documents) -> bool:
    return any(meter.enabled for meter in entries.meters(documents))


def has_no_production_meter(content: Json) -> bool:
    """Whether the site lists production registers, and only those of the inverters; an empty list shows nothing."""
    types = [register.get("type") for register in entries.section(content, "production")]
    return bool(types) and all(type_ == "inverters" for type_ in types)


# --- inverters and batteries


def has_inverter(documents: Documents) -> bool:
    """Whether any document counts or lists a microinverter that is not removed."""
    if entries.is_active(entries.inverters_entry(entries.site(documents))):
        return True
    v1 = entries.objects(documents.content(INVERTERS_V1))
    reported = entries.objects(entries.interval_data(documents, "pcu"))
    listed = entries.objects(entries.inventory(documents, "PCU"))
    return (
        any(entries.device_type(device) == MICROINVERTER for device in v1)
        or any(device.get("active") is not False for device in reported)
        or any(not entries.is_removed(device) for device in listed)
    )


def has_iq_battery(documents: Documents) -> bool:
    return bool(entries.ensemble(documents, "ENCHARGE"))


def has_ac_battery(documents: Documents) -> bool:
    """By the site's entry, or by a list of devices if the site has no entry (pyenphase 3.0.0)."""
    if entries.ac_batteries(entries.site(documents)) is not None:
        return True
    v1 = entries.objects(documents.content(INVERTERS_V1))
    listed = entries.objects(entries.inventory(documents, "ACB"))
    in_v1 = any(entries.device_type(device) == AC_BATTERY for device in v1)
    return in_v1 or any(entries.is_ac_battery(device) for device in listed)


def has_battery(documents: Documents) -> bool:
    """Whether an IQ battery is listed, or the site has an entry of AC batteries."""
    return has_iq_battery(documents) or entries.ac_batteries(entries.site(documents)) is not None


def battery_power_was_never_available(documents: Documents) -> bool:
    """Whether `/ivp/ensemble/power` is not available, or fails on firmware that is known to lack it (below 7)."""
    if ENSEMBLE_POWER in documents.once_available or ENSEMBLE_POWER in documents.available:
        return False
    failing = ENSEMBLE_POWER in documents.failing and firmware_below(documents, 7)
    return ENSEMBLE_POWER in documents.absent or failing


# --- controllers, relays, a generator


def has_system_controller(documents: Documents) -> bool:
    return bool(entries.ensemble(documents, "ENPOWER"))


def has_iq_battery_or_controller(documents: Documents) -> bool:
    return has_iq_battery(documents) or has_system_controller(documents)


def has_ensemble_device(documents: Documents) -> bool:
    """Whether the ensemble inventory lists any device: relays and generators need a controller."""
    groups = (group.get("devices") for group in entries.objects(documents.content(ENSEMBLE_INVENTORY)))
    return any(isinstance(devices, list) and devices for devices in groups)


def has_relay_in_use(documents: Documents) -> bool:
    listed = entries.entry(documents.content(DRY_CONTACT_SETTINGS)).get("dry_contacts")
    return any(entries.is_relay_in_use(settings) for settings in entries.objects(listed))


def has_generator(documents: Documents) -> bool:
    return bool(entries.generator(documents))


def has_iq_relay(documents: Documents) -> bool:
    """By the inventory or by device_data, whichever is available."""
    listed = entries.objects(entries.inventory(documents, "NSRB"))
    reported = entries.objects(entries.interval_data(documents, "nsrb"))
    return any(not entries.is_removed(device) for device in listed) or any(
        device.get("active") is not False for device in reported
    )
