"""Each battery by itself: IQ batteries of `/ivp/ensemble`, AC batteries of the inventory. A part of `batteries`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from envoy_exporter import documents
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents
from envoy_exporter.families import Reading, counter, flags, gauge, info, label, states
from envoy_exporter.fields import WATT_HOUR, Fields, Rejections, flag, instant, number, percent, scaled

from . import sanity_checks
from .collector import Settings
from .device_reports import celsius, is_fresh, joules, mean_watts, thousandth, watts
from .device_status import FLAGS
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


def iq(
    seen: Documents, units: Mapping[str, Fields], latest: float, rejections: Rejections, *, charge_in_inventory: bool
) -> Iterator[Reading]:
    """Power, and charge unless it is in the inventory alone, are those of `/ivp/ensemble/power`.

    The inventory's real_power_w of firmware 5 and 6 has no documented sign and is not exposed.
    """
    reject, now = rejections.of(documents.ENSEMBLE_INVENTORY), rejections.of(documents.ENSEMBLE_POWER)
    fresh = dict(json_fields.devices(documents.battery_powers(seen), "serial_num", now))
    statuses = documents.entry(seen.content(documents.ENSEMBLE_STATUS), "inventory", "serial_nums")
    reported = rejections.of(documents.ENSEMBLE_STATUS)
    for serial, fields in units.items():
        yield _info(serial, "iq", fields, rejections, documents.ENSEMBLE_INVENTORY)
        if version := json_fields.text(fields, "bmu_fw_version", reject):
            yield BatteryManagement(serial=serial, firmware=version)
        power, status = fresh.get(serial, {}), documents.entry(statuses, serial)
        switch_off = flag(fields, "dc_switch_off", reject)
        yield BatteryUnit(
            serial=serial,
            charge=percent(fields, "percentFull", reject) if charge_in_inventory else percent(power, "soc", now),
            power=scaled(number(power, "real_power_mw", now), divided=1000),
            apparent_power=scaled(number(power, "apparent_power_mva", now), divided=1000),
            temperature=celsius(fields, "temperature", reject),
            cell_temperature=celsius(fields, "maxCellTemp", reject),
            capacity=scaled(number(fields, "encharge_capacity", reject, low=0), WATT_HOUR),
            rated_power=number(status, "encharge_rated_power", reported, low=0),
            last_report=sanity_checks.moment(fields, "last_rpt_date", latest, reject),
            communicating=flag(fields, "communicating", reject),
            operating=flag(fields, "operating", reject),
            sleep_enabled=flag(fields, "sleep_enabled", reject),
            dc_switch_on=None if switch_off is None else not switch_off,
            led_status=number(fields, "led_status", reject),
            admin_state=number(fields, "admin_state", reject),
            status=json_fields.words(fields, "device_status", reject),
            grid_mode=json_fields.text(status, "reported_grid_mode", reported),
            grid_state=json_fields.text(status, "reported_enc_grid_state", reported),
        )
        for band, key in BANDS.items():
            yield CommunicationLevel(serial=serial, band=band, level=number(fields, key, reject, low=0))


def ac(
    seen: Documents, settings: Settings, latest: float, plausible: PlausibilityFilter, rejections: Rejections
) -> Iterator[Reading]:
    """The inventory's AC batteries, and what device_data has of them where there is one.

    Their power in the v1 list may lack its sign (no capture has one that charges), so that is not taken: device_data
    counts both directions, and their difference is the site's wNow (-1 and -1 are -2 W in 8.3.5169_ACB_inventory).
    """
    reject, data = rejections.of(documents.INVENTORY), rejections.of(documents.DEVICE_DATA)
    listed = json_fields.devices(documents.inventory(seen, "ACB"), "serial_num", reject)
    units = {serial: fields for serial, fields in listed if documents.is_ac_battery(fields)}
    if not units:
        return
    reported = dict(json_fields.devices(documents.interval_data(seen, "acb"), "sn", data))
    asleep = _commanded(seen, rejections)
    for serial, fields in units.items():
        yield _info(serial, "ac", fields, rejections, documents.INVENTORY)
        channel = next(json_fields.items(reported.get(serial, {}).get("channels"), data), {})
        report = documents.entry(channel.get("lastReading"))
        lifetime = plausible.accepted(
            documents.DEVICE_DATA, (serial,), documents.entry(channel.get("lifetime")), _LIFETIME
        )
        fresh = is_fresh(instant(report, "endDate", data), seen, settings.inverter_max_age)
        power, temperature = _power(report, rejections), celsius(report, "channelTemp", data)
        coldest, volts = celsius(report, "minCellTemp", data), thousandth(report, "totVoltage", data)
        yield BatteryUnit(
            serial=serial,
            charge=percent(fields, "percentFull", reject),
            power=power if fresh else None,
            discharged=number(lifetime, "joulesProduced", data, low=0),
            charged=number(lifetime, "joulesUsed", data, low=0),
            temperature=temperature if fresh else None,
            cell_temperature=celsius(fields, "maxCellTemp", reject),
            min_cell_temperature=coldest if fresh else None,
            pack_voltage=volts if fresh else None,
            health=percent(report, "SOH", data),
            last_report=sanity_checks.moment(fields, "last_rpt_date", latest, reject),
            communicating=flag(fields, "communicating", reject),
            operating=flag(fields, "operating", reject),
            producing=flag(fields, "producing", reject),
            sleep_enabled=flag(fields, "sleep_enabled", reject),
            sleep_commanded=None if asleep is None else serial in asleep,
            sleep_min_charge=percent(fields, "sleep_min_soc", reject),
            sleep_max_charge=percent(fields, "sleep_max_soc", reject),
            admin_state=number(fields, "admin_state", reject),
            state=json_fields.text(fields, "charge_status", reject),
            status=json_fields.words(fields, "device_status", reject),
        )


def listed(seen: Documents, before: frozenset[str] | None) -> frozenset[str] | None:
    """The AC batteries that the inventory lists, removed ones too; as before while it does not answer."""
    if not seen.settled(documents.INVENTORY):
        return before
    return frozenset(str(unit.get("serial_num")) for unit in documents.entries(documents.inventory(seen, "ACB")))


def ac_of_v1(seen: Documents, known: frozenset[str] | None, latest: float, rejections: Rejections) -> Iterator[Reading]:
    """AC batteries that only the list of inverters has (8.2.4382_ACB); nothing until the inventory has answered.

    Their lastReportWatts has no documented sign, and no capture has one that charges, so they have no power.
    """
    reject = rejections.of(documents.INVERTERS_V1)
    listed = list(documents.entries(seen.content(documents.INVERTERS_V1)))
    if documents.device_data_is_whole(seen.content(documents.DEVICE_DATA)):
        # The inverters are read in device_data then, so no other collector counts the odd types of this list.
        for unit in listed:
            if documents.device_type(unit) is None:
                reject(json_fields.TYPE, "devType")
    units = [unit for unit in listed if documents.device_type(unit) == documents.AC_BATTERY]
    for serial, fields in json_fields.devices(units, "serialNumber", reject):
        if known is not None and serial not in known:
            yield BatteryUnitInfo(serial=serial, kind="ac", part_number=None, firmware=None, phase=None)
            yield BatteryUnit(
                serial=serial,
                max_power=watts(fields, "maxReportWatts", reject),
                last_report=sanity_checks.moment(fields, "lastReportDate", latest, reject),
            )


def _power(report: Fields, rejections: Rejections) -> float | None:
    reject = rejections.of(documents.DEVICE_DATA)
    produced, used = joules(report, "joulesProduced", reject), joules(report, "joulesUsed", reject)
    return mean_watts(produced - used if produced is not None and used is not None else None, report)


def _commanded(seen: Documents, rejections: Rejections) -> frozenset[str] | None:
    """The AC batteries that are told to sleep; None where the gateway does not say."""
    told = documents.entry(seen.content(documents.ACB_CONFIG)).get("acb_sleep")
    reject = rejections.of(documents.ACB_CONFIG)
    listed = json_fields.devices(told, "serial_num", reject)
    serials = frozenset(serial for serial, _ in listed)
    return serials if isinstance(told, list) else None


def _info(serial: str, kind: str, fields: Fields, rejections: Rejections, endpoint: str) -> BatteryUnitInfo:
    reject = rejections.of(endpoint)
    return BatteryUnitInfo(
        serial=serial,
        kind=kind,
        part_number=json_fields.text(fields, "part_num", reject),
        firmware=json_fields.text(fields, "img_pnum_running", reject),
        phase=json_fields.text(fields, "phase", reject),
    )
