"""/ivp/meters: the current transformers. /ivp/meters/readings: what the enabled ones measure."""

from collections.abc import Iterator

from captures.expected import site_entries
from captures.expected.check import Item, Json, check, counter_joules, equals, info, part, positive, states
from captures.recording import Recording, objects

FLAGS = ("production-imbalance", "negative-production", "power-on-unused-phase", "negative-total-consumption")


def meters(recording: Recording) -> Iterator[Item]:
    return (({"meter": meter["measurementType"]}, meter) for meter in site_entries.meters(recording))


def readings(recording: Recording) -> Iterator[Item]:
    return (({"meter": meter["measurementType"]}, reading) for meter, reading in _measured(recording))


def phases(recording: Recording) -> Iterator[Item]:
    for meter, reading in _measured(recording):
        for number, channel in enumerate(objects(reading.get("channels")), 1):
            if number <= meter.get("phaseCount", 0):
                yield {"meter": meter["measurementType"], "phase": f"L{number}"}, channel


def grid(recording: Recording) -> Iterator[Item]:
    return (({}, reading) for _, reading in _measured(recording, "net-consumption"))


def storage(recording: Recording) -> Iterator[Item]:
    return (({}, reading) for _, reading in _measured(recording, "storage"))


def _measured(recording: Recording, *measurement_types: str) -> Iterator[tuple[Json, Json]]:
    """The enabled meters, each with its reading."""
    for meter in site_entries.enabled_meters(recording, *measurement_types):
        for reading in recording.objects("ivp_meters_readings"):
            if reading.get("eid") == meter["eid"]:
                yield meter, reading


def _power_factor(factor: float) -> float | None:
    """None for a ratio that cannot be one."""
    return factor if abs(factor) <= 1 else None


PARTS = (
    part(
        meters,
        info("enphase_meter_info", eid="eid", phase_mode="phaseMode", phases="phaseCount"),
        check("enphase_meter_enabled", "state", equals("enabled")),
        *states("enphase_meter_metering_status", "status", "meteringStatus", "normal", "not-metering", "check-wiring"),
        check("enphase_meter_status_flag", "statusFlags", lambda flags: FLAGS[0] in flags, flag=FLAGS[0]),
        check("enphase_meter_status_flag", "statusFlags", lambda flags: FLAGS[1] in flags, flag=FLAGS[1]),
        check("enphase_meter_status_flag", "statusFlags", lambda flags: FLAGS[2] in flags, flag=FLAGS[2]),
        check("enphase_meter_status_flag", "statusFlags", lambda flags: FLAGS[3] in flags, flag=FLAGS[3]),
        check("enphase_meter_status_flag", "statusFlags", lambda flags: not {*flags} <= {*FLAGS}, flag="other"),
        check("enphase_meter_status_flags_active", "statusFlags", len),
    ),
    part(
        readings,
        check("enphase_meter_power_watts", "activePower"),
        check("enphase_meter_apparent_power_volt_amperes", "apparentPower"),
        check("enphase_meter_reactive_power_volt_amperes_reactive", "reactivePower"),
        check("enphase_meter_energy_delivered_joules_total", "actEnergyDlvd", counter_joules),
        check("enphase_meter_energy_received_joules_total", "actEnergyRcvd", counter_joules),
        check("enphase_meter_apparent_energy_volt_ampere_seconds_total", "apparentEnergy", counter_joules),
        check(
            "enphase_meter_reactive_energy_lagging_volt_ampere_reactive_seconds_total",
            *("reactEnergyLagg", counter_joules),
        ),
        check(
            "enphase_meter_reactive_energy_leading_volt_ampere_reactive_seconds_total",
            *("reactEnergyLead", counter_joules),
        ),
        check("enphase_meter_voltage_volts", "voltage"),
        check("enphase_meter_current_amperes", "current"),
        check("enphase_meter_frequency_hertz", "freq"),
        check("enphase_meter_power_factor_ratio", "pwrFactor", _power_factor),
        check("enphase_meter_last_reading_timestamp_seconds", "timestamp", positive),
    ),
    part(
        phases,
        check("enphase_meter_phase_power_watts", "activePower"),
        check("enphase_meter_phase_apparent_power_volt_amperes", "apparentPower"),
        check("enphase_meter_phase_reactive_power_volt_amperes_reactive", "reactivePower"),
        check("enphase_meter_phase_energy_delivered_joules_total", "actEnergyDlvd", counter_joules),
        check("enphase_meter_phase_energy_received_joules_total", "actEnergyRcvd", counter_joules),
        check("enphase_meter_phase_apparent_energy_volt_ampere_seconds_total", "apparentEnergy", counter_joules),
        check(
            "enphase_meter_phase_reactive_energy_lagging_volt_ampere_reactive_seconds_total",
            *("reactEnergyLagg", counter_joules),
        ),
        check(
            "enphase_meter_phase_reactive_energy_leading_volt_ampere_reactive_seconds_total",
            *("reactEnergyLead", counter_joules),
        ),
        check("enphase_meter_phase_voltage_volts", "voltage"),
        check("enphase_meter_phase_current_amperes", "current"),
        check("enphase_meter_phase_frequency_hertz", "freq"),
        check("enphase_meter_phase_power_factor_ratio", "pwrFactor", _power_factor),
        check("enphase_meter_phase_last_reading_timestamp_seconds", "timestamp", positive),
    ),
    part(
        grid,
        check("enphase_grid_power_watts", "activePower"),
        check("enphase_grid_import_energy_joules_total", "actEnergyDlvd", counter_joules),
        check("enphase_grid_export_energy_joules_total", "actEnergyRcvd", counter_joules),
    ),
    part(
        storage,
        check("enphase_storage_power_watts", "activePower", source="ct"),
        check("enphase_storage_discharged_energy_joules_total", "actEnergyDlvd", counter_joules),
        check("enphase_storage_charged_energy_joules_total", "actEnergyRcvd", counter_joules),
    ),
)
