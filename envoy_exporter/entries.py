"""The parts of a gateway's documents by name: the site's entries, meters, the ensemble, the inventory.

Each function returns what the gateway sent, and nothing if the document has another structure. The collectors check the
values. A name such as 8.3.5433 is a capture of a gateway with that firmware, in the test fixtures of pyenphase
(https://github.com/pyenphase/pyenphase).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeGuard

from .documents import (
    DEVICE_DATA,
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    GENERATOR_CONFIG,
    HOME,
    HOME_JSON,
    INFO,
    INVENTORY,
    METER_READINGS,
    METERS,
    PRODUCTION,
    PRODUCTION_JSON,
    Documents,
    Entry,
    Json,
)
from .fields import MAX_DEVICES, MAX_NUMBER

MICROINVERTER, AC_BATTERY, IQ_RELAY = 1, 11, 12
"""Numbers of the types of devices on the power line."""
_TYPES = MappingProxyType({MICROINVERTER: "PCU", AC_BATTERY: "ACB", IQ_RELAY: "NSRB", 19: "ESUB"})
_GENERATOR_KEYS = frozenset(
    ("generator_id", "gen_type", "manufacturer", "max_cont_gen_amps", "model", "name_plate_rating_wat", "start_method")
)


# --- parts of any document


def objects(content: Json) -> Iterator[Entry]:
    """The objects among the first 1000 elements of a list; nothing for any other value."""
    for element in content[:MAX_DEVICES] if isinstance(content, list) else ():
        if isinstance(element, dict):
            yield element


def entry(content: object, *path: str) -> Entry:
    """The object at the end of a path of keys; an empty one if there is no object."""
    for key in path:
        content = content.get(key) if isinstance(content, dict) else None
    return content if isinstance(content, dict) else {}


def integer(value: object) -> int | None:
    """A whole number of at most twelve digits; None for any other value."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER else None


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER


# --- the gateway


def information(documents: Documents) -> Entry:
    """The elements below `envoy_info`."""
    return entry(documents.content(INFO))


def device(documents: Documents, element: str) -> str | None:
    """An element of `/info`'s device: `sn`, `pn`, `software`, `imeter`."""
    text = entry(information(documents), "device").get(element)
    return text if isinstance(text, str) and text else None


def home(documents: Documents) -> tuple[str, Entry]:
    """The state of the gateway itself, and its endpoint: `/home`, below firmware 7 `/home.json`."""
    endpoint = HOME if HOME in documents.available else HOME_JSON
    return endpoint, entry(documents.content(endpoint))


# --- the site


def site_endpoint(documents: Documents) -> str:
    """The document with the site's entries: `/production` if only that one has `lines`, else `/production.json`."""
    if has_phases(documents.content(PRODUCTION)):
        return PRODUCTION
    available = documents.content(PRODUCTION_JSON) is not None or PRODUCTION not in documents.available
    return PRODUCTION_JSON if available else PRODUCTION


def site(documents: Documents) -> Json:
    """The document with the site's entries."""
    return documents.content(site_endpoint(documents))


def has_phases(content: Json) -> bool:
    """Whether a site document has values by phase."""
    return any("lines" in found for name in ("production", "consumption") for found in section(content, name))


def inverters_entry(content: Json) -> Entry | None:
    """The entry with the sum of the microinverters."""
    return next((found for found in section(content, "production") if found.get("type") == "inverters"), None)


def eim_entry(content: Json) -> Entry | None:
    """The production CT's entry; 4.2.33 gives it no measurementType."""
    return next((found for found in section(content, "production") if found.get("type") == "eim"), None)


def consumption_entries(content: Json) -> tuple[Entry | None, Entry | None]:
    """The `total-consumption` and the `net-consumption` entry, by measurementType and not by position.

    With one exception: 4.2.33 sends two entries without a measurementType, the total first.
    """
    value = entry(content).get("consumption")
    found = list(section(content, "consumption"))
    unnamed = not any("measurementType" in consumption for consumption in found)
    if isinstance(value, list) and len(value) == len(found) == 2 and unnamed:  # noqa: PLR2004
        return found[0], found[1]
    by_type = {str(consumption.get("measurementType")): consumption for consumption in reversed(found)}
    return by_type.get("total-consumption"), by_type.get("net-consumption")


def ac_batteries(content: Json) -> Entry | None:
    """The entry of the AC batteries; None without any, as the gateway then sends an entry without percentFull."""
    for storage in section(content, "storage"):
        if storage.get("type") == "acb" and is_number(storage.get("percentFull")) and is_active(storage):
            return storage
    return None


def lists_storage(content: Json) -> bool:
    """Whether a site document shows if AC batteries are installed: a list with other elements than objects does not."""
    listed = entry(content).get("storage", [])
    return isinstance(content, dict) and isinstance(listed, list) and all(isinstance(item, dict) for item in listed)


def lists_production(content: Json) -> bool:
    """Whether a site document lists its production registers."""
    return isinstance(entry(content).get("production"), list)


def is_active(fields: Mapping[str, object] | None) -> bool:
    """Whether `activeCount` is above 0: else the other numbers are old or wrong (7.3.466_metered_disabled_cts)."""
    count = (fields or {}).get("activeCount")
    return is_number(count) and 0 < count <= MAX_DEVICES


def section(content: Json, name: str) -> Iterator[Entry]:
    """The entries of one section of a site document: production, consumption or storage."""
    return objects(entry(content).get(name))


# --- meters


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter in `/ivp/meters`. `name` is its type, with `#eid` appended for all but the lowest eid of the type."""

    eid: int
    name: str
    type: str
    enabled: bool
    phases: int
    listed: Entry


def meters(documents: Documents) -> tuple[Meter, ...]:
    """The listed meters in the order of their eids; meters without an eid or a type are left out."""
    found: dict[int, Meter] = {}
    types: set[str] = set()
    for listed in sorted(objects(documents.content(METERS)), key=lambda meter: integer(meter.get("eid")) or 0):
        eid, type_ = integer(listed.get("eid")), listed.get("measurementType")
        if eid is None or not is_name(type_) or eid in found:
            continue
        name = f"{type_}#{eid}" if type_ in types else type_
        types.add(type_)
        phases = min(max(integer(listed.get("phaseCount")) or 1, 1), 3)
        found[eid] = Meter(eid, name, type_, listed.get("state") == "enabled", phases, listed)
    return tuple(found.values())


def is_name(value: object) -> TypeGuard[str]:
    """Whether the value can name a meter in a label."""
    return isinstance(value, str) and re.fullmatch(r"[0-9A-Za-z._-]{1,32}", value) is not None


def meter_readings(documents: Documents) -> dict[int, Entry]:
    """The readings by eid, also those of meters that are not listed (8.3.1598_collar)."""
    found: dict[int, Entry] = {}
    for reading in objects(documents.content(METER_READINGS)):
        eid = integer(reading.get("eid"))
        if eid is not None:
            found.setdefault(eid, reading)
    return found


# --- devices


def device_data_is_complete(content: Json) -> bool:
    """Whether device_data lists every inverter, and at least one that is not removed.

    The list stops at deviceDataLimit devices without any sign of it (home-assistant/core#148331).
    """
    devices = entry(content)
    count, limit = integer(devices.get("deviceCount")), integer(devices.get("deviceDataLimit"))
    if count is not None and limit is not None and count >= limit:
        return False
    inverters = (device for device in devices.values() if isinstance(device, dict) and device.get("devName") == "pcu")
    return any(inverter.get("active") is not False for inverter in inverters)


def ensemble(documents: Documents, kind: str) -> list[Json]:
    """The devices of one type in the ensemble inventory, such as ENCHARGE."""
    found: list[Json] = []
    for group in objects(documents.content(ENSEMBLE_INVENTORY)):
        devices = group.get("devices")
        if group.get("type") == kind and isinstance(devices, list):
            found.extend(devices)
    return found


def device_type(listed: Mapping[str, object]) -> int | None:
    """The number of a device's type, from a list of several types; None if it is not a number.

    A device without one is a microinverter: older firmware sends no types (3.9.36, 4.2.33).
    """
    number = listed.get("devType", listed.get("dev_type"))
    return MICROINVERTER if number is None else integer(number)


def battery_powers(documents: Documents) -> Json:
    """The list of `/ivp/ensemble/power`; gateways send its key with a colon."""
    powers = entry(documents.content(ENSEMBLE_POWER))
    return powers.get("devices:", powers.get("devices"))


def inventory(documents: Documents, kind: str) -> list[Json]:
    """The devices of one type on the power line: PCU, ACB or NSRB; removed ones too.

    The type is that of the device's dev_type, or else that of its group.
    """
    found: list[Json] = []
    for group in objects(documents.content(INVENTORY)):
        devices = group.get("devices")
        for device in devices if isinstance(devices, list) else ():
            number = integer(device.get("dev_type")) if isinstance(device, dict) else None
            if _TYPES.get(number or 0, group.get("type")) == kind:
                found.append(device)
    return found


def interval_data(documents: Documents, kind: str) -> list[Json]:
    """The devices of one devName in device_data: pcu, acb or nsrb; removed ones too."""
    devices = entry(documents.content(DEVICE_DATA)).values()
    return [device for device in devices if isinstance(device, dict) and device.get("devName") == kind]


def is_removed(listed: Mapping[str, object]) -> bool:
    """Whether a listed device has been removed: admin_state 3 (8.3.5433_tot_is_net_cons), or 0 (pyenphase)."""
    state = listed.get("admin_state")
    return isinstance(state, int) and not isinstance(state, bool) and state in {0, 3}


def is_ac_battery(listed: Mapping[str, object]) -> bool:
    """Whether an ACB of the inventory is not removed and reports its charge."""
    return not is_removed(listed) and is_number(listed.get("percentFull"))


def is_relay_in_use(settings: Mapping[str, object]) -> bool:
    """Whether a load is configured for the contact; contacts not in use are listed too, with the type NONE."""
    kind = settings.get("type")
    return isinstance(kind, str) and kind.upper() not in ("", "NONE")


def generator(documents: Documents) -> Entry:
    """The configuration of the generator; empty without one. `present` may be 1 without a generator (7.3.517)."""
    config = entry(documents.content(GENERATOR_CONFIG))
    return config if config.keys() & _GENERATOR_KEYS and not config.keys() & {"err", "error"} else {}
