"""What `/inventory.json` says of microinverters: their state, and what they are. A part of the collector `inverters`.

It is some minutes old. Removed inverters stay in it, with nothing said of their state and their last trouble for ever.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from envoy_exporter import entries
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents
from envoy_exporter.families import Reading, flags, gauge, info, label
from envoy_exporter.fields import Fields, Reject, flag

from .device_status import FLAGS


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterState:
    serial: str = label()
    producing: bool | None = gauge("enphase_inverter_producing", "1: it produces; 0 by night.", fields=("producing",))
    communicating: bool | None = gauge(
        "enphase_inverter_communicating", "1: the gateway hears it; 0 by night.", fields=("communicating",)
    )
    operating: bool | None = gauge("enphase_inverter_operating", "1: it operates; 0 by night.", fields=("operating",))
    provisioned: bool | None = gauge(
        "enphase_inverter_provisioned", "1: it is set up; 0 by night.", fields=("provisioned",)
    )
    status: frozenset[str] | None = flags(
        "enphase_inverter_status_flag",
        FLAGS,
        "Status flags that the inverter raises (1); by night all lack DC power and none is ok, which is not a fault.",
        fields=("device_status",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterPhase:
    serial: str = label()
    phase: str = label()
    known: bool = info(
        "enphase_inverter_phase_info", "The phase that it feeds, where firmware says so.", fields=("phase",)
    )


READINGS: tuple[type[Reading], ...] = (InverterState, InverterPhase)


def listed(seen: Documents, reject: Reject) -> dict[str, Fields]:
    """The inverters of the inventory by serial, removed ones too."""
    return dict(json_fields.devices(entries.inventory(seen, "PCU"), "serial_num", reject))


def read(inverters: Mapping[str, Fields], reject: Reject) -> Iterator[Reading]:
    for serial, fields in inverters.items():
        if entries.is_removed(fields):
            continue
        yield InverterState(
            serial=serial,
            producing=flag(fields, "producing", reject),
            communicating=flag(fields, "communicating", reject),
            operating=flag(fields, "operating", reject),
            provisioned=flag(fields, "provisioned", reject),
            status=json_fields.words(fields, "device_status", reject),
        )
        if phase := json_fields.text(fields, "phase", reject):
            yield InverterPhase(serial=serial, phase=phase)
