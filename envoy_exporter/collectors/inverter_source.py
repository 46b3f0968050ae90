"""The list in which the inverters are read, and the inverters that the gateway lists."""

from collections.abc import Iterable, Iterator, Mapping

from envoy_exporter import entries
from envoy_exporter.documents import DEVICE_DATA, INVENTORY, INVERTERS_V1, Documents
from envoy_exporter.fields import MAX_DEVICES, TYPE, FieldReader, by_serial

from .document_reader import DocumentReader


def choose(documents: Documents, before: str | None) -> str | None:
    """The endpoint of the list to read now. `before`: the endpoint of the list that was read before.

    It is kept while device_data fails, which the other list does not replace. If device_data does not list all
    inverters, v1 does: half of them in detail would look like all of them.
    """
    content = documents.content(DEVICE_DATA)
    if content is not None:
        return DEVICE_DATA if entries.device_data_is_complete(content) else INVERTERS_V1
    if before == DEVICE_DATA and DEVICE_DATA not in documents.absent:
        return DEVICE_DATA
    return INVERTERS_V1 if INVERTERS_V1 in documents.available else before


def of_v1(reader: DocumentReader) -> Iterator[tuple[str, FieldReader]]:
    """The inverters of the v1 list, which has AC batteries too (8.2.4382_ACB); 3.9.36 sends no types."""
    content = reader.documents.content(INVERTERS_V1)
    inverters = microinverters(reader.objects(INVERTERS_V1, content), "devType")
    yield from by_serial(list(inverters), "serialNumber")


def microinverters(devices: Iterable[FieldReader], key: str) -> Iterator[FieldReader]:
    """The microinverters of a list of several types. A type that is not a number is rejected."""
    for device in devices:
        number = entries.device_type(device.fields)
        if number is None:
            device.reject(TYPE, key)
        elif number == entries.MICROINVERTER:
            yield device


def of_device_data(reader: DocumentReader) -> Iterator[tuple[str, FieldReader]]:
    """The inverters of device_data, removed ones too, for which `active` is false (8.3.5433)."""
    devices = entries.interval_data(reader.documents, "pcu")
    yield from reader.devices(DEVICE_DATA, devices, "sn")


def serials(documents: Documents, endpoint: str) -> frozenset[str]:
    """The serial numbers of the inverters in one of the two lists, removed ones too."""
    found = of_v1 if endpoint == INVERTERS_V1 else of_device_data
    return frozenset(serial for serial, _ in found(DocumentReader(documents)))


def listed(documents: Documents, source: str | None, inventory: Mapping[str, bool]) -> frozenset[str] | None:
    """The serial numbers of all inverters that are not removed; None while no complete list can be read.

    They are in the list `source`, or only in the inventory, which also shows removed inverters where the list does not
    (4.2.33: 51, of which 19 are installed). Invalid values are ignored: the collector `inverters` counts them.
    """
    content = documents.content(source) if source else None
    if not isinstance(content, list | dict) or len(content) > MAX_DEVICES:
        return None
    if source == INVERTERS_V1:
        if not isinstance(content, list):
            return None
        by_list = {serial: inventory.get(serial, True) for serial, _ in of_v1(DocumentReader(documents))}
    elif entries.device_data_is_complete(content):
        devices = of_device_data(DocumentReader(documents))
        by_list = {serial: device.fields.get("active") is not False for serial, device in devices}
    else:
        return None
    return frozenset(serial for serial, installed in {**inventory, **by_list}.items() if installed)


def by_inventory(documents: Documents, before: Mapping[str, bool]) -> Mapping[str, bool]:
    """The inverters of the inventory: true, or false if removed. While that slow list fails, `before`."""
    if not documents.has_responded(INVENTORY):
        return before
    found = DocumentReader(documents).devices(INVENTORY, entries.inventory(documents, "PCU"), "serial_num")
    return {serial: not entries.is_removed(device.fields) for serial, device in found}
