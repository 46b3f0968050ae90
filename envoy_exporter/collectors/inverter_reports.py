"""What the reports of a microinverter contain, and those of its phases and channels: a part of `inverters`."""

from dataclasses import dataclass

from envoy_exporter.families import counter, gauge, label


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverter:
    serial: str = label()
    reporting: bool | None = gauge(
        "enphase_inverter_reporting",
        "Whether the last report of the microinverter is newer than inverter_max_age (1) or not (0).",
        fields=("endDate", "lastReportDate", "last_rpt_date"),
    )
    power: float | None = gauge(
        "enphase_inverter_power_watts",
        "AC power of the microinverter, averaged over its last report interval.",
        fields=("joulesProduced", "duration", "lastReportWatts"),
    )
    max_power: float | None = gauge(
        "enphase_inverter_max_power_watts",
        "Highest power that the microinverter has ever reported.",
        fields=("watts.max", "maxReportWatts"),
    )
    last_report: float | None = gauge(
        "enphase_inverter_last_report_timestamp_seconds",
        "Time of the last report of the microinverter.",
        fields=("endDate", "lastReportDate", "last_rpt_date"),
    )
    energy: float | None = counter(
        "enphase_inverter_energy_joules_total",
        "Lifetime energy produced by the microinverter; the register may wrap at 2^32 J. Absent for a"
        " microinverter with several channels, see enphase_inverter_channel_energy_joules_total.",
        fields=("lifetime.joulesProduced",),
    )
    today: float | None = gauge(
        "enphase_inverter_energy_today_joules",
        "Energy produced by the microinverter since midnight, as reported by the gateway.",
        fields=("wattHours.today",),
    )
    yesterday: float | None = gauge(
        "enphase_inverter_energy_yesterday_joules",
        "Energy produced by the microinverter yesterday, as reported by the gateway.",
        fields=("wattHours.yesterday",),
    )
    last_week: float | None = gauge(
        "enphase_inverter_energy_last_week_joules",
        "Energy produced by the microinverter in the week, as reported by the gateway.",
        fields=("wattHours.week",),
    )
    ac_voltage: float | None = gauge(
        "enphase_inverter_ac_voltage_volts", "AC voltage at the microinverter.", fields=("acVoltageINmV",)
    )
    ac_current: float | None = gauge(
        "enphase_inverter_ac_current_amperes",
        "AC current of the microinverter; IQ7 microinverters report 0.",
        fields=("acCurrentInmA",),
    )
    ac_frequency: float | None = gauge(
        "enphase_inverter_ac_frequency_hertz", "AC frequency at the microinverter.", fields=("acFrequencyINmHz",)
    )
    dc_voltage: float | None = gauge(
        "enphase_inverter_dc_voltage_volts",
        "DC voltage of a microinverter with one channel.",
        fields=("dcVoltageINmV",),
    )
    dc_current: float | None = gauge(
        "enphase_inverter_dc_current_amperes",
        "DC current of a microinverter with one channel.",
        fields=("dcCurrentINmA",),
    )
    temperature: float | None = gauge(
        "enphase_inverter_temperature_celsius", "Temperature of the microinverter.", fields=("channelTemp",)
    )
    reactive_power: float | None = gauge(
        "enphase_inverter_reactive_power_volt_amperes_reactive",
        "Reactive power of the microinverter, positive if inductive; absent for a microinverter that reports no"
        " AC current.",
        fields=("laggingVArs", "leadingVArs", "acCurrentInmA"),
    )
    report_duration: float | None = gauge(
        "enphase_inverter_report_duration_seconds",
        "Length of the interval that the last report of the microinverter covers.",
        fields=("duration",),
    )
    conversion_error: float | None = gauge(
        "enphase_inverter_conversion_error_seconds",
        "Duration of failed power conversion in the last report interval of the microinverter.",
        fields=("pwrConvErrSecs",),
    )
    rssi: float | None = gauge(
        "enphase_inverter_plc_rssi",
        "Received power-line signal strength (RSSI) of the microinverter, in an unknown unit.",
        fields=("rssi",),
    )
    issi: float | None = gauge(
        "enphase_inverter_plc_issi",
        "Power-line signal strength (ISSI) of the microinverter, in an unknown unit.",
        fields=("issi",),
    )
    report_energy: float | None = gauge(
        "enphase_inverter_report_energy_joules",
        "Energy produced by the microinverter in its last report interval.",
        fields=("lastReading.joulesProduced",),
    )
    conversion_error_cycles: float | None = gauge(
        "enphase_inverter_conversion_error_cycles",
        "Maximum number of consecutive cycles with failed power conversion in the last report interval of the"
        " microinverter.",
        fields=("pwrConvMaxErrCycles",),
    )
    running: float | None = counter(
        "enphase_inverter_running_seconds_total",
        "Total duration of all report intervals of the microinverter.",
        fields=("lifetime.duration",),
    )
    flags: float | None = gauge(
        "enphase_inverter_flags",
        "Status bits in the last report of the microinverter, as a number; 0 is normal, the others are not documented.",
        fields=("flags",),
    )
    module_present: bool | None = gauge(
        "enphase_inverter_module_present",
        "Whether the gateway receives reports from the microinverter (1) or not (0); 0 at night, which is not a fault.",
        fields=("modGone",),
    )
    active: bool | None = gauge(
        "enphase_inverter_active",
        "Whether the microinverter is in use (1), or was removed and is still listed (0).",
        fields=("active", "admin_state"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterPhaseVoltage:
    serial: str = label()
    phase: str = label()
    voltage: float | None = gauge(
        "enphase_inverter_phase_voltage_volts",
        "AC voltage on one phase of a microinverter that is connected to several phases.",
        fields=("l1NAcVoltageInmV", "l2NAcVoltageInmV", "l3NAcVoltageInmV"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterChannel:
    serial: str = label()
    channel: str = label()
    power: float | None = gauge(
        "enphase_inverter_channel_power_watts",
        "AC power of one channel of a microinverter with several channels, averaged over its last report interval.",
        fields=("joulesProduced", "duration"),
    )
    energy: float | None = counter(
        "enphase_inverter_channel_energy_joules_total",
        "Lifetime energy produced by one channel of a microinverter with several channels; the register may wrap"
        " at 2^32 J.",
        fields=("lifetime.joulesProduced",),
    )
    dc_voltage: float | None = gauge(
        "enphase_inverter_channel_dc_voltage_volts",
        "DC voltage of one channel of a microinverter with several channels.",
        fields=("dcVoltageINmV",),
    )
    dc_current: float | None = gauge(
        "enphase_inverter_channel_dc_current_amperes",
        "DC current of one channel of a microinverter with several channels.",
        fields=("dcCurrentINmA",),
    )
