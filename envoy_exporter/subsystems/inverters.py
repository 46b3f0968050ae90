"""The microinverters, from `/ivp/pdm/device_data`, or from the v1 list where that does not have them all.

A gateway repeats an inverter's last power all night. What it says of now is left out once the report is older
than `inverter_max_age` by the gateway's own clock; registers and dates stay. What they are and how they fare is in
the inventory, see there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from envoy_exporter import documents, untrusted
from envoy_exporter.documents import Documents
from envoy_exporter.families import Reading, counter, gauge, info, label
from envoy_exporter.untrusted import WATT_HOUR, Fields, Refusals, Refuse, instant, number, peek, scaled

from . import fleet, history, inventory, rules
from .history import History, Past, Register
from .reports import celsius, is_fresh, joules, mean_watts, thousandth, watts
from .subsystem import Read, Settings

NAME = "inverters"
ON = True
RULES = (*untrusted.GENERAL_RULES, history.ZERO_AFTER_VALUE, history.FROZEN)

MOST_VARS = 1000
"""No microinverter's apparent power comes near it."""
_LEGS = {phase: f"{key}AcVoltageInmV" for phase, key in zip(untrusted.PHASES, ("l1N", "l2N", "l3N"), strict=True)}
_POWER = "power"
_ENERGY = Register(key="lifetime.joulesProduced", power=_POWER, dated="endDate")
_RUNNING = Register(key="lifetime.duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterInfo:
    serial: str = label()
    part_number: str | None = label()
    device_type: str = label()
    firmware: str | None = label()
    known: bool = info(
        "enphase_inverter_info",
        "A microinverter that the gateway lists (sn, serialNumber, serial_num, part_num, img_pnum_running).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverter:
    serial: str = label()
    reporting: bool | None = gauge(
        "enphase_inverter_reporting",
        "1: its last report is young enough to speak of now (endDate, lastReportDate, of one in the inventory alone"
        " last_rpt_date; inverter_max_age of the config).",
    )
    power: float | None = gauge(
        "enphase_inverter_power_watts",
        "AC power, the mean over its last report's interval (joulesProduced / duration, lastReportWatts).",
    )
    max_power: float | None = gauge(
        "enphase_inverter_max_power_watts", "The highest power that it ever reported (watts.max, maxReportWatts)."
    )
    last_report: float | None = gauge(
        "enphase_inverter_last_report_timestamp_seconds",
        "When it last reported (endDate, lastReportDate, of one in the inventory alone last_rpt_date).",
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
        "Reactive power, + inductive; refused where no current is reported (laggingVArs - leadingVArs, acCurrentInmA).",
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
    report_energy: float | None = gauge(
        "enphase_inverter_report_energy_joules", "Energy in its last report's interval (lastReading.joulesProduced)."
    )
    conversion_error_cycles: float | None = gauge(
        "enphase_inverter_conversion_error_cycles",
        "The most cycles in a row in which conversion failed in the last report's interval (pwrConvMaxErrCycles).",
    )
    running: float | None = counter(
        "enphase_inverter_running_seconds_total", "How long it has been reporting for, all in all (lifetime.duration)."
    )
    flags: float | None = gauge(
        "enphase_inverter_flags",
        "Status bits of its last report as a number; 0 is normal, the others are not documented (flags).",
    )
    module_present: bool | None = gauge(
        "enphase_inverter_module_present",
        "1: the gateway hears it; 0 by night, when that is no fault (modGone is false).",
    )
    active: bool | None = gauge(
        "enphase_inverter_active", "0: it was removed, though the gateway still lists it (active; admin_state 3)."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterLeg:
    serial: str = label()
    phase: str = label()
    voltage: float | None = gauge(
        "enphase_inverter_phase_voltage_volts",
        "AC voltage by phase, of inverters on several (l1NAcVoltageInmV, l2NAcVoltageInmV, l3NAcVoltageInmV).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceData:
    devices: float | None = gauge(
        "enphase_device_data_devices",
        "Devices in the gateway's detailed list, with meters and what was removed; at the limit it may leave some out"
        " (deviceCount).",
    )
    limit: float | None = gauge("enphase_device_data_limit", "The most that the list can hold (deviceDataLimit).")


READINGS: tuple[type[Reading], ...] = (InverterInfo, Inverter, InverterLeg, *inventory.READINGS, DeviceData)


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the inverters were read, and what they are: no label changes because the slow inventory has failed once."""

    chosen: fleet.Memory = field(default_factory=fleet.Memory)
    infos: tuple[InverterInfo, ...] = ()
    past: Past | None = None


def read(seen: Documents, settings: Settings, memory: object, now: float) -> Read:
    refusals = Refusals()
    before = memory if isinstance(memory, Memory) else Memory()
    chosen = fleet.choose(seen, before.chosen)
    past, latest = History(seen, before.past, refusals), rules.latest(seen, now)
    refuse = refusals.of(documents.INVENTORY)
    listed = inventory.listed(seen, refuse)
    readings: list[Reading] = []
    if chosen.endpoint == documents.DEVICE_DATA:
        readings = [*_device_data(seen, settings, past, latest, refusals.of(documents.DEVICE_DATA))]
    elif chosen.endpoint == documents.INVERTERS_V1:
        readings = [*_v1(seen, settings, latest, refusals.of(documents.INVERTERS_V1))]
    inverters = [each for each in readings if isinstance(each, Inverter)]
    if chosen.endpoint != documents.DEVICE_DATA or documents.DEVICE_DATA in seen.at_hand:
        known = {each.serial for each in inverters}
        others = {serial: fields for serial, fields in listed.items() if serial not in known}
        # While their own list fails, it is not known of anyone that the inventory alone has it.
        dated = chosen.endpoint is None or chosen.endpoint in seen.at_hand
        found = _of_inventory(others, seen, settings, latest, refuse)
        alone = (each if dated else Inverter(serial=each.serial, active=each.active) for each in found)
        inverters = [*_marked(inverters, listed), *alone]
    infos = tuple(_infos(seen, inverters, listed, before, refuse))
    legs = (each for each in readings if isinstance(each, InverterLeg))
    states = inventory.read(listed, refuse)
    counts = _counts(seen, refusals.of(documents.DEVICE_DATA))
    return Read((*infos, *inverters, *legs, *states, *counts), tuple(refusals.met), Memory(chosen, infos, past.past()))


def _marked(inverters: list[Inverter], listed: Mapping[str, Fields]) -> Iterator[Inverter]:
    """Which are removed, by the inventory where their own list does not say."""
    for each in inverters:
        fields = listed.get(each.serial)
        if each.active is not None or fields is None:
            yield each
        else:
            yield _removed(each.serial) if documents.is_removed(fields) else replace(each, active=True)


def _of_inventory(
    others: Mapping[str, Fields], seen: Documents, settings: Settings, latest: float, refuse: Refuse
) -> Iterator[Inverter]:
    """Those that it alone has: when they last reported is all that it knows of their reports."""
    for serial, fields in others.items():
        if documents.is_removed(fields):
            yield _removed(serial)
            continue
        last_report = instant(fields, "last_rpt_date", refuse)
        yield Inverter(
            serial=serial,
            active=True,
            reporting=is_fresh(last_report, seen, settings.inverter_max_age),
            last_report=rules.not_ahead(last_report, "last_rpt_date", latest, refuse),
        )


def _removed(serial: str) -> Inverter:
    """It is listed for ever, and what it last said says nothing (8.3.5433)."""
    return Inverter(serial=serial, active=False)


def _infos(
    seen: Documents, inverters: list[Inverter], listed: Mapping[str, Fields], before: Memory, refuse: Refuse
) -> Iterator[InverterInfo]:
    infos = before.infos if not seen.settled(documents.INVENTORY) else ()
    known = {each.serial: each for each in infos}
    for each in inverters:
        if each.active is not False:
            fields = listed.get(each.serial, {})
            yield known.get(each.serial) or InverterInfo(
                serial=each.serial,
                part_number=untrusted.text(fields, "part_num", refuse),
                device_type="pcu",
                firmware=untrusted.text(fields, "img_pnum_running", refuse),
            )


def _counts(seen: Documents, refuse: Refuse) -> Iterator[DeviceData]:
    if documents.DEVICE_DATA in seen.at_hand:
        content = documents.entry(seen.content(documents.DEVICE_DATA))
        yield DeviceData(
            devices=number(content, "deviceCount", refuse, low=0),
            limit=number(content, "deviceDataLimit", refuse, low=0),
        )


def _v1(seen: Documents, settings: Settings, latest: float, refuse: Refuse) -> Iterator[Inverter]:
    for serial, fields in fleet.of_v1(seen, refuse):
        last_report = instant(fields, "lastReportDate", refuse)
        fresh = is_fresh(last_report, seen, settings.inverter_max_age)
        power = watts(fields, "lastReportWatts", refuse)
        yield Inverter(
            serial=serial,
            reporting=fresh,
            power=power if fresh else None,
            max_power=watts(fields, "maxReportWatts", refuse),
            last_report=rules.not_ahead(last_report, "lastReportDate", latest, refuse),
        )


def _device_data(
    seen: Documents, settings: Settings, past: History, latest: float, refuse: Refuse
) -> Iterator[Reading]:
    for serial, fields in fleet.of_device_data(seen, refuse):
        if untrusted.flag(fields, "active", refuse) is False:
            yield _removed(serial)
            continue
        channel = next(untrusted.items(fields.get("channels"), refuse), {})
        believed = past.believed(documents.DEVICE_DATA, (serial,), _flat(channel), (_ENERGY, _RUNNING))
        report = documents.entry(believed.get("lastReading"))
        last_report = instant(report, "endDate", refuse)
        fresh = is_fresh(last_report, seen, settings.inverter_max_age)
        gone = untrusted.flag(fields, "modGone", refuse)
        yield replace(
            _inverter(serial, believed, report, refuse, fresh=fresh),
            last_report=rules.not_ahead(last_report, "endDate", latest, refuse),
            module_present=None if gone is None else not gone,
        )
        for phase, key in _LEGS.items():
            # 0 on a leg that the inverter is not on, and on all of a single-phase one.
            if (volts := thousandth(report, key, refuse)) and fresh:
                yield InverterLeg(serial=serial, phase=phase, voltage=volts)


def _flat(channel: Fields) -> dict[str, object]:
    """The channel, and in it what its register is judged by."""
    report, lifetime = documents.entry(channel.get("lastReading")), documents.entry(channel.get("lifetime"))
    power = mean_watts(joules(report, "joulesProduced", lambda *_: None), report)
    beside = {"endDate": report.get("endDate"), _POWER: power}
    registers = {f"lifetime.{key}": lifetime[key] for key in ("joulesProduced", "duration") if key in lifetime}
    return {**channel, **registers, **{key: value for key, value in beside.items() if value is not None}}


def _inverter(serial: str, channel: Fields, report: Fields, refuse: Refuse, *, fresh: bool) -> Inverter:
    hours = documents.entry(channel.get("wattHours"))
    electrical = _electrical(report, refuse)
    return Inverter(
        serial=serial,
        active=True,
        module_present=None,  # it is said beside the channel
        reporting=fresh,
        max_power=watts(documents.entry(channel.get("watts")), "max", refuse),
        energy=number(channel, _ENERGY.key, refuse, low=0),
        running=number(channel, _RUNNING.key, refuse, low=0),
        today=scaled(number(hours, "today", refuse, low=0), WATT_HOUR),
        yesterday=scaled(number(hours, "yesterday", refuse, low=0), WATT_HOUR),
        last_week=scaled(number(hours, "week", refuse, low=0), WATT_HOUR),
        report_duration=number(report, "duration", refuse, low=0),
        report_energy=joules(report, "joulesProduced", refuse),
        conversion_error=number(report, "pwrConvErrSecs", refuse, low=0),
        conversion_error_cycles=number(report, "pwrConvMaxErrCycles", refuse, low=0),
        rssi=number(report, "rssi", refuse),
        issi=number(report, "issi", refuse),
        flags=number(report, "flags", refuse, low=0),
        power=peek(channel, _POWER) if fresh else None,
        **(electrical if fresh else {}),
    )


def _electrical(report: Fields, refuse: Refuse) -> dict[str, float | None]:
    """What a report says of now, but for its power."""
    return {
        "ac_voltage": thousandth(report, "acVoltageINmV", refuse),
        "ac_current": thousandth(report, "acCurrentInmA", refuse),
        "ac_frequency": thousandth(report, "acFrequencyINmHz", refuse),
        "dc_voltage": thousandth(report, "dcVoltageINmV", refuse),
        "dc_current": thousandth(report, "dcCurrentINmA", refuse),
        "temperature": celsius(report, "channelTemp", refuse),
        "reactive_power": _reactive_power(report, refuse),
    }


def _reactive_power(report: Fields, refuse: Refuse) -> float | None:
    """Without a current there is none: IQ7 inverters, which report no current, count var-seconds, as it seems.

    14871 in 924 s, 15138 in 914 s, 112 in 13 s: 16 var and less, what their filters draw (8.3.5169_ACB_inventory).
    Nobody saw them by day, so they are not divided. IQ8 inverters say 38 var beside 1.049 A (8.2.4345).
    """
    most = 0 if peek(report, "acCurrentInmA") == 0 else MOST_VARS
    lagging, leading = (number(report, key, refuse, low=0, high=most) for key in ("laggingVArs", "leadingVArs"))
    return lagging - leading if lagging is not None and leading is not None else None
