"""The current transformers: what each measures, by phase too, and how it says that it does.

Readings are of enabled meters only, for a disabled one goes on sending numbers (7.3.466_metered_disabled_cts);
status and flags are of every meter that the gateway lists. A reading is joined to its meter by eid.
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
        "Power from the grid, negative to the grid.",
        fields=("activePower of the net-consumption CT",),
    )
    imported: float | None = counter(
        "enphase_grid_import_energy_joules_total",
        "Energy from the grid.",
        fields=("actEnergyDlvd of the net-consumption CT",),
    )
    exported: float | None = counter(
        "enphase_grid_export_energy_joules_total",
        "Energy to the grid.",
        fields=("actEnergyRcvd of the net-consumption CT",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterInfo:
    meter: str = label()
    eid: int = label()
    phase_mode: str | None = label()
    phases: int | None = label()
    known: bool = info(
        "enphase_meter_info",
        "A meter that the gateway lists, enabled or not.",
        fields=("measurementType", "eid", "phaseMode", "phaseCount"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStatus:
    meter: str = label()
    enabled: bool | None = gauge("enphase_meter_enabled", "1: its CTs are fitted and switched on.", fields=("state",))
    metering: str | None = states(
        "enphase_meter_metering_status",
        "status",
        STATUSES,
        "What the meter says of its metering.",
        fields=("meteringStatus",),
    )
    flags: frozenset[str] | None = states(
        "enphase_meter_status_flag", "flag", FLAGS, "1: the meter raises the flag.", fields=("statusFlags",)
    )
    flags_active: int | None = gauge(
        "enphase_meter_status_flags_active", "How many flags the meter raises.", fields=("statusFlags",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterReading:
    meter: str = label()
    power: float | None = gauge(
        "enphase_meter_power_watts",
        "Active power; net-consumption: + from the grid, storage: + out of the battery.",
        fields=("activePower",),
    )
    apparent_power: float | None = gauge(
        "enphase_meter_apparent_power_volt_amperes", "Apparent power.", fields=("apparentPower",)
    )
    reactive_power: float | None = gauge(
        "enphase_meter_reactive_power_volt_amperes_reactive", "Reactive power.", fields=("reactivePower",)
    )
    delivered: float | None = counter(
        "enphase_meter_energy_delivered_joules_total",
        "Energy delivered; net-consumption: imported, storage: discharged.",
        fields=("actEnergyDlvd",),
    )
    received: float | None = counter(
        "enphase_meter_energy_received_joules_total",
        "Energy received; net-consumption: exported, storage: charged.",
        fields=("actEnergyRcvd",),
    )
    apparent_energy: float | None = counter(
        "enphase_meter_apparent_energy_volt_ampere_seconds_total", "Apparent energy.", fields=("apparentEnergy",)
    )
    lagging: float | None = counter(
        "enphase_meter_reactive_energy_lagging_volt_ampere_reactive_seconds_total",
        "Inductive reactive energy.",
        fields=("reactEnergyLagg",),
    )
    leading: float | None = counter(
        "enphase_meter_reactive_energy_leading_volt_ampere_reactive_seconds_total",
        "Capacitive reactive energy.",
        fields=("reactEnergyLead",),
    )
    voltage: float | None = gauge(
        "enphase_meter_voltage_volts", "Voltage; with several phases it is their sum.", fields=("voltage",)
    )
    current: float | None = gauge(
        "enphase_meter_current_amperes", "Current, of all phases together.", fields=("current",)
    )
    frequency: float | None = gauge("enphase_meter_frequency_hertz", "Frequency.", fields=("freq",))
    power_factor: float | None = gauge(
        "enphase_meter_power_factor_ratio",
        "Power factor; the sums that some firmware sends are refused.",
        fields=("pwrFactor",),
    )
    last_reading: float | None = gauge(
        "enphase_meter_last_reading_timestamp_seconds", "When the meter was read.", fields=("timestamp",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPhase:
    meter: str = label()
    phase: str = label()
    power: float | None = gauge("enphase_meter_phase_power_watts", "Active power.", fields=("channels[].activePower",))
    apparent_power: float | None = gauge(
        "enphase_meter_phase_apparent_power_volt_amperes", "Apparent power.", fields=("channels[].apparentPower",)
    )
    reactive_power: float | None = gauge(
        "enphase_meter_phase_reactive_power_volt_amperes_reactive",
        "Reactive power.",
        fields=("channels[].reactivePower",),
    )
    delivered: float | None = counter(
        "enphase_meter_phase_energy_delivered_joules_total", "Energy delivered.", fields=("channels[].actEnergyDlvd",)
    )
    received: float | None = counter(
        "enphase_meter_phase_energy_received_joules_total", "Energy received.", fields=("channels[].actEnergyRcvd",)
    )
    apparent_energy: float | None = counter(
        "enphase_meter_phase_apparent_energy_volt_ampere_seconds_total",
        "Apparent energy.",
        fields=("channels[].apparentEnergy",),
    )
    lagging: float | None = counter(
        "enphase_meter_phase_reactive_energy_lagging_volt_ampere_reactive_seconds_total",
        "Inductive reactive energy.",
        fields=("channels[].reactEnergyLagg",),
    )
    leading: float | None = counter(
        "enphase_meter_phase_reactive_energy_leading_volt_ampere_reactive_seconds_total",
        "Capacitive reactive energy.",
        fields=("channels[].reactEnergyLead",),
    )
    voltage: float | None = gauge("enphase_meter_phase_voltage_volts", "Voltage.", fields=("channels[].voltage",))
    current: float | None = gauge("enphase_meter_phase_current_amperes", "Current.", fields=("channels[].current",))
    frequency: float | None = gauge("enphase_meter_phase_frequency_hertz", "Frequency.", fields=("channels[].freq",))
    power_factor: float | None = gauge(
        "enphase_meter_phase_power_factor_ratio", "Power factor.", fields=("channels[].pwrFactor",)
    )
    last_reading: float | None = gauge(
        "enphase_meter_phase_last_reading_timestamp_seconds",
        "When the phase was read.",
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
    sent = entries.meter_readings(documents)
    _count_rejected(reader)
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
        if not meter.enabled or meter.eid not in sent:
            continue
        fields = plausible.meter(meter, reader.fields(METER_READINGS, sent[meter.eid]))
        if fields is None:
            continue
        yield (reading := _reading(meter.name, fields))
        # There always are three channels, and one too many may be another meter's (8.2.127_with_3cts).
        for phase, channel in fields.phases("channels", meter.phases):
            yield _phase(meter.name, phase, plausible.channel(meter, phase, channel))
        if meter == net:
            yield Grid(power=reading.power, imported=reading.delivered, exported=reading.received)


def _count_rejected(reader: DocumentReader) -> None:
    """Entries that cannot be told apart, or are not meters, are left out of both lists, and counted."""
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
    raised = listed.words("statusFlags")
    return MeterStatus(
        meter=meter,
        enabled=listed.is_one_of("state", ("enabled",)),
        metering=listed.text("meteringStatus"),
        flags=raised,
        flags_active=None if raised is None else len(raised),
    )


def _reading(meter: str, fields: FieldReader) -> MeterReading:
    return MeterReading(
        meter=meter,
        power=fields.number("activePower"),
        apparent_power=fields.number("apparentPower"),
        reactive_power=fields.number("reactivePower"),
        delivered=fields.watt_hours("actEnergyDlvd"),
        received=fields.watt_hours("actEnergyRcvd"),
        apparent_energy=fields.watt_hours("apparentEnergy"),
        lagging=fields.watt_hours("reactEnergyLagg"),
        leading=fields.watt_hours("reactEnergyLead"),
        voltage=fields.number("voltage", low=0),
        current=fields.number("current"),
        frequency=fields.number("freq", low=0),
        power_factor=fields.number("pwrFactor", low=-1, high=1),
        last_reading=fields.timestamp("timestamp"),
    )


def _phase(meter: str, phase: str, fields: FieldReader) -> MeterPhase:
    return MeterPhase(
        meter=meter,
        phase=phase,
        power=fields.number("activePower"),
        apparent_power=fields.number("apparentPower"),
        reactive_power=fields.number("reactivePower"),
        delivered=fields.watt_hours("actEnergyDlvd"),
        received=fields.watt_hours("actEnergyRcvd"),
        apparent_energy=fields.watt_hours("apparentEnergy"),
        lagging=fields.watt_hours("reactEnergyLagg"),
        leading=fields.watt_hours("reactEnergyLead"),
        voltage=fields.number("voltage", low=0),
        current=fields.number("current"),
        frequency=fields.number("freq", low=0),
        power_factor=fields.number("pwrFactor", low=-1, high=1),
        last_reading=fields.timestamp("timestamp"),
    )


COLLECTOR = Collector(
    name="meters",
    enabled_by_default=True,
    readings=(Grid, MeterInfo, MeterStatus, MeterReading, MeterPhase),
    rules=(*GENERAL_RULES, MISSING, *plausibility.RULES),
    memory=PlausibilityState(),
    read=read,
)
