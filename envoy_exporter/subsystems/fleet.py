"""The inverters as the gateway lists them, and which of its two lists is theirs."""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import documents, untrusted
from envoy_exporter.documents import Documents
from envoy_exporter.untrusted import Fields, Refuse

_PCU = 1


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the inverters were read: device_data that fails once is waited for, and not replaced by another list."""

    endpoint: str | None = None


def choose(seen: Documents, memory: object) -> Memory:
    """Where to read them now. `memory` is what was chosen before, if anything was.

    Of more inverters than device_data lists, v1 has them all: half a fleet in detail would pass for a whole one.
    """
    before = memory.endpoint if isinstance(memory, Memory) else None
    content = seen.content(documents.DEVICE_DATA)
    if content is not None:
        return Memory(documents.DEVICE_DATA if documents.device_data_is_whole(content) else documents.INVERTERS_V1)
    if before == documents.DEVICE_DATA and documents.DEVICE_DATA not in seen.absent:
        return Memory(documents.DEVICE_DATA)
    return Memory(documents.INVERTERS_V1 if documents.INVERTERS_V1 in seen.at_hand else before)


def of_v1(seen: Documents, refuse: Refuse) -> Iterator[tuple[str, Fields]]:
    """AC batteries are in this list too, by another devType (8.2.4382_ACB); 3.9.36 gives none at all."""
    for serial, fields in untrusted.devices(seen.content(documents.INVERTERS_V1), "serialNumber", refuse):
        if fields.get("devType", _PCU) == _PCU:
            yield serial, fields


def of_device_data(seen: Documents, refuse: Refuse) -> Iterator[tuple[str, Fields]]:
    """Those that were removed too; `active` is false of them (8.3.5433)."""
    yield from untrusted.devices(documents.interval_data(seen, "pcu"), "sn", refuse)


def listed(seen: Documents, chosen: Memory) -> frozenset[str] | None:
    """The serials of all inverters that are not removed; None while no list of all of them can be read.

    What is odd in the lists is passed over: the inverters' own subsystem refuses and counts it.
    """
    content = seen.content(chosen.endpoint) if chosen.endpoint else None
    if not isinstance(content, list | dict) or len(content) > untrusted.MOST_DEVICES:
        return None
    if chosen.endpoint == documents.INVERTERS_V1:
        if not isinstance(content, list):
            return None
        return frozenset(serial for serial, _ in of_v1(seen, _pass_over)) - _removed(seen)
    if not documents.device_data_is_whole(content):
        return None
    return frozenset(serial for serial, each in of_device_data(seen, _pass_over) if each.get("active") is not False)


def _removed(seen: Documents) -> frozenset[str]:
    """By the inventory: the short list goes on naming what was taken away (4.2.33: 51, of which 19 are there)."""
    listed = untrusted.devices(documents.inventory(seen, "PCU"), "serial_num", _pass_over)
    return frozenset(serial for serial, each in listed if documents.is_removed(each))


def _pass_over(*_: str) -> None:
    pass
