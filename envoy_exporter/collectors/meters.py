"""The current transformers: what each measures, by phase too, and how it says that it does.

Readings are of enabled meters only, for a disabled one goes on sending numbers (7.3.466_metered_disabled_cts);
status and flags are of every meter that the gateway lists. A reading is joined to its meter by eid.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import documents
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents, Meter
from envoy_exporter.families import Reading, counter, gauge, info, label, states
from envoy_exporter.fields import WATT_HOUR, Fields, Reject, Rejections, number, scaled

from . import plausibility, required, sanity_checks
from .collector import Collector, Context, Result
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
    seen, memory, now = context.documents, context.memory, context.now
    rejections = Rejections()
    plausible = PlausibilityFilter(seen, memory, rejections)
    readings = tuple(_readings(seen, plausible, sanity_checks.latest(seen, now), rejections))
    rejected = (*rejections.met, *required.missing("meters", seen))
    return Result(readings, rejected, plausible.state(), required.undecided("meters", seen))


def _readings(
    seen: Documents, plausible: PlausibilityFilter, latest: float, rejections: Rejections
) -> Iterator[Reading]:
    listed = documents.meters(seen)
    said = documents.meter_readings(seen)
    _count_rejected(seen, rejections)
    net = documents.enabled_meter(seen, "net-consumption")
    for meter in listed:
        reject = rejections.of(documents.METERS)
        yield MeterInfo(
            meter=meter.name,
            eid=meter.eid,
            phase_mode=json_fields.text(meter.listed, "phaseMode", reject),
            phases=json_fields.integer(meter.listed, "phaseCount", reject, low=1, high=len(json_fields.PHASES)),
        )
        yield _status(meter, reject)
        if not meter.enabled or meter.eid not in said:
            continue
        fields = plausible.meter(meter, said[meter.eid])
        if fields is None:
            continue
        reject = rejections.of(documents.METER_READINGS)
        reading = _quantities(fields, latest, reject)
        yield MeterReading(meter=meter.name, **reading)
        # There always are three channels, and one too many may be another meter's (8.2.127_with_3cts).
        for phase, channel in json_fields.phases(fields.get("channels"), meter.phases, reject):
            believed = plausible.channel(meter, phase, channel)
            yield MeterPhase(meter=meter.name, phase=phase, **_quantities(believed, latest, reject))
        if meter == net:
            yield Grid(power=reading["power"], imported=reading["delivered"], exported=reading["received"])


def _count_rejected(seen: Documents, rejections: Rejections) -> None:
    """What cannot be told apart, or is no meter at all, is left out of both lists, and counted."""
    for endpoint in (documents.METERS, documents.METER_READINGS):
        reject = rejections.of(endpoint)
        eids: set[int] = set()
        for each in json_fields.items(seen.content(endpoint), reject):
            eid = each.get("eid")
            if isinstance(eid, bool) or not isinstance(eid, int) or abs(eid) > json_fields.LARGEST:
                reject(json_fields.TYPE, "eid")
                continue
            if eid in eids:
                reject(json_fields.DUPLICATE, "eid")
            elif endpoint == documents.METERS and not documents.is_name(each.get("measurementType")):
                reject(json_fields.LABEL, "measurementType")
            eids.add(eid)


def _status(meter: Meter, reject: Reject) -> MeterStatus:
    raised = json_fields.words(meter.listed, "statusFlags", reject)
    return MeterStatus(
        meter=meter.name,
        enabled=json_fields.says(meter.listed, "state", ("enabled",), reject),
        metering=json_fields.text(meter.listed, "meteringStatus", reject),
        flags=raised,
        flags_active=None if raised is None else len(raised),
    )


def _quantities(fields: Fields, latest: float, reject: Reject) -> dict[str, float | None]:
    """What a meter says, and each of its channels with the same keys."""
    return {
        "power": number(fields, "activePower", reject),
        "apparent_power": number(fields, "apparentPower", reject),
        "reactive_power": number(fields, "reactivePower", reject),
        "delivered": scaled(number(fields, "actEnergyDlvd", reject, low=0), WATT_HOUR),
        "received": scaled(number(fields, "actEnergyRcvd", reject, low=0), WATT_HOUR),
        "apparent_energy": scaled(number(fields, "apparentEnergy", reject, low=0), WATT_HOUR),
        "lagging": scaled(number(fields, "reactEnergyLagg", reject, low=0), WATT_HOUR),
        "leading": scaled(number(fields, "reactEnergyLead", reject, low=0), WATT_HOUR),
        "voltage": number(fields, "voltage", reject, low=0),
        "current": number(fields, "current", reject),
        "frequency": number(fields, "freq", reject, low=0),
        "power_factor": number(fields, "pwrFactor", reject, low=-1, high=1),
        "last_reading": sanity_checks.moment(fields, "timestamp", latest, reject),
    }


COLLECTOR = Collector(
    name="meters",
    enabled_by_default=True,
    readings=(Grid, MeterInfo, MeterStatus, MeterReading, MeterPhase),
    rules=(*json_fields.GENERAL_RULES, json_fields.MISSING, *plausibility.RULES),
    memory=PlausibilityState(),
    read=read,
)
