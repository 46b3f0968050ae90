"""The families of microinverters: a part of `inverters`."""

from dataclasses import dataclass

from envoy_exporter.families import counter, gauge, info, label


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterInfo:
    serial: str = label()
    part_number: str | None = label()
    device_type: str = label()
    firmware: str | None = label()
    known: bool = info(
        "enphase_inverter_info",
        "A microinverter that the gateway lists.",
        fields=("sn", "serialNumber", "serial_num", "part_num", "img_pnum_running"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverter:
    serial: str = label()
    reporting: bool | None = gauge(
        "enphase_inverter_reporting",
        "1: its last report is young enough to speak of now.",
        fields=(
            "endDate, lastReportDate, of one in the inventory alone last_rpt_date; inverter_max_age of the config",
        ),
    )
    power: float | None = gauge(
        "enphase_inverter_power_watts",
        "AC power, the mean over its last report's interval.",
        fields=("joulesProduced / duration", "lastReportWatts"),
    )
    max_power: float | None = gauge(
        "enphase_inverter_max_power_watts",
        "The highest power that it ever reported.",
        fields=("watts.max", "maxReportWatts"),
    )
    last_report: float | None = gauge(
        "enphase_inverter_last_report_timestamp_seconds",
        "When it last reported.",
        fields=("endDate, lastReportDate, of one in the inventory alone last_rpt_date",),
    )
    energy: float | None = counter(
        "enphase_inverter_energy_joules_total",
        "Energy since it was installed; the register may wrap at 2^32 J. Absent for an inverter with several channels,"
        " see enphase_inverter_channel_energy_joules_total.",
        fields=("lifetime.joulesProduced",),
    )
    today: float | None = gauge(
        "enphase_inverter_energy_today_joules", "Energy since midnight, as reported.", fields=("wattHours.today",)
    )
    yesterday: float | None = gauge(
        "enphase_inverter_energy_yesterday_joules", "Energy of yesterday, as reported.", fields=("wattHours.yesterday",)
    )
    last_week: float | None = gauge(
        "enphase_inverter_energy_last_week_joules", "Energy of the week, as reported.", fields=("wattHours.week",)
    )
    ac_voltage: float | None = gauge("enphase_inverter_ac_voltage_volts", "AC voltage.", fields=("acVoltageINmV",))
    ac_current: float | None = gauge(
        "enphase_inverter_ac_current_amperes", "AC current; IQ7 inverters report 0.", fields=("acCurrentInmA",)
    )
    ac_frequency: float | None = gauge(
        "enphase_inverter_ac_frequency_hertz", "AC frequency.", fields=("acFrequencyINmHz",)
    )
    dc_voltage: float | None = gauge(
        "enphase_inverter_dc_voltage_volts", "DC voltage of an inverter with one channel.", fields=("dcVoltageINmV",)
    )
    dc_current: float | None = gauge(
        "enphase_inverter_dc_current_amperes", "DC current of an inverter with one channel.", fields=("dcCurrentINmA",)
    )
    temperature: float | None = gauge("enphase_inverter_temperature_celsius", "Temperature.", fields=("channelTemp",))
    reactive_power: float | None = gauge(
        "enphase_inverter_reactive_power_volt_amperes_reactive",
        "Reactive power, + inductive; refused where no current is reported.",
        fields=("laggingVArs - leadingVArs", "acCurrentInmA"),
    )
    report_duration: float | None = gauge(
        "enphase_inverter_report_duration_seconds", "The interval that its last report is about.", fields=("duration",)
    )
    conversion_error: float | None = gauge(
        "enphase_inverter_conversion_error_seconds",
        "How long conversion failed in the last report's interval.",
        fields=("pwrConvErrSecs",),
    )
    rssi: float | None = gauge("enphase_inverter_plc_rssi", "Power-line signal, in an unknown unit.", fields=("rssi",))
    issi: float | None = gauge("enphase_inverter_plc_issi", "Power-line signal, in an unknown unit.", fields=("issi",))
    report_energy: float | None = gauge(
        "enphase_inverter_report_energy_joules",
        "Energy in its last report's interval.",
        fields=("lastReading.joulesProduced",),
    )
    conversion_error_cycles: float | None = gauge(
        "enphase_inverter_conversion_error_cycles",
        "The most cycles in a row in which conversion failed in the last report's interval.",
        fields=("pwrConvMaxErrCycles",),
    )
    running: float | None = counter(
        "enphase_inverter_running_seconds_total",
        "How long it has been reporting for, all in all.",
        fields=("lifetime.duration",),
    )
    flags: float | None = gauge(
        "enphase_inverter_flags",
        "Status bits of its last report as a number; 0 is normal, the others are not documented.",
        fields=("flags",),
    )
    module_present: bool | None = gauge(
        "enphase_inverter_module_present",
        "1: the gateway hears it; 0 by night, when that is no fault.",
        fields=("modGone is false",),
    )
    active: bool | None = gauge(
        "enphase_inverter_active",
        "0: it was removed, though the gateway still lists it.",
        fields=("active; admin_state 3",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterLeg:
    serial: str = label()
    phase: str = label()
    voltage: float | None = gauge(
        "enphase_inverter_phase_voltage_volts",
        "AC voltage by phase, of inverters on several.",
        fields=("l1NAcVoltageInmV", "l2NAcVoltageInmV", "l3NAcVoltageInmV"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceData:
    devices: float | None = gauge(
        "enphase_device_data_devices",
        "Devices in the gateway's detailed list, with meters and what was removed; at the limit it may leave some out.",
        fields=("deviceCount",),
    )
    limit: float | None = gauge(
        "enphase_device_data_limit", "The most that the list can hold.", fields=("deviceDataLimit",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterChannel:
    serial: str = label()
    channel: str = label()
    power: float | None = gauge(
        "enphase_inverter_channel_power_watts",
        "AC power of one channel of an inverter with several channels, the mean over its last report's interval.",
        fields=("joulesProduced / duration",),
    )
    energy: float | None = counter(
        "enphase_inverter_channel_energy_joules_total",
        "Lifetime energy of one channel of an inverter with several channels; the register may wrap at 2^32 J.",
        fields=("lifetime.joulesProduced",),
    )
    dc_voltage: float | None = gauge(
        "enphase_inverter_channel_dc_voltage_volts",
        "DC voltage of one channel of an inverter with several channels.",
        fields=("dcVoltageINmV",),
    )
    dc_current: float | None = gauge(
        "enphase_inverter_channel_dc_current_amperes",
        "DC current of one channel of an inverter with several channels.",
        fields=("dcCurrentINmA",),
    )
