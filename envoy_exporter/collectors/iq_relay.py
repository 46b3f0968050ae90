"""The IQ Relay (Q-Relay, NSRB), which parts the inverters from the grid: what it measures, and how it fares.

Its numbers are of `/ivp/pdm/device_data`, its state of the inventory; each document alone will do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import documents, entries
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents
from envoy_exporter.families import Reading, counter, flags, gauge, info, label
from envoy_exporter.fields import Fields, Rejections, flag, number

from . import plausibility, sanity_checks
from .collector import Collector, Context, Result, Settings
from .device_reports import celsius, is_fresh, thousandth
from .device_status import FLAGS
from .plausibility import PlausibilityFilter, PlausibilityState, Register

_REGISTERS = (Register(key="stateChngCnt"),)
_PHASES = tuple(
    (phase, f"line{n}-connected", (f"Vrms{phase}N", f"voltRms{phase}")) for n, phase in enumerate(json_fields.PHASES, 1)
)
"""Each phase, the inventory's flag of it, and the two names under which gateways send its voltage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IqRelayInfo:
    serial: str = label()
    part_number: str | None = label()
    firmware: str | None = label()
    known: bool = info(
        "enphase_iq_relay_info",
        "An IQ Relay that the gateway lists.",
        fields=("sn", "serial_num", "part_num", "img_pnum_running"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IqRelay:
    serial: str = label()
    temperature: float | None = gauge("enphase_iq_relay_temperature_celsius", "Temperature.", fields=("temperature",))
    frequency: float | None = gauge("enphase_iq_relay_frequency_hertz", "Frequency of the grid.", fields=("freqInmHz",))
    state_changes: float | None = counter(
        "enphase_iq_relay_state_changes_total", "How often it has opened or closed.", fields=("stateChngCnt",)
    )
    last_report: float | None = gauge(
        "enphase_iq_relay_last_report_timestamp_seconds", "When it last reported.", fields=("endDate",)
    )
    communicating: bool | None = gauge(
        "enphase_iq_relay_communicating", "1: it communicates.", fields=("communicating",)
    )
    operating: bool | None = gauge("enphase_iq_relay_operating", "1: it operates.", fields=("operating",))
    closed: bool | None = gauge(
        "enphase_iq_relay_closed", "Whether the contact of the IQ Relay is closed (1) or open (0).", fields=("relay",)
    )
    reason_code: float | None = gauge(
        "enphase_iq_relay_reason_code",
        "Code of the reason for the contact's position; -1 goes with the reason ok.",
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
        "Reason for the position of the IQ Relay's contact, in the gateway's words.",
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
    seen, settings, memory, now = context.documents, context.settings, context.memory, context.now
    rejections = Rejections()
    plausible = PlausibilityFilter(seen, memory, rejections)
    reject, data = rejections.of(documents.INVENTORY), rejections.of(documents.DEVICE_DATA)
    listed = dict(json_fields.devices(entries.inventory(seen, "NSRB"), "serial_num", reject))
    reported = dict(json_fields.devices(entries.interval_data(seen, "nsrb"), "sn", data))
    readings: list[Reading] = []
    for serial in {**listed, **reported}:
        fields, device = listed.get(serial, {}), reported.get(serial, {})
        if not entries.is_removed(fields) and json_fields.flag(device, "active", data) is not False:
            readings += _relay(
                serial, fields, device, seen, settings, sanity_checks.latest(seen, now), plausible, rejections
            )
    return Result(tuple(readings), tuple(rejections.met), plausible.state())


def _relay(
    serial: str,
    fields: Fields,
    device: Fields,
    seen: Documents,
    settings: Settings,
    latest: float,
    plausible: PlausibilityFilter,
    rejections: Rejections,
) -> Iterator[Reading]:
    """What it measures speaks of now, and is left out once the report is as old as an inverter's may not be."""
    reject, data = rejections.of(documents.INVENTORY), rejections.of(documents.DEVICE_DATA)
    said = entries.entry(next(json_fields.items(device.get("channels"), data), {}).get("lastReading"))
    report = plausible.accepted(documents.DEVICE_DATA, (serial,), said, _REGISTERS)
    last_report = sanity_checks.moment(report, "endDate", latest, data)
    fresh = is_fresh(last_report, seen, settings.inverter_max_age)
    temperature, frequency = celsius(report, "temperature", data), thousandth(report, "freqInmHz", data)
    yield IqRelayInfo(
        serial=serial,
        part_number=json_fields.text(fields, "part_num", reject),
        firmware=json_fields.text(fields, "img_pnum_running", reject),
    )
    yield IqRelay(
        serial=serial,
        temperature=temperature if fresh else None,
        frequency=frequency if fresh else None,
        state_changes=number(report, "stateChngCnt", data, low=0),
        last_report=last_report,
        communicating=flag(fields, "communicating", reject),
        operating=flag(fields, "operating", reject),
        closed=json_fields.says(fields, "relay", json_fields.CLOSED, reject),
        reason_code=number(fields, "reason_code", reject),
        status=json_fields.words(fields, "device_status", reject),
    )
    if reason := json_fields.text(fields, "reason", reject):
        yield IqRelayReason(serial=serial, reason=reason)
    for phase, connected, names in _PHASES:
        volts = next((thousandth(report, name, data) for name in names if name in report), None)
        if volts is not None and fresh and _is_connected(volts, by_inventory=flag(fields, connected, reject)):
            yield IqRelayPhase(serial=serial, phase=phase, voltage=volts)


def _is_connected(volts: float, *, by_inventory: bool | None) -> bool:
    """By the voltage where the inventory does not say: a phase without the relay shows 1.6 to 6 V."""
    return volts > plausibility.LIVE if by_inventory is None else by_inventory


COLLECTOR = Collector(
    name="iq_relay",
    enabled_by_default=True,
    readings=(IqRelayInfo, IqRelay, IqRelayReason, IqRelayPhase),
    rules=(*json_fields.GENERAL_RULES, plausibility.ZERO_AFTER_VALUE),
    memory=PlausibilityState(),
    read=read,
)
