"""The readings of each battery, and how each IQ battery is read. A part of `batteries`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from envoy_exporter import entries
from envoy_exporter.documents import ENSEMBLE_POWER, ENSEMBLE_STATUS
from envoy_exporter.families import Reading, counter, flags, gauge, info, label, states
from envoy_exporter.fields import MAX_NUMBER, FieldReader

from .device_status import FLAGS
from .document_reader import DocumentReader

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
        "Part number, firmware and phase of a battery that the gateway lists.",
        fields=("serial_num", "part_num", "img_pnum_running", "phase"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryManagement:
    serial: str = label()
    firmware: str = label()
    known: bool = info(
        "enphase_battery_unit_bmu_info",
        "Firmware of the battery management unit (BMU) of an IQ battery.",
        fields=("bmu_fw_version",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryUnit:
    serial: str = label()
    charge: float | None = gauge(
        "enphase_battery_unit_charge_ratio",
        "State of charge of the battery; of an IQ battery as in /ivp/ensemble/power, or as in the inventory where"
        " the firmware lacks that endpoint.",
        fields=("soc", "percentFull"),
    )
    power: float | None = gauge(
        "enphase_battery_unit_power_watts",
        "Power of the battery, positive while discharging, negative while charging; for an AC battery, averaged"
        " over its last report interval.",
        fields=("real_power_mw", "joulesProduced", "joulesUsed", "duration"),
    )
    max_power: float | None = gauge(
        "enphase_battery_unit_max_power_watts",
        "Highest power that the AC battery has ever reported, for AC batteries that are not in the inventory.",
        fields=("maxReportWatts",),
    )
    apparent_power: float | None = gauge(
        "enphase_battery_unit_apparent_power_volt_amperes",
        "Apparent power of the IQ battery, with the sign that the gateway reports.",
        fields=("apparent_power_mva",),
    )
    discharged: float | None = counter(
        "enphase_battery_unit_discharged_energy_joules_total",
        "Lifetime energy discharged from the AC battery.",
        fields=("lifetime.joulesProduced",),
    )
    charged: float | None = counter(
        "enphase_battery_unit_charged_energy_joules_total",
        "Lifetime energy charged into the AC battery.",
        fields=("lifetime.joulesUsed",),
    )
    temperature: float | None = gauge(
        "enphase_battery_unit_temperature_celsius", "Temperature of the battery.", fields=("temperature", "channelTemp")
    )
    cell_temperature: float | None = gauge(
        "enphase_battery_unit_max_cell_temperature_celsius",
        "Temperature of the warmest cell of the battery.",
        fields=("maxCellTemp",),
    )
    min_cell_temperature: float | None = gauge(
        "enphase_battery_unit_min_cell_temperature_celsius",
        "Temperature of the coldest cell of the AC battery.",
        fields=("minCellTemp",),
    )
    pack_voltage: float | None = gauge(
        # The unit is not documented: mV, as it equals dcVoltageINmV in the same object (8.3.5169_ACB_inventory).
        "enphase_battery_unit_pack_voltage_volts",
        "Voltage of all cells of the AC battery together.",
        fields=("totVoltage",),
    )
    health: float | None = gauge(
        "enphase_battery_unit_health_ratio", "State of health of the AC battery.", fields=("SOH",)
    )
    capacity: float | None = gauge(
        "enphase_battery_unit_capacity_joules", "Energy capacity of the IQ battery.", fields=("encharge_capacity",)
    )
    rated_power: float | None = gauge(
        "enphase_battery_unit_rated_power_watts", "Rated power of the IQ battery.", fields=("encharge_rated_power",)
    )
    last_report: float | None = gauge(
        "enphase_battery_unit_last_report_timestamp_seconds",
        "Time of the last report of the battery.",
        fields=("last_rpt_date", "lastReportDate"),
    )
    communicating: bool | None = gauge(
        "enphase_battery_unit_communicating",
        "Whether the battery communicates with the gateway (1) or not (0).",
        fields=("communicating",),
    )
    operating: bool | None = gauge(
        "enphase_battery_unit_operating", "Whether the battery operates (1) or not (0).", fields=("operating",)
    )
    producing: bool | None = gauge(
        "enphase_battery_unit_producing",
        "Whether the AC battery charges or discharges (1) or not (0).",
        fields=("producing",),
    )
    sleep_enabled: bool | None = gauge(
        "enphase_battery_unit_sleep_enabled",
        "Whether the battery is allowed to sleep (1) or not (0).",
        fields=("sleep_enabled",),
    )
    sleep_commanded: bool | None = gauge(
        "enphase_battery_unit_sleep_commanded",
        "Whether the AC battery is commanded to sleep (1) or not (0); it follows the command with a delay.",
        fields=("acb_sleep",),
    )
    sleep_min_charge: float | None = gauge(
        "enphase_battery_unit_sleep_min_charge_ratio",
        "Minimum state of charge at which the AC battery may sleep.",
        fields=("sleep_min_soc",),
    )
    sleep_max_charge: float | None = gauge(
        "enphase_battery_unit_sleep_max_charge_ratio",
        "Maximum state of charge at which the AC battery may sleep.",
        fields=("sleep_max_soc",),
    )
    dc_switch_on: bool | None = gauge(
        "enphase_battery_unit_dc_switch_on",
        "Whether the DC switch of the IQ battery is on (1) or off (0).",
        fields=("dc_switch_off",),
    )
    led_status: float | None = gauge(
        "enphase_battery_unit_led_status",
        "Code of the LED state of the IQ battery: 12 charging, 13 discharging, 14 full or idle, 17 low; others exist.",
        fields=("led_status",),
    )
    admin_state: float | None = gauge(
        "enphase_battery_unit_admin_state",
        "Code of the administrative state of the battery: 6 and 63 are ready; AC batteries have other codes.",
        fields=("admin_state",),
    )
    state: str | None = states(
        "enphase_battery_unit_state",
        "state",
        AC_STATES,
        "State of the AC battery: 1 for the current state, 0 for the others.",
        fields=("charge_status",),
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
        "Grid mode of the IQ battery, which follows the grid: 1 for the current mode, 0 for the others.",
        fields=("reported_grid_mode",),
    )
    grid_state: str | None = states(
        "enphase_battery_unit_grid_state",
        "state",
        GRID_STATES,
        "Grid state of the inverters in the IQ battery, which may stay grid-tied off the grid: 1 for the current"
        " state, 0 for the others.",
        fields=("reported_enc_grid_state",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunicationLevel:
    serial: str = label()
    band: str = label()
    level: float | None = gauge(
        "enphase_battery_unit_communication_level",
        "Radio signal level of the IQ battery, from 0 to 5; 0 for a wired battery.",
        fields=("comm_level_sub_ghz", "comm_level_2_4_ghz"),
    )


READINGS: tuple[type[Reading], ...] = (BatteryUnitInfo, BatteryManagement, BatteryUnit, CommunicationLevel)


def iq(reader: DocumentReader, units: Mapping[str, FieldReader], *, charge_in_inventory: bool) -> Iterator[Reading]:
    """Power is read in `/ivp/ensemble/power`, and charge too, unless only the inventory has it.

    The inventory's real_power_w of firmware 5 and 6 has no documented sign and is not exposed.
    """
    powers = entries.battery_powers(reader.documents)
    fresh = dict(reader.devices(ENSEMBLE_POWER, powers, "serial_num"))
    statuses = reader.entry(ENSEMBLE_STATUS, "inventory", "serial_nums")
    for serial, fields in units.items():
        yield unit_info(serial, "iq", fields)
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
            status=fields.texts("device_status"),
            grid_mode=status.text("reported_grid_mode"),
            grid_state=status.text("reported_enc_grid_state"),
        )
        for band, key in BANDS.items():
            yield CommunicationLevel(serial=serial, band=band, level=fields.number(key, low=0))


def unit_info(serial: str, kind: str, fields: FieldReader) -> BatteryUnitInfo:
    return BatteryUnitInfo(
        serial=serial,
        kind=kind,
        part_number=fields.text("part_num"),
        firmware=fields.text("img_pnum_running"),
        phase=fields.text("phase"),
    )
