"""The IQ Relay (Q-Relay, NSRB), which disconnects the inverters from the grid: its measurements and its state.

The measurements are in `/ivp/pdm/device_data`, the state is in the inventory; either document is enough.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import entries
from envoy_exporter.documents import DEVICE_DATA, INVENTORY, Documents
from envoy_exporter.families import Reading, counter, flags, gauge, info, label
from envoy_exporter.fields import CLOSED, GENERAL_RULES, PHASES, FieldReader

from . import plausibility
from .collector import Collector, Context, Result, Settings
from .device_reports import is_fresh
from .device_status import FLAGS
from .document_reader import DocumentReader
from .plausibility import PlausibilityFilter, PlausibilityState, Register

_REGISTERS = (Register(key="stateChngCnt"),)
_PHASES = tuple(
    (phase, f"line{n}-connected", (f"Vrms{phase}N", f"voltRms{phase}")) for n, phase in enumerate(PHASES, 1)
)
"""Each phase, its flag in the inventory, and the two names under which gateways send its voltage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IqRelayInfo:
    serial: str = label()
    part_number: str | None = label()
    firmware: str | None = label()
    known: bool = info(
        "enphase_iq_relay_info",
        "Part number and firmware of an IQ Relay that the gateway lists.",
        fields=("sn", "serial_num", "part_num", "img_pnum_running"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IqRelay:
    serial: str = label()
    temperature: float | None = gauge(
        "enphase_iq_relay_temperature_celsius", "Temperature of the IQ Relay.", fields=("temperature",)
    )
    frequency: float | None = gauge(
        "enphase_iq_relay_frequency_hertz", "Frequency of the grid at the IQ Relay.", fields=("freqInmHz",)
    )
    state_changes: float | None = counter(
        "enphase_iq_relay_state_changes_total",
        "Number of times that the contact of the IQ Relay has opened or closed.",
        fields=("stateChngCnt",),
    )
    last_report: float | None = gauge(
        "enphase_iq_relay_last_report_timestamp_seconds",
        "Time of the last report of the IQ Relay.",
        fields=("endDate",),
    )
    communicating: bool | None = gauge(
        "enphase_iq_relay_communicating",
        "Whether the IQ Relay communicates with the gateway (1) or not (0).",
        fields=("communicating",),
    )
    operating: bool | None = gauge(
        "enphase_iq_relay_operating", "Whether the IQ Relay operates (1) or not (0).", fields=("operating",)
    )
    closed: bool | None = gauge(
        "enphase_iq_relay_closed", "Whether the contact of the IQ Relay is closed (1) or open (0).", fields=("relay",)
    )
    reason_code: float | None = gauge(
        "enphase_iq_relay_reason_code",
        "Code of the reason for the position of the IQ Relay's contact; -1 if the reason is ok.",
        fields=("reason_code",),
    )
    status: frozenset[str] | None = flags(
        "enphase_iq_relay_status_flag", FLAGS, "Status flags that the IQ Relay raises (1).", fields=("device_status",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IqRelayReason:
    serial: str = label()
    reason: str = label()
    known: bool = info(
        "enphase_iq_relay_reason_info",
        "Reason for the position of the IQ Relay's contact, as reported by the gateway.",
        fields=("reason",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IqRelayPhase:
    serial: str = label()
    phase: str = label()
    voltage: float | None = gauge(
        "enphase_iq_relay_phase_voltage_volts",
        "Voltage between neutral and a phase that the IQ Relay is connected to.",
        fields=("VrmsL1N", "VrmsL2N", "VrmsL3N", "voltRmsL1", "voltRmsL2", "voltRmsL3"),
    )


def read(context: Context[PlausibilityState]) -> Result[PlausibilityState]:
    documents = context.documents
    reader = DocumentReader.at(documents, context.now)
    plausible = PlausibilityFilter(documents, context.memory)
    listed = dict(reader.devices(INVENTORY, entries.inventory(documents, "NSRB"), "serial_num"))
    reported = dict(reader.devices(DEVICE_DATA, entries.interval_data(documents, "nsrb"), "sn"))
    readings: list[Reading] = []
    for serial in {**listed, **reported}:
        fields = listed.get(serial) or reader.fields(INVENTORY, {})
        device = reported.get(serial) or reader.fields(DEVICE_DATA, {})
        if not entries.is_removed(fields.fields) and device.flag("active") is not False:
            channel = next(device.objects("channels"), device.of({}))
            report = plausible.accepted((serial,), channel.entry("lastReading"), _REGISTERS)
            readings += _relay(serial, fields, report, documents, context.settings)
    return Result(tuple(readings), tuple(reader.rejections), plausible.state())


def _relay(
    serial: str, fields: FieldReader, report: FieldReader, documents: Documents, settings: Settings
) -> Iterator[Reading]:
    """The measurements are absent if the report is older than inverter_max_age."""
    last_report = report.timestamp("endDate")
    fresh = is_fresh(last_report, documents, settings.inverter_max_age)
    temperature, frequency = report.celsius("temperature"), report.thousandths("freqInmHz")
    yield IqRelayInfo(serial=serial, part_number=fields.text("part_num"), firmware=fields.text("img_pnum_running"))
    yield IqRelay(
        serial=serial,
        temperature=temperature if fresh else None,
        frequency=frequency if fresh else None,
        state_changes=report.number("stateChngCnt", low=0),
        last_report=last_report,
        communicating=fields.flag("communicating"),
        operating=fields.flag("operating"),
        closed=fields.is_one_of("relay", CLOSED),
        reason_code=fields.number("reason_code"),
        status=fields.texts("device_status"),
    )
    if reason := fields.text("reason"):
        yield IqRelayReason(serial=serial, reason=reason)
    for phase, connected, names in _PHASES:
        volts = next((report.thousandths(name) for name in names if name in report), None)
        if volts is not None and fresh and _is_connected(volts, by_inventory=fields.flag(connected)):
            yield IqRelayPhase(serial=serial, phase=phase, voltage=volts)


def _is_connected(volts: float, *, by_inventory: bool | None) -> bool:
    """By the voltage if the inventory does not report it: a phase without the relay has 1.6 to 6 V."""
    return volts > plausibility.LIVE_VOLTS if by_inventory is None else by_inventory


COLLECTOR = Collector(
    name="iq_relay",
    enabled_by_default=True,
    readings=(IqRelayInfo, IqRelay, IqRelayReason, IqRelayPhase),
    rules=(*GENERAL_RULES, plausibility.ZERO_AFTER_VALUE),
    memory=PlausibilityState(),
    read=read,
)
