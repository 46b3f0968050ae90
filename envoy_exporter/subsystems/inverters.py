"""The microinverters, from `/ivp/pdm/device_data`, or from the v1 list where that does not have them all.

A gateway repeats an inverter's last power all night. What it says of now is left out once the report is older
than `inverter_max_age` by the gateway's own clock; registers and dates stay.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import documents, untrusted
from envoy_exporter.documents import Documents
from envoy_exporter.families import counter, gauge, info, label
from envoy_exporter.untrusted import WATT_HOUR, Fields, Refusals, Refuse, instant, number, scaled

from . import fleet
from .subsystem import Read, Settings

NAME = "inverters"
ON = True
RULES = untrusted.GENERAL_RULES

MOST_WATTS = 100_000
"""No inverter comes near it, and an unsigned -4 (4294967292 in 8.3.5169_ACB_inventory) is far beyond."""
MOST_VARS = 2000
"""Beyond, the numbers of IQ7 inverters at night (14871 in 8.3.5169_ACB_inventory) cannot be reactive power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterInfo:
    serial: str = label()
    part_number: str | None = label()
    device_type: str = label()
    firmware: str | None = label()
    known: bool = info("enphase_inverter_info", "A microinverter that the gateway lists (sn, serialNumber).")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverter:
    serial: str = label()
    reporting: bool | None = gauge(
        "enphase_inverter_reporting",
        "1: its last report is young enough to speak of now (endDate, lastReportDate; inverter_max_age of the config).",
    )
    power: float | None = gauge(
        "enphase_inverter_power_watts",
        "AC power, the mean over its last report's interval (joulesProduced / duration, lastReportWatts).",
    )
    max_power: float | None = gauge(
        "enphase_inverter_max_power_watts", "The highest power that it ever reported (watts.max, maxReportWatts)."
    )
    last_report: float | None = gauge(
        "enphase_inverter_last_report_timestamp_seconds", "When it last reported (endDate, lastReportDate)."
    )
    energy: float | None = counter(
        "enphase_inverter_energy_joules_total",
        "Energy since it was installed; the register may wrap at 2^32 J (lifetime.joulesProduced).",
    )
    today: float | None = gauge(
        "enphase_inverter_energy_today_joules", "Energy since midnight, as reported (wattHours.today)."
    )
    yesterday: float | None = gauge(
        "enphase_inverter_energy_yesterday_joules", "Energy of yesterday, as reported (wattHours.yesterday)."
    )
    last_week: float | None = gauge(
        "enphase_inverter_energy_last_week_joules", "Energy of the week, as reported (wattHours.week)."
    )
    ac_voltage: float | None = gauge("enphase_inverter_ac_voltage_volts", "AC voltage (acVoltageINmV).")
    ac_current: float | None = gauge(
        "enphase_inverter_ac_current_amperes", "AC current; IQ7 inverters report 0 (acCurrentInmA)."
    )
    ac_frequency: float | None = gauge("enphase_inverter_ac_frequency_hertz", "AC frequency (acFrequencyINmHz).")
    dc_voltage: float | None = gauge("enphase_inverter_dc_voltage_volts", "DC voltage (dcVoltageINmV).")
    dc_current: float | None = gauge("enphase_inverter_dc_current_amperes", "DC current (dcCurrentINmA).")
    temperature: float | None = gauge("enphase_inverter_temperature_celsius", "Temperature (channelTemp).")
    reactive_power: float | None = gauge(
        "enphase_inverter_reactive_power_volt_amperes_reactive",
        "Reactive power, + inductive (laggingVArs - leadingVArs).",
    )
    report_duration: float | None = gauge(
        "enphase_inverter_report_duration_seconds", "The interval that its last report is about (duration)."
    )
    conversion_error: float | None = gauge(
        "enphase_inverter_conversion_error_seconds",
        "How long conversion failed in the last report's interval (pwrConvErrSecs).",
    )
    rssi: float | None = gauge("enphase_inverter_plc_rssi", "Power-line signal, in an unknown unit (rssi).")
    issi: float | None = gauge("enphase_inverter_plc_issi", "Power-line signal, in an unknown unit (issi).")
    active: bool | None = gauge(
        "enphase_inverter_active", "0: it was removed, though the gateway still lists it (active)."
    )


READINGS = (InverterInfo, Inverter)


def read(seen: Documents, settings: Settings, memory: object, now: float) -> Read:  # noqa: ARG001
    refusals = Refusals()
    chosen = fleet.choose(seen, memory)
    listed: Iterator[Inverter] = iter(())
    if chosen.endpoint == documents.DEVICE_DATA:
        listed = _device_data(seen, settings, refusals.of(documents.DEVICE_DATA))
    elif chosen.endpoint == documents.INVERTERS_V1:
        listed = _v1(seen, settings, refusals.of(documents.INVERTERS_V1))
    inverters = list(listed)
    infos = (
        InverterInfo(serial=each.serial, part_number=None, device_type="pcu", firmware=None)
        for each in inverters
        if each.active is not False
    )
    return Read((*infos, *inverters), tuple(refusals.met), chosen)


def _v1(seen: Documents, settings: Settings, refuse: Refuse) -> Iterator[Inverter]:
    for serial, fields in fleet.of_v1(seen, refuse):
        last_report = instant(fields, "lastReportDate", refuse)
        fresh = _is_fresh(last_report, seen, settings)
        power = _watts(fields, "lastReportWatts", refuse)
        yield Inverter(
            serial=serial,
            reporting=fresh,
            power=power if fresh else None,
            max_power=_watts(fields, "maxReportWatts", refuse),
            last_report=last_report,
        )


def _device_data(seen: Documents, settings: Settings, refuse: Refuse) -> Iterator[Inverter]:
    for serial, fields in fleet.of_device_data(seen, refuse):
        if untrusted.flag(fields, "active", refuse) is False:
            yield Inverter(serial=serial, active=False)
            continue
        channel = next(untrusted.items(fields.get("channels"), refuse), {})
        yield _inverter(serial, channel, seen, settings, refuse)


def _inverter(serial: str, channel: Fields, seen: Documents, settings: Settings, refuse: Refuse) -> Inverter:
    report, hours = documents.entry(channel.get("lastReading")), documents.entry(channel.get("wattHours"))
    last_report = instant(report, "endDate", refuse)
    fresh = _is_fresh(last_report, seen, settings)
    electrical = _electrical(report, refuse)
    return Inverter(
        serial=serial,
        active=True,
        reporting=fresh,
        max_power=_watts(documents.entry(channel.get("watts")), "max", refuse),
        last_report=last_report,
        energy=number(documents.entry(channel.get("lifetime")), "joulesProduced", refuse, low=0),
        today=scaled(number(hours, "today", refuse, low=0), WATT_HOUR),
        yesterday=scaled(number(hours, "yesterday", refuse, low=0), WATT_HOUR),
        last_week=scaled(number(hours, "week", refuse, low=0), WATT_HOUR),
        report_duration=number(report, "duration", refuse, low=0),
        conversion_error=number(report, "pwrConvErrSecs", refuse, low=0),
        rssi=number(report, "rssi", refuse),
        issi=number(report, "issi", refuse),
        **(electrical if fresh else {}),
    )


def _electrical(report: Fields, refuse: Refuse) -> dict[str, float | None]:
    """What a report says of now."""
    joules, seconds = number(report, "joulesProduced", refuse), number(report, "duration", lambda *_: None, low=0)
    lagging = number(report, "laggingVArs", refuse, low=0, high=MOST_VARS)
    leading = number(report, "leadingVArs", refuse, low=0, high=MOST_VARS)
    return {
        "power": joules / seconds if joules is not None and seconds else None,
        "ac_voltage": _thousandth(report, "acVoltageINmV", refuse),
        "ac_current": _thousandth(report, "acCurrentInmA", refuse),
        "ac_frequency": _thousandth(report, "acFrequencyINmHz", refuse),
        "dc_voltage": _thousandth(report, "dcVoltageINmV", refuse),
        "dc_current": _thousandth(report, "dcCurrentINmA", refuse),
        "temperature": number(report, "channelTemp", refuse, low=-100, high=200),
        "reactive_power": lagging - leading if lagging is not None and leading is not None else None,
    }


def _watts(fields: Fields, key: str, refuse: Refuse) -> float | None:
    return number(fields, key, refuse, low=-MOST_WATTS, high=MOST_WATTS)


def _thousandth(fields: Fields, key: str, refuse: Refuse) -> float | None:
    return scaled(number(fields, key, refuse, low=0), divided=1000)


def _is_fresh(last_report: float | None, seen: Documents, settings: Settings) -> bool:
    """By the gateway's clock, which dates the reports too. From the future is fresh; and so is all, without a clock."""
    if last_report is None:
        return False
    clock = documents.gateway_time(seen)
    if clock is None or not untrusted.EARLIEST <= clock <= untrusted.LATEST:
        return True
    return clock - last_report <= settings.inverter_max_age
