"""The inverters as the gateway lists them, and which of its two lists is theirs."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from envoy_exporter import documents, entries
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents
from envoy_exporter.fields import Fields, Reject, pass_over


@dataclass(frozen=True, slots=True)
class InverterSource:
    """Where the inverters were read: device_data that fails once is waited for, and not replaced by another list."""

    endpoint: str | None = None


def choose(seen: Documents, chosen: InverterSource) -> InverterSource:
    """Where to read them now. `chosen`: where they were read before.

    Of more inverters than device_data lists, v1 has them all: half a fleet in detail would pass for a whole one.
    """
    before = chosen.endpoint
    content = seen.content(documents.DEVICE_DATA)
    if content is not None:
        return InverterSource(
            documents.DEVICE_DATA if entries.device_data_is_complete(content) else documents.INVERTERS_V1
        )
    if before == documents.DEVICE_DATA and documents.DEVICE_DATA not in seen.absent:
        return InverterSource(documents.DEVICE_DATA)
    return InverterSource(documents.INVERTERS_V1 if documents.INVERTERS_V1 in seen.at_hand else before)


def of_v1(seen: Documents, reject: Reject) -> Iterator[tuple[str, Fields]]:
    """AC batteries are in this list too, by another devType (8.2.4382_ACB); 3.9.36 gives none at all."""
    inverters = microinverters(json_fields.items(seen.content(documents.INVERTERS_V1), reject), "devType", reject)
    yield from json_fields.devices(list(inverters), "serialNumber", reject)


def microinverters(listed: Iterable[Fields], key: str, reject: Reject) -> Iterator[Fields]:
    """Those of a list that may mix devices. A type that is not a number is rejected."""
    for fields in listed:
        number = entries.device_type(fields)
        if number is None:
            reject(json_fields.TYPE, key)
        elif number == entries.MICROINVERTER:
            yield fields


def of_device_data(seen: Documents, reject: Reject) -> Iterator[tuple[str, Fields]]:
    """Those that were removed too; `active` is false of them (8.3.5433)."""
    yield from json_fields.devices(entries.interval_data(seen, "pcu"), "sn", reject)


def serials(seen: Documents, endpoint: str) -> frozenset[str]:
    """The inverters that one of the two lists has, removed ones too."""
    found = of_v1 if endpoint == documents.INVERTERS_V1 else of_device_data
    return frozenset(serial for serial, _ in found(seen, pass_over))


def listed(seen: Documents, chosen: InverterSource, inventory: Mapping[str, bool]) -> frozenset[str] | None:
    """The serials of all inverters that are not removed; None while no list of all of them can be read.

    Those of their own list, and those that only the inventory has. It also says who was taken away where the list
    does not (4.2.33: 51, of which 19 are there). What is odd is passed over: the inverters' own collector counts it.
    """
    content = seen.content(chosen.endpoint) if chosen.endpoint else None
    if not isinstance(content, list | dict) or len(content) > json_fields.MOST_DEVICES:
        return None
    if chosen.endpoint == documents.INVERTERS_V1:
        if not isinstance(content, list):
            return None
        own = {serial: inventory.get(serial, True) for serial, _ in of_v1(seen, pass_over)}
    elif entries.device_data_is_complete(content):
        own = {serial: each.get("active") is not False for serial, each in of_device_data(seen, pass_over)}
    else:
        return None
    return frozenset(serial for serial, there in {**inventory, **own}.items() if there)


def by_inventory(seen: Documents, before: Mapping[str, bool]) -> Mapping[str, bool]:
    """Who is in the inventory: true, or false as removed. While that slow list fails, it is as `before`."""
    if not seen.settled(documents.INVENTORY):
        return before
    found = json_fields.devices(entries.inventory(seen, "PCU"), "serial_num", pass_over)
    return {serial: not entries.is_removed(each) for serial, each in found}
