"""/ivp/pdm/device_data: the last report of each inverter and of each AC battery."""

from collections.abc import Iterator

from captures.expected import devices
from captures.expected.check import Item, Json, by_serial, check, joules, milli, not_negative, part, positive, ratio
from captures.recording import Recording, objects


def document(recording: Recording) -> Iterator[Item]:
    yield {}, recording.object("ivp_pdm_device_data")


def inverters(recording: Recording) -> Iterator[Item]:
    return by_serial(devices.inverters_of_device_data(recording), "sn")


def active_inverters(recording: Recording) -> Iterator[Item]:
    return by_serial(devices.active_inverters(recording), "sn")


def inventory_entries(recording: Recording) -> Iterator[Item]:
    """Each active inverter as the inventory describes it, or an empty entry."""
    listed = devices.inventory(recording, "PCU")
    for labels, _ in active_inverters(recording):
        entries = [device for device in listed if device.get("serial_num") == labels["serial"]]
        yield from ((labels, entry) for entry in entries or [{}])


def channels(recording: Recording) -> Iterator[Item]:
    """Of the inverters that have only one."""
    for labels, inverter in active_inverters(recording):
        if len(inverter.get("channels", ())) == 1:
            yield from ((labels, channel) for channel in objects(inverter["channels"]))


def reports(recording: Recording, *, recent: bool | None = None) -> Iterator[Item]:
    for labels, channel in channels(recording):
        if "lastReading" in channel:
            is_recent = recording.is_recent(channel["lastReading"].get("endDate", 0))
            if recent in (None, is_recent):
                yield labels, channel["lastReading"]


def recent_reports(recording: Recording) -> Iterator[Item]:
    return reports(recording, recent=True)


def old_reports(recording: Recording) -> Iterator[Item]:
    return reports(recording, recent=False)


def ac_battery_channels(recording: Recording) -> Iterator[Item]:
    batteries = devices.serials(devices.ac_batteries(recording))
    for device in recording.objects("ivp_pdm_device_data"):
        if device.get("devName") == "acb" and device["sn"] in batteries:
            yield from (({"serial": device["sn"]}, channel) for channel in objects(device.get("channels")))


def recent_ac_battery_reports(recording: Recording) -> Iterator[Item]:
    for labels, channel in ac_battery_channels(recording):
        report = channel.get("lastReading", {})
        if recording.is_recent(report.get("endDate", 0)):
            yield labels, report


def _mean_power(report: Json) -> float | None:
    """Over the time of the report."""
    return report["joulesProduced"] / report["duration"] if report["duration"] > 0 else None


def _ac_battery_power(report: Json) -> float | None:
    """Below 0 while it charges."""
    energy = report["joulesProduced"] - report["joulesUsed"]
    return energy / report["duration"] if report["duration"] > 0 else None


def _positive_volts(millivolts: float) -> float | None:
    return positive(milli(millivolts))


def _reactive_power(report: Json) -> float | None:
    """Reactive power needs a current: IQ7 inverters report neither (they seem to count var-seconds)."""
    most = 1000 if report["acCurrentInmA"] else 0
    lagging, leading = report["laggingVArs"], report["leadingVArs"]
    return lagging - leading if lagging <= most and leading <= most else None


PARTS = (
    part(
        document,
        check("enphase_device_data_devices", "deviceCount"),
        check("enphase_device_data_limit", "deviceDataLimit"),
    ),
    part(inverters, check("enphase_inverter_active", "active")),
    part(active_inverters, check("enphase_inverter_module_present", "modGone", lambda is_gone: not is_gone)),
    part(inventory_entries, devices.INVERTER_INFO),
    part(
        channels,
        check("enphase_inverter_energy_today_joules", "wattHours.today", joules),
        check("enphase_inverter_energy_yesterday_joules", "wattHours.yesterday", joules),
        check("enphase_inverter_energy_last_week_joules", "wattHours.week", joules),
        check("enphase_inverter_max_power_watts", "watts.max"),
        check("enphase_inverter_energy_joules_total", "lifetime.joulesProduced", not_negative),
        check("enphase_inverter_running_seconds_total", "lifetime.duration"),
    ),
    part(
        reports,
        check("enphase_inverter_last_report_timestamp_seconds", "endDate", positive),
        check("enphase_inverter_report_duration_seconds", "duration"),
        check("enphase_inverter_report_energy_joules", "joulesProduced"),
        check("enphase_inverter_conversion_error_seconds", "pwrConvErrSecs"),
        check("enphase_inverter_conversion_error_cycles", "pwrConvMaxErrCycles"),
        check("enphase_inverter_plc_rssi", "rssi"),
        check("enphase_inverter_plc_issi", "issi"),
        check("enphase_inverter_flags", "flags"),
    ),
    part(
        recent_reports,
        check("enphase_inverter_reporting", lambda _: 1),
        check("enphase_inverter_power_watts", _mean_power),
        check("enphase_inverter_ac_voltage_volts", "acVoltageINmV", milli),
        check("enphase_inverter_ac_current_amperes", "acCurrentInmA", milli),
        check("enphase_inverter_ac_frequency_hertz", "acFrequencyINmHz", milli),
        check("enphase_inverter_dc_voltage_volts", "dcVoltageINmV", milli),
        check("enphase_inverter_dc_current_amperes", "dcCurrentINmA", milli),
        check("enphase_inverter_temperature_celsius", "channelTemp"),
        check("enphase_inverter_reactive_power_volt_amperes_reactive", _reactive_power),
    ),
    part(
        recent_reports,
        check("enphase_inverter_phase_voltage_volts", "l1NAcVoltageInmV", _positive_volts, phase="L1"),
        check("enphase_inverter_phase_voltage_volts", "l2NAcVoltageInmV", _positive_volts, phase="L2"),
        check("enphase_inverter_phase_voltage_volts", "l3NAcVoltageInmV", _positive_volts, phase="L3"),
        no_capture="no capture has an inverter on several phases",
    ),
    part(
        old_reports,
        check("enphase_inverter_reporting", lambda _: 0),
        no_capture="no capture has device_data older than 90 minutes",
    ),
    part(
        ac_battery_channels,
        check("enphase_battery_unit_discharged_energy_joules_total", "lifetime.joulesProduced", not_negative),
        check("enphase_battery_unit_charged_energy_joules_total", "lifetime.joulesUsed", not_negative),
        check("enphase_battery_unit_health_ratio", "lastReading.SOH", ratio),
    ),
    part(
        recent_ac_battery_reports,
        check("enphase_battery_unit_power_watts", _ac_battery_power),
        check("enphase_battery_unit_temperature_celsius", "channelTemp"),
        check("enphase_battery_unit_min_cell_temperature_celsius", "minCellTemp"),
        check("enphase_battery_unit_pack_voltage_volts", "totVoltage", milli),
    ),
)
