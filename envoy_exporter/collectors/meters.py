"""The meters (CTs): what each measures, in total and by phase, and its status.

Only enabled meters have readings, because a disabled one continues to send numbers (7.3.466_metered_disabled_cts).
Every meter that the gateway lists has a status and flags. A reading belongs to the meter with its eid.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import entries, system
from envoy_exporter.documents import METER_READINGS, METERS
from envoy_exporter.families import Reading, counter, gauge, info, label, states
from envoy_exporter.fields import DUPLICATE, GENERAL_RULES, LABEL, MAX_NUMBER, MISSING, PHASES, TYPE, FieldReader

from . import plausibility, required
from .collector import Collector, Context, Result
from .document_reader import DocumentReader
from .plausibility import PlausibilityFilter, PlausibilityState

STATUSES = ("normal", "not-metering", "check-wiring")
FLAGS = ("production-imbalance", "negative-production", "power-on-unused-phase", "negative-total-consumption")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    power: float | None = gauge(
        "enphase_grid_power_watts",
        "Power imported from the grid, negative while exporting, measured by the net-consumption CT.",
        fields=("activePower",),
    )
    imported: float | None = counter(
        "enphase_grid_import_energy_joules_total",
        "Lifetime energy imported from the grid, measured by the net-consumption CT.",
        fields=("actEnergyDlvd",),
    )
    exported: float | None = counter(
        "enphase_grid_export_energy_joules_total",
        "Lifetime energy exported to the grid, measured by the net-consumption CT.",
        fields=("actEnergyRcvd",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterInfo:
    meter: str = label()
    eid: int = label()
    phase_mode: str | None = label()
    phases: int | None = label()
    known: bool = info(
        "enphase_meter_info",
        "Type, number and phases of a meter that the gateway lists, enabled or not.",
        fields=("measurementType", "eid", "phaseMode", "phaseCount"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStatus:
    meter: str = label()
    enabled: bool | None = gauge(
        "enphase_meter_enabled", "Whether the meter is enabled, with its CTs fitted (1), or not (0).", fields=("state",)
    )
    metering: str | None = states(
        "enphase_meter_metering_status",
        "status",
        STATUSES,
        "Metering status reported by the meter: 1 for the current status, 0 for the others.",
        fields=("meteringStatus",),
    )
    flags: frozenset[str] | None = states(
        "enphase_meter_status_flag",
        "flag",
        FLAGS,
        "Whether the meter raises the status flag (1) or not (0).",
        fields=("statusFlags",),
    )
    flags_active: int | None = gauge(
        "enphase_meter_status_flags_active", "Number of status flags that the meter raises.", fields=("statusFlags",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    meter: str = label()
    power: float | None = gauge(
        "enphase_meter_power_watts",
        "Active power measured by the meter; net-consumption: positive for import, storage: positive for discharge.",
        fields=("activePower",),
    )
    apparent_power: float | None = gauge(
        "enphase_meter_apparent_power_volt_amperes", "Apparent power measured by the meter.", fields=("apparentPower",)
    )
    reactive_power: float | None = gauge(
        "enphase_meter_reactive_power_volt_amperes_reactive",
        "Reactive power measured by the meter.",
        fields=("reactivePower",),
    )
    delivered: float | None = counter(
        "enphase_meter_energy_delivered_joules_total",
        "Lifetime energy delivered, measured by the meter; net-consumption: imported, storage: discharged.",
        fields=("actEnergyDlvd",),
    )
    received: float | None = counter(
        "enphase_meter_energy_received_joules_total",
        "Lifetime energy received, measured by the meter; net-consumption: exported, storage: charged.",
        fields=("actEnergyRcvd",),
    )
    apparent_energy: float | None = counter(
        "enphase_meter_apparent_energy_volt_ampere_seconds_total",
        "Lifetime apparent energy measured by the meter.",
        fields=("apparentEnergy",),
    )
    lagging: float | None = counter(
        "enphase_meter_reactive_energy_lagging_volt_ampere_reactive_seconds_total",
        "Lifetime lagging (inductive) reactive energy measured by the meter.",
        fields=("reactEnergyLagg",),
    )
    leading: float | None = counter(
        "enphase_meter_reactive_energy_leading_volt_ampere_reactive_seconds_total",
        "Lifetime leading (capacitive) reactive energy measured by the meter.",
        fields=("reactEnergyLead",),
    )
    voltage: float | None = gauge(
        "enphase_meter_voltage_volts", "Voltage measured by the meter, summed over its phases.", fields=("voltage",)
    )
    current: float | None = gauge(
        "enphase_meter_current_amperes", "Current measured by the meter, summed over its phases.", fields=("current",)
    )
    frequency: float | None = gauge(
        "enphase_meter_frequency_hertz", "Frequency measured by the meter.", fields=("freq",)
    )
    power_factor: float | None = gauge(
        "enphase_meter_power_factor_ratio",
        "Power factor measured by the meter; absent where the firmware reports the sum of the phases instead.",
        fields=("pwrFactor",),
    )
    last_reading: float | None = gauge(
        "enphase_meter_last_reading_timestamp_seconds", "Time of the meter's last reading.", fields=("timestamp",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPhase:
    meter: str = label()
    phase: str = label()
    power: float | None = gauge(
        "enphase_meter_phase_power_watts",
        "Active power measured by the meter on the phase.",
        fields=("channels[].activePower",),
    )
    apparent_power: float | None = gauge(
        "enphase_meter_phase_apparent_power_volt_amperes",
        "Apparent power measured by the meter on the phase.",
        fields=("channels[].apparentPower",),
    )
    reactive_power: float | None = gauge(
        "enphase_meter_phase_reactive_power_volt_amperes_reactive",
        "Reactive power measured by the meter on the phase.",
        fields=("channels[].reactivePower",),
    )
    delivered: float | None = counter(
        "enphase_meter_phase_energy_delivered_joules_total",
        "Lifetime energy delivered on the phase, measured by the meter.",
        fields=("channels[].actEnergyDlvd",),
    )
    received: float | None = counter(
        "enphase_meter_phase_energy_received_joules_total",
        "Lifetime energy received on the phase, measured by the meter.",
        fields=("channels[].actEnergyRcvd",),
    )
    apparent_energy: float | None = counter(
        "enphase_meter_phase_apparent_energy_volt_ampere_seconds_total",
        "Lifetime apparent energy measured by the meter on the phase.",
        fields=("channels[].apparentEnergy",),
    )
    lagging: float | None = counter(
        "enphase_meter_phase_reactive_energy_lagging_volt_ampere_reactive_seconds_total",
        "Lifetime lagging (inductive) reactive energy measured by the meter on the phase.",
        fields=("channels[].reactEnergyLagg",),
    )
    leading: float | None = counter(
        "enphase_meter_phase_reactive_energy_leading_volt_ampere_reactive_seconds_total",
        "Lifetime leading (capacitive) reactive energy measured by the meter on the phase.",
        fields=("channels[].reactEnergyLead",),
    )
    voltage: float | None = gauge(
        "enphase_meter_phase_voltage_volts",
        "Voltage measured by the meter on the phase.",
        fields=("channels[].voltage",),
    )
    current: float | None = gauge(
        "enphase_meter_phase_current_amperes",
        "Current measured by the meter on the phase.",
        fields=("channels[].current",),
    )
    frequency: float | None = gauge(
        "enphase_meter_phase_frequency_hertz",
        "Frequency measured by the meter on the phase.",
        fields=("channels[].freq",),
    )
    power_factor: float | None = gauge(
        "enphase_meter_phase_power_factor_ratio",
        "Power factor measured by the meter on the phase.",
        fields=("channels[].pwrFactor",),
    )
    last_reading: float | None = gauge(
        "enphase_meter_phase_last_reading_timestamp_seconds",
        "Time of the meter's last reading of the phase.",
        fields=("channels[].timestamp",),
    )


def read(context: Context[PlausibilityState]) -> Result[PlausibilityState]:
    documents = context.documents
    reader = DocumentReader.at(documents, context.now)
    plausible = PlausibilityFilter(documents, context.memory)
    readings = tuple(_readings(reader, plausible))
    rejections = (*reader.rejections, *required.missing("meters", documents))
    return Result(readings, rejections, plausible.state(), required.undecided("meters", documents))


def _readings(reader: DocumentReader, plausible: PlausibilityFilter) -> Iterator[Reading]:
    documents = reader.documents
    readings = entries.meter_readings(documents)
    _reject_invalid(reader)
    net = system.enabled_meter(documents, "net-consumption")
    for meter in entries.meters(documents):
        listed = reader.fields(METERS, meter.listed)
        yield MeterInfo(
            meter=meter.name,
            eid=meter.eid,
            phase_mode=listed.text("phaseMode"),
            phases=listed.integer("phaseCount", low=1, high=len(PHASES)),
        )
        yield _status(meter.name, listed)
        if not meter.enabled or meter.eid not in readings:
            continue
        fields = plausible.meter(meter, reader.fields(METER_READINGS, readings[meter.eid]))
        if fields is None:
            continue
        yield (reading := MeterReading(meter=meter.name, **_quantities(fields)))
        # There are always three channels, and an extra one may be another meter's (8.2.127_with_3cts).
        for phase, channel in fields.phases("channels", meter.phases):
            accepted = plausible.channel(meter, phase, channel)
            yield MeterPhase(meter=meter.name, phase=phase, **_quantities(accepted))
        if meter == net:
            yield Grid(power=reading.power, imported=reading.delivered, exported=reading.received)


def _reject_invalid(reader: DocumentReader) -> None:
    """Reject the entries of both lists that have the eid of another, or are not meters."""
    for endpoint in (METERS, METER_READINGS):
        eids: set[int] = set()
        for fields in reader.objects(endpoint, reader.documents.content(endpoint)):
            eid = fields.fields.get("eid")
            if isinstance(eid, bool) or not isinstance(eid, int) or abs(eid) > MAX_NUMBER:
                fields.reject(TYPE, "eid")
                continue
            if eid in eids:
                fields.reject(DUPLICATE, "eid")
            elif endpoint == METERS and not entries.is_name(fields.fields.get("measurementType")):
                fields.reject(LABEL, "measurementType")
            eids.add(eid)


def _status(meter: str, listed: FieldReader) -> MeterStatus:
    raised = listed.texts("statusFlags")
    return MeterStatus(
        meter=meter,
        enabled=listed.is_one_of("state", ("enabled",)),
        metering=listed.text("meteringStatus"),
        flags=raised,
        flags_active=None if raised is None else len(raised),
    )


def _quantities(fields: FieldReader) -> dict[str, float | None]:
    """What a meter measures, in total or on a phase."""
    return {
        "power": fields.number("activePower"),
        "apparent_power": fields.number("apparentPower"),
        "reactive_power": fields.number("reactivePower"),
        "delivered": fields.watt_hours("actEnergyDlvd"),
        "received": fields.watt_hours("actEnergyRcvd"),
        "apparent_energy": fields.watt_hours("apparentEnergy"),
        "lagging": fields.watt_hours("reactEnergyLagg"),
        "leading": fields.watt_hours("reactEnergyLead"),
        "voltage": fields.number("voltage", low=0),
        "current": fields.number("current"),
        "frequency": fields.number("freq", low=0),
        "power_factor": fields.number("pwrFactor", low=-1, high=1),
        "last_reading": fields.timestamp("timestamp"),
    }


COLLECTOR = Collector(
    name="meters",
    enabled_by_default=True,
    readings=(Grid, MeterInfo, MeterStatus, MeterReading, MeterPhase),
    rules=(*GENERAL_RULES, MISSING, *plausibility.RULES),
    memory=PlausibilityState(),
    read=read,
)
