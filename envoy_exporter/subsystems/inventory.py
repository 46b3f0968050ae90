"""What `/inventory.json` says of microinverters: their state, and what they are. A part of the subsystem `inverters`.

It is some minutes old. Removed inverters stay in it, with nothing said of their state and their last trouble for ever.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from envoy_exporter import documents, untrusted
from envoy_exporter.documents import Documents
from envoy_exporter.families import OTHER, Reading, gauge, info, label
from envoy_exporter.untrusted import Fields, Refuse, flag

_OK = "envoy.global.ok"
CONDITIONS = (
    _OK,
    "envoy.cond_flags.pcu_ctrl.dc-pwr-low",
    "envoy.cond_flags.obs_strs.failure",
    "envoy.cond_flags.pcu_chan.dcvoltagetoolow",
)
"""The last three stand in place of the first by night (8.3.5169_ACB_inventory)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterState:
    serial: str = label()
    producing: bool | None = gauge("enphase_inverter_producing", "1: it produces; 0 by night (producing).")
    communicating: bool | None = gauge(
        "enphase_inverter_communicating", "1: the gateway hears it; 0 by night (communicating)."
    )
    operating: bool | None = gauge("enphase_inverter_operating", "1: it operates; 0 by night (operating).")
    provisioned: bool | None = gauge("enphase_inverter_provisioned", "1: it is set up; 0 by night (provisioned).")
    status_ok: bool | None = gauge(
        "enphase_inverter_status_ok",
        "1: its status is ok; 0 by night too, so that it is no fault by itself (device_status: envoy.global.ok).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterPhase:
    serial: str = label()
    phase: str = label()
    known: bool = info("enphase_inverter_phase_info", "The phase that it feeds, where firmware says so (phase).")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvertersCondition:
    """Counted over the inverters, for a series an inverter and condition would be hundreds that never change."""

    condition: str = label()
    inverters: int = gauge(
        "enphase_inverters_status_condition",
        "How many inverters report the condition; by night all lack power, which is no fault (device_status).",
    )


READINGS: tuple[type[Reading], ...] = (InverterState, InverterPhase, InvertersCondition)


def listed(seen: Documents, refuse: Refuse) -> dict[str, Fields]:
    """The inverters of the inventory by serial, removed ones too."""
    return dict(untrusted.devices(documents.inventory(seen, "PCU"), "serial_num", refuse))


def read(inverters: Mapping[str, Fields], refuse: Refuse) -> Iterator[Reading]:
    counts: Counter[str] = Counter()
    told = False
    for serial, fields in inverters.items():
        if documents.is_removed(fields):
            continue
        conditions = untrusted.words(fields, "device_status", refuse)
        if conditions is not None:
            told = True
            counts.update({each if each in CONDITIONS else OTHER for each in conditions})
        yield InverterState(
            serial=serial,
            producing=flag(fields, "producing", refuse),
            communicating=flag(fields, "communicating", refuse),
            operating=flag(fields, "operating", refuse),
            provisioned=flag(fields, "provisioned", refuse),
            status_ok=None if conditions is None else _OK in conditions,
        )
        if phase := untrusted.text(fields, "phase", refuse):
            yield InverterPhase(serial=serial, phase=phase)
    if told:
        for condition in (*CONDITIONS, OTHER):
            yield InvertersCondition(condition=condition, inverters=counts[condition])
