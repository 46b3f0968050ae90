"""The microinverters of `/inventory.json`: their state and their phase. A part of `inverters`.

The inventory is some minutes old. Removed inverters stay listed, without a state and with their last error.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from envoy_exporter import entries
from envoy_exporter.documents import INVENTORY
from envoy_exporter.families import Reading, flags, gauge, info, label
from envoy_exporter.fields import FieldReader

from .device_status import FLAGS
from .document_reader import DocumentReader


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterState:
    serial: str = label()
    producing: bool | None = gauge(
        "enphase_inverter_producing",
        "Whether the microinverter produces power (1) or not (0); 0 at night.",
        fields=("producing",),
    )
    communicating: bool | None = gauge(
        "enphase_inverter_communicating",
        "Whether the microinverter communicates with the gateway (1) or not (0); 0 at night.",
        fields=("communicating",),
    )
    operating: bool | None = gauge(
        "enphase_inverter_operating",
        "Whether the microinverter operates (1) or not (0); 0 at night.",
        fields=("operating",),
    )
    provisioned: bool | None = gauge(
        "enphase_inverter_provisioned",
        "Whether the microinverter is provisioned (1) or not (0); 0 at night.",
        fields=("provisioned",),
    )
    status: frozenset[str] | None = flags(
        "enphase_inverter_status_flag",
        FLAGS,
        "Status flags that the microinverter raises (1); at night every microinverter reports missing DC power"
        " and none reports ok, which is not a fault.",
        fields=("device_status",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterPhase:
    serial: str = label()
    phase: str = label()
    known: bool = info(
        "enphase_inverter_phase_info",
        "Phase to which the microinverter is connected, where the firmware reports it.",
        fields=("phase",),
    )


READINGS: tuple[type[Reading], ...] = (InverterState, InverterPhase)


def listed(reader: DocumentReader) -> dict[str, FieldReader]:
    """The inverters of the inventory by serial, removed ones too."""
    inverters = entries.inventory(reader.documents, "PCU")
    return dict(reader.devices(INVENTORY, inverters, "serial_num"))


def read(inverters: Mapping[str, FieldReader]) -> Iterator[Reading]:
    for serial, fields in inverters.items():
        if entries.is_removed(fields.fields):
            continue
        yield InverterState(
            serial=serial,
            producing=fields.flag("producing"),
            communicating=fields.flag("communicating"),
            operating=fields.flag("operating"),
            provisioned=fields.flag("provisioned"),
            status=fields.texts("device_status"),
        )
        if phase := fields.text("phase"):
            yield InverterPhase(serial=serial, phase=phase)
