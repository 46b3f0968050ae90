"""Each battery by itself: IQ batteries of `/ivp/ensemble`, AC batteries of the inventory. A part of `batteries`."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from envoy_exporter import entries
from envoy_exporter.documents import (
    ACB_CONFIG,
    DEVICE_DATA,
    ENSEMBLE_POWER,
    ENSEMBLE_STATUS,
    INVENTORY,
    INVERTERS_V1,
    Documents,
)
from envoy_exporter.families import Reading, counter, flags, gauge, info, label, states
from envoy_exporter.fields import MAX_NUMBER, TYPE, FieldReader, by_serial

from .collector import Settings
from .device_reports import is_fresh, mean_watts
from .device_status import FLAGS
from .document_reader import DocumentReader
from .plausibility import PlausibilityFilter, Register

AC_STATES = ("charging", "idle", "discharging", "full")
GRID_MODES = ("grid-tied", "multimode-ongrid", "multimode-offgrid", "multimode-generator")
GRID_STATES = (
    "grid-tied",
    "grid-forming",
    "grid-interactive",
    "utility-interactive",
    "synchronizing-to-grid",
    "multimode-ongrid",
    "multimode-offgrid",
)
BANDS = {"sub_ghz": "comm_level_sub_ghz", "2_4_ghz": "comm_level_2_4_ghz"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryUnitInfo:
    serial: str = label()
    kind: str = label()
    part_number: str | None = label()
    firmware: str | None = label()
    phase: str | None = label()
    known: bool = info(
        "enphase_battery_unit_info",
        "A battery that the gateway lists.",
        fields=("serial_num", "part_num", "img_pnum_running", "phase"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryManagement:
    serial: str = label()
    firmware: str = label()
    known: bool = info(
        "enphase_battery_unit_bmu_info",
        "The firmware of an IQ battery's battery management unit.",
        fields=("bmu_fw_version",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryUnit:
    serial: str = label()
    charge: float | None = gauge(
        "enphase_battery_unit_charge_ratio",
        "Charge.",
        fields=("soc; percentFull of AC batteries and of IQ batteries on firmware without /ivp/ensemble/power",),
    )
    power: float | None = gauge(
        "enphase_battery_unit_power_watts",
        "Power out of it, negative into it (real_power_mw); of AC batteries the mean over the last report's interval.",
        fields=("joulesProduced - joulesUsed, by duration",),
    )
    max_power: float | None = gauge(
        "enphase_battery_unit_max_power_watts",
        "Highest power that an AC battery without an entry in the inventory has reported.",
        fields=("maxReportWatts",),
    )
    apparent_power: float | None = gauge(
        "enphase_battery_unit_apparent_power_volt_amperes",
        "Apparent power, signed as the gateway sends it.",
        fields=("apparent_power_mva",),
    )
    discharged: float | None = counter(
        "enphase_battery_unit_discharged_energy_joules_total",
        "Energy out of an AC battery.",
        fields=("lifetime.joulesProduced",),
    )
    charged: float | None = counter(
        "enphase_battery_unit_charged_energy_joules_total",
        "Energy into an AC battery.",
        fields=("lifetime.joulesUsed",),
    )
    temperature: float | None = gauge(
        "enphase_battery_unit_temperature_celsius", "Temperature.", fields=("temperature; of AC batteries channelTemp",)
    )
    cell_temperature: float | None = gauge(
        "enphase_battery_unit_max_cell_temperature_celsius", "Temperature of the warmest cell.", fields=("maxCellTemp",)
    )
    min_cell_temperature: float | None = gauge(
        "enphase_battery_unit_min_cell_temperature_celsius",
        "Temperature of an AC battery's coldest cell.",
        fields=("minCellTemp",),
    )
    pack_voltage: float | None = gauge(
        # Its millivolts are not documented: they are those of dcVoltageINmV beside it (8.3.5169_ACB_inventory).
        "enphase_battery_unit_pack_voltage_volts",
        "Voltage of an AC battery's cells together.",
        fields=("totVoltage",),
    )
    health: float | None = gauge("enphase_battery_unit_health_ratio", "Health of an AC battery.", fields=("SOH",))
    capacity: float | None = gauge("enphase_battery_unit_capacity_joules", "Capacity.", fields=("encharge_capacity",))
    rated_power: float | None = gauge(
        "enphase_battery_unit_rated_power_watts",
        "Rated power.",
        fields=("encharge_rated_power of /ivp/ensemble/status",),
    )
    last_report: float | None = gauge(
        "enphase_battery_unit_last_report_timestamp_seconds",
        "When the battery last reported.",
        fields=("last_rpt_date; lastReportDate of an AC battery that the inventory does not list",),
    )
    communicating: bool | None = gauge(
        "enphase_battery_unit_communicating", "1: it communicates.", fields=("communicating",)
    )
    operating: bool | None = gauge("enphase_battery_unit_operating", "1: it operates.", fields=("operating",))
    producing: bool | None = gauge(
        "enphase_battery_unit_producing", "1: an AC battery is at work.", fields=("producing",)
    )
    sleep_enabled: bool | None = gauge(
        "enphase_battery_unit_sleep_enabled", "1: it may sleep.", fields=("sleep_enabled",)
    )
    sleep_commanded: bool | None = gauge(
        "enphase_battery_unit_sleep_commanded",
        "1: an AC battery is told to sleep; it takes its time.",
        fields=("acb_sleep",),
    )
    sleep_min_charge: float | None = gauge(
        "enphase_battery_unit_sleep_min_charge_ratio",
        "The least charge that an AC battery would sleep with.",
        fields=("sleep_min_soc",),
    )
    sleep_max_charge: float | None = gauge(
        "enphase_battery_unit_sleep_max_charge_ratio",
        "The most charge that an AC battery would sleep with.",
        fields=("sleep_max_soc",),
    )
    dc_switch_on: bool | None = gauge(
        "enphase_battery_unit_dc_switch_on", "0: its DC switch is off.", fields=("dc_switch_off",)
    )
    led_status: float | None = gauge(
        "enphase_battery_unit_led_status",
        "What its light shows: 12 charging, 13 discharging, 14 full or idle, 17 low; there are others.",
        fields=("led_status",),
    )
    admin_state: float | None = gauge(
        "enphase_battery_unit_admin_state",
        "The gateway's code for its state; 6 and 63 are ready, AC batteries have others.",
        fields=("admin_state",),
    )
    state: str | None = states(
        "enphase_battery_unit_state", "state", AC_STATES, "What an AC battery does.", fields=("charge_status",)
    )
    status: frozenset[str] | None = flags(
        "enphase_battery_unit_status_flag",
        FLAGS,
        "Status flags that the battery raises (1).",
        fields=("device_status",),
    )
    grid_mode: str | None = states(
        "enphase_battery_unit_grid_mode",
        "mode",
        GRID_MODES,
        "Grid mode of an IQ battery, which follows the grid.",
        fields=("reported_grid_mode of /ivp/ensemble/status",),
    )
    grid_state: str | None = states(
        "enphase_battery_unit_grid_state",
        "state",
        GRID_STATES,
        "Grid state of an IQ battery's own inverters; it may stay grid-tied off the grid.",
        fields=("reported_enc_grid_state of /ivp/ensemble/status",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunicationLevel:
    serial: str = label()
    band: str = label()
    level: float | None = gauge(
        "enphase_battery_unit_communication_level",
        "Signal from 0 to 5; 0 where it is wired.",
        fields=("comm_level_sub_ghz", "comm_level_2_4_ghz"),
    )


_LIFETIME = (Register(key="joulesProduced"), Register(key="joulesUsed"))
READINGS: tuple[type[Reading], ...] = (BatteryUnitInfo, BatteryManagement, BatteryUnit, CommunicationLevel)


def iq(reader: DocumentReader, units: Mapping[str, FieldReader], *, charge_in_inventory: bool) -> Iterator[Reading]:
    """Power is that of `/ivp/ensemble/power`, and so is charge, unless only the inventory has it.

    The inventory's real_power_w of firmware 5 and 6 has no documented sign and is not exposed.
    """
    powers = entries.battery_powers(reader.documents)
    fresh = dict(reader.devices(ENSEMBLE_POWER, powers, "serial_num"))
    statuses = reader.entry(ENSEMBLE_STATUS, "inventory", "serial_nums")
    for serial, fields in units.items():
        yield _info(serial, "iq", fields)
        if version := fields.text("bmu_fw_version"):
            yield BatteryManagement(serial=serial, firmware=version)
        power = fresh.get(serial) or reader.fields(ENSEMBLE_POWER, {})
        status = statuses.entry(serial)
        switch_off = fields.flag("dc_switch_off")
        yield BatteryUnit(
            serial=serial,
            charge=fields.ratio("percentFull") if charge_in_inventory else power.ratio("soc"),
            power=power.thousandths("real_power_mw", low=-MAX_NUMBER),
            apparent_power=power.thousandths("apparent_power_mva", low=-MAX_NUMBER),
            temperature=fields.celsius("temperature"),
            cell_temperature=fields.celsius("maxCellTemp"),
            capacity=fields.watt_hours("encharge_capacity"),
            rated_power=status.number("encharge_rated_power", low=0),
            last_report=fields.timestamp("last_rpt_date"),
            communicating=fields.flag("communicating"),
            operating=fields.flag("operating"),
            sleep_enabled=fields.flag("sleep_enabled"),
            dc_switch_on=None if switch_off is None else not switch_off,
            led_status=fields.number("led_status"),
            admin_state=fields.number("admin_state"),
            status=fields.words("device_status"),
            grid_mode=status.text("reported_grid_mode"),
            grid_state=status.text("reported_enc_grid_state"),
        )
        for band, key in BANDS.items():
            yield CommunicationLevel(serial=serial, band=band, level=fields.number(key, low=0))


def ac(reader: DocumentReader, settings: Settings, plausible: PlausibilityFilter) -> Iterator[Reading]:
    """The inventory's AC batteries, with the reports that device_data has of them.

    Their power in the v1 list may lack its sign (no capture has one that charges), so it is not used: device_data
    counts both directions, and their difference is the site's wNow (-1 and -1 are -2 W in 8.3.5169_ACB_inventory).
    """
    documents = reader.documents
    listed = reader.devices(INVENTORY, entries.inventory(documents, "ACB"), "serial_num")
    units = {serial: fields for serial, fields in listed if entries.is_ac_battery(fields.fields)}
    if not units:
        return
    reported = dict(reader.devices(DEVICE_DATA, entries.interval_data(documents, "acb"), "sn"))
    asleep = _commanded(reader)
    for serial, fields in units.items():
        yield _info(serial, "ac", fields)
        device = reported.get(serial) or reader.fields(DEVICE_DATA, {})
        channel = next(device.objects("channels"), device.of({}))
        report = channel.entry("lastReading")
        lifetime = plausible.accepted((serial,), channel.entry("lifetime"), _LIFETIME)
        fresh = is_fresh(report.timestamp("endDate", latest=math.inf), documents, settings.inverter_max_age)
        power, temperature = _power(report), report.celsius("channelTemp")
        coldest, volts = report.celsius("minCellTemp"), report.thousandths("totVoltage")
        yield BatteryUnit(
            serial=serial,
            charge=fields.ratio("percentFull"),
            power=power if fresh else None,
            discharged=lifetime.number("joulesProduced", low=0),
            charged=lifetime.number("joulesUsed", low=0),
            temperature=temperature if fresh else None,
            cell_temperature=fields.celsius("maxCellTemp"),
            min_cell_temperature=coldest if fresh else None,
            pack_voltage=volts if fresh else None,
            health=report.ratio("SOH"),
            last_report=fields.timestamp("last_rpt_date"),
            communicating=fields.flag("communicating"),
            operating=fields.flag("operating"),
            producing=fields.flag("producing"),
            sleep_enabled=fields.flag("sleep_enabled"),
            sleep_commanded=None if asleep is None else serial in asleep,
            sleep_min_charge=fields.ratio("sleep_min_soc"),
            sleep_max_charge=fields.ratio("sleep_max_soc"),
            admin_state=fields.number("admin_state"),
            state=fields.text("charge_status"),
            status=fields.words("device_status"),
        )


def listed(documents: Documents, before: frozenset[str] | None) -> frozenset[str] | None:
    """The AC batteries that the inventory lists, removed ones too; as before while it does not answer."""
    if not documents.known(INVENTORY):
        return before
    return frozenset(str(unit.get("serial_num")) for unit in entries.objects(entries.inventory(documents, "ACB")))


def ac_of_v1(reader: DocumentReader, known: frozenset[str] | None) -> Iterator[Reading]:
    """AC batteries that only the list of inverters has (8.2.4382_ACB); nothing until the inventory has answered.

    Their lastReportWatts has no documented sign, and no capture has one that charges, so they have no power.
    """
    listed = [*entries.objects(reader.documents.content(INVERTERS_V1))]
    if entries.device_data_is_complete(reader.documents.content(DEVICE_DATA)):
        # The inverters are read in device_data then, so no other collector counts the odd types of this list.
        for unit in listed:
            if entries.device_type(unit) is None:
                reader.fields(INVERTERS_V1, unit).reject(TYPE, "devType")
    units = [unit for unit in listed if entries.device_type(unit) == entries.AC_BATTERY]
    for serial, fields in reader.devices(INVERTERS_V1, units, "serialNumber"):
        if known is not None and serial not in known:
            yield BatteryUnitInfo(serial=serial, kind="ac", part_number=None, firmware=None, phase=None)
            yield BatteryUnit(
                serial=serial,
                max_power=fields.watts("maxReportWatts"),
                last_report=fields.timestamp("lastReportDate"),
            )


def _power(report: FieldReader) -> float | None:
    produced, used = report.joules("joulesProduced"), report.joules("joulesUsed")
    energy = produced - used if produced is not None and used is not None else None
    return mean_watts(energy, report.raw_number("duration"))


def _commanded(reader: DocumentReader) -> frozenset[str] | None:
    """The AC batteries that are commanded to sleep; None if it is not reported."""
    config = reader.entry(ACB_CONFIG)
    serials = frozenset(serial for serial, _ in by_serial(config.objects("acb_sleep"), "serial_num"))
    return serials if isinstance(config.fields.get("acb_sleep"), list) else None


def _info(serial: str, kind: str, fields: FieldReader) -> BatteryUnitInfo:
    return BatteryUnitInfo(
        serial=serial,
        kind=kind,
        part_number=fields.text("part_num"),
        firmware=fields.text("img_pnum_running"),
        phase=fields.text("phase"),
    )
