"""/ivp/ensemble/...: IQ batteries, the IQ System Controller (Enpower), the meter collar and the combiner.

`inventory` lists them, `power` has the power of each battery, `status` has grid modes and relays, and `secctrl` has all
batteries together.
"""

from collections.abc import Iterator

from captures.expected import devices, site_entries
from captures.expected.check import (
    Item,
    Json,
    by_serial,
    check,
    equals,
    info,
    joules,
    milli,
    part,
    positive,
    ratio,
    states,
    where,
)
from captures.expected.device_status import status_flags
from captures.recording import Recording

GRID_MODES = ("multimode-ongrid", "multimode-offgrid", "multimode-generator", "grid-tied", "unknown")
BATTERY_GRID_MODES = ("grid-tied", "multimode-ongrid", "multimode-offgrid", "multimode-generator")
BATTERY_GRID_STATES = (
    *("grid-tied", "grid-forming", "grid-interactive", "utility-interactive"),
    *("synchronizing-to-grid", "multimode-ongrid", "multimode-offgrid"),
)
ON_GRID = {"ENCMN_MDE_ON_GRID": True, "ENCMN_MDE_OFF_GRID": False}
"""`admin_state_str` of a collar."""


def batteries(recording: Recording) -> Iterator[Item]:
    return by_serial(devices.ensemble(recording, "ENCHARGE"))


def batteries_of_old_firmware(recording: Recording) -> Iterator[Item]:
    """Below firmware 7 the inventory has the charge, where /ivp/ensemble/power has none."""
    if recording.firmware < 7 and not devices.ensemble_powers(recording):
        yield from batteries(recording)


def battery_powers(recording: Recording) -> Iterator[Item]:
    return by_serial(devices.ensemble_powers(recording))


def battery_statuses(recording: Recording) -> Iterator[Item]:
    statuses = recording.object("ivp_ensemble_status").get("inventory", {}).get("serial_nums", {})
    return ((labels, statuses[labels["serial"]]) for labels, _ in batteries(recording) if labels["serial"] in statuses)


def iq_batteries(recording: Recording) -> Iterator[Item]:
    """All together: their number, and the sum of their powers if each has one."""
    units, milliwatts = devices.ensemble(recording, "ENCHARGE"), _milliwatts(recording)
    if units:
        power = {"milliwatts": sum(milliwatts)} if len(milliwatts) == len(units) else {}
        yield {"kind": "iq"}, {"count": len(units), **power}


def storage_without_ct(recording: Recording) -> Iterator[Item]:
    """The watts of all IQ and AC batteries, if each has a power and no CT measures them."""
    watts = [
        *(milliwatts / 1000 for milliwatts in _milliwatts(recording)),
        *(entry["wNow"] for entry in site_entries.recent_ac_batteries(recording) if "wNow" in entry),
    ]
    count = len(devices.ensemble(recording, "ENCHARGE")) + len(site_entries.ac_batteries(recording))
    if watts and len(watts) == count and not site_entries.enabled_meters(recording, "storage"):
        yield {"source": "units"}, watts


def control(recording: Recording) -> Iterator[Item]:
    """Read only with IQ batteries."""
    if devices.ensemble(recording, "ENCHARGE"):
        yield {}, recording.object("ivp_ensemble_secctrl")


def control_of_iq_batteries(recording: Recording) -> Iterator[Item]:
    return (({"kind": "iq"}, document) for _, document in control(recording))


def storage_of_one_kind(recording: Recording) -> Iterator[Item]:
    """IQ batteries without AC batteries."""
    return (item for item in control(recording) if not site_entries.ac_batteries(recording))


def storage_of_both_kinds(recording: Recording) -> Iterator[Item]:
    """IQ batteries and AC batteries."""
    return (item for item in control(recording) if site_entries.ac_batteries(recording))


def enpowers(recording: Recording) -> Iterator[Item]:
    return by_serial(devices.ensemble(recording, "ENPOWER"))


def collars(recording: Recording) -> Iterator[Item]:
    return by_serial(devices.ensemble(recording, "COLLAR"))


def combiners(recording: Recording) -> Iterator[Item]:
    return by_serial(devices.ensemble(recording, "C6 COMBINER CONTROLLER"))


def relay_of_enpower(recording: Recording) -> Iterator[Item]:
    """The relay names no serial number, so there must be only one device that it can belong to."""
    found = list(enpowers(recording))
    if len(found) == 1:
        yield found[0][0], recording.object("ivp_ensemble_status").get("relay", {})


def relay_of_collar(recording: Recording) -> Iterator[Item]:
    """Only without an Enpower."""
    found = list(collars(recording))
    if len(found) == 1 and not devices.ensemble(recording, "ENPOWER"):
        yield found[0][0], recording.object("ivp_ensemble_status").get("relay", {})


def relay(recording: Recording) -> Iterator[Item]:
    yield from relay_of_enpower(recording)
    yield from relay_of_collar(recording)


def errors_of_enpower(recording: Recording) -> Iterator[Item]:
    return ((labels, recording.object("ivp_ensemble_errors")) for labels, _ in relay_of_enpower(recording))


def _milliwatts(recording: Recording) -> list[float]:
    return [power["real_power_mw"] for power in devices.ensemble_powers(recording) if "real_power_mw" in power]


def _celsius(fahrenheit: float) -> float:
    return (fahrenheit - 32) / 1.8


def _all_energy(control: Json) -> float:
    return joules(control["ENC_agg_avail_energy"] + control["ACB_agg_energy"])


PARTS = (
    part(
        batteries,
        info(
            "enphase_battery_unit_info",
            {"kind": "iq"},
            part_number="part_num",
            firmware="img_pnum_running",
            phase="phase",
        ),
        check("enphase_battery_unit_temperature_celsius", "temperature"),
        check("enphase_battery_unit_max_cell_temperature_celsius", "maxCellTemp"),
        check("enphase_battery_unit_capacity_joules", "encharge_capacity", joules),
        check("enphase_battery_unit_last_report_timestamp_seconds", "last_rpt_date", positive),
        check("enphase_battery_unit_communicating", "communicating"),
        check("enphase_battery_unit_operating", "operating"),
        check("enphase_battery_unit_sleep_enabled", "sleep_enabled"),
        check("enphase_battery_unit_dc_switch_on", "dc_switch_off", lambda is_off: not is_off),
        check("enphase_battery_unit_led_status", "led_status"),
        check("enphase_battery_unit_admin_state", "admin_state"),
        check("enphase_battery_unit_communication_level", "comm_level_sub_ghz", band="sub_ghz"),
        check("enphase_battery_unit_communication_level", "comm_level_2_4_ghz", band="2_4_ghz"),
    ),
    part(
        where(batteries, lambda battery: battery.get("bmu_fw_version")),
        info("enphase_battery_unit_bmu_info", firmware="bmu_fw_version"),
    ),
    part(
        batteries_of_old_firmware,
        check("enphase_battery_unit_charge_ratio", "percentFull", ratio),
        no_capture="no capture has an IQ battery on firmware 5 or 6",
    ),
    *status_flags("enphase_battery_unit_status_flag", batteries),
    part(
        battery_powers,
        check("enphase_battery_unit_charge_ratio", "soc", ratio),
        check("enphase_battery_unit_power_watts", "real_power_mw", milli),
        check("enphase_battery_unit_apparent_power_volt_amperes", "apparent_power_mva", milli),
    ),
    part(
        battery_statuses,
        check("enphase_battery_unit_rated_power_watts", "encharge_rated_power"),
        *states("enphase_battery_unit_grid_mode", "mode", "reported_grid_mode", *BATTERY_GRID_MODES),
        *states("enphase_battery_unit_grid_state", "state", "reported_enc_grid_state", *BATTERY_GRID_STATES),
    ),
    part(
        iq_batteries,
        check("enphase_battery_units", "count"),
        check("enphase_battery_power_watts", "milliwatts", milli),
    ),
    part(storage_without_ct, check("enphase_storage_power_watts", sum)),
    part(
        control_of_iq_batteries,
        check("enphase_battery_charge_ratio", "ENC_agg_soc", ratio),
        check("enphase_battery_available_energy_joules", "ENC_agg_avail_energy", joules),
        check("enphase_battery_capacity_joules", "Enc_max_available_capacity", joules),
        check("enphase_battery_health_ratio", "ENC_agg_soh", ratio),
        check("enphase_battery_reserve_ratio", "adjusted_backup_soc", ratio),
        check("enphase_battery_configured_reserve_ratio", "configured_backup_soc", ratio),
        check("enphase_battery_reserve_energy_joules", "ENC_agg_backup_energy", joules),
    ),
    part(
        storage_of_one_kind,
        check("enphase_storage_charge_ratio", "ENC_agg_soc", ratio),
        check("enphase_storage_available_energy_joules", "ENC_agg_avail_energy", joules),
        check("enphase_storage_capacity_joules", "Enc_max_available_capacity", joules),
    ),
    part(
        storage_of_both_kinds,
        check("enphase_storage_charge_ratio", "agg_soc", ratio),
        check("enphase_storage_available_energy_joules", _all_energy),
        check("enphase_storage_capacity_joules", "Max_energy", joules),
    ),
    part(
        control,
        check("enphase_storage_very_low_charge_limit_ratio", "VLS_Limit", ratio),
        check("enphase_storage_shutdown", "shutdown"),
        check("enphase_storage_commissioning", "Commission_in_progress"),
        check("enphase_storage_ess_in_progress", "ESS_in_progress"),
        check("enphase_storage_frequency_bias_hertz", "freq_bias_hz", phase="L1"),
        check("enphase_storage_frequency_bias_hertz", "freq_bias_hz_phaseb", phase="L2"),
        check("enphase_storage_frequency_bias_hertz", "freq_bias_hz_phasec", phase="L3"),
        check("enphase_storage_voltage_bias_volts", "voltage_bias_v", phase="L1"),
        check("enphase_storage_voltage_bias_volts", "voltage_bias_v_phaseb", phase="L2"),
        check("enphase_storage_voltage_bias_volts", "voltage_bias_v_phasec", phase="L3"),
    ),
    part(
        enpowers,
        info("enphase_enpower_info", part_number="part_num", firmware="img_pnum_running"),
        check("enphase_grid_connected", "mains_oper_state", equals("closed"), device="enpower"),
        check("enphase_grid_enabled", "mains_admin_state", equals("closed"), device="enpower"),
        *states("enphase_grid_mode", "mode", "Enpwr_grid_mode", *GRID_MODES),
        *states("enphase_battery_grid_mode", "mode", "Enchg_grid_mode", *GRID_MODES),
        check("enphase_enpower_temperature_celsius", "temperature", _celsius),
        check("enphase_enpower_communicating", "communicating"),
        check("enphase_enpower_operating", "operating"),
        check("enphase_enpower_last_report_timestamp_seconds", "last_rpt_date", positive),
        check("enphase_enpower_state_id", "Enpwr_curr_state_id"),
        check("enphase_enpower_relay_state_bitmap", "Enpwr_relay_state_bm"),
        check("enphase_enpower_communication_level", "comm_level_sub_ghz", band="sub_ghz"),
        check("enphase_enpower_communication_level", "comm_level_2_4_ghz", band="2_4_ghz"),
    ),
    *status_flags("enphase_enpower_status_flag", enpowers),
    part(
        relay_of_enpower,
        check("enphase_enpower_der_relay_state", "der1_state", relay="1"),
        check("enphase_enpower_der_relay_state", "der2_state", relay="2"),
        check("enphase_enpower_der_relay_state", "der3_state", relay="3"),
    ),
    part(
        errors_of_enpower,
        check("enphase_enpower_error_flags", "enpower_error_flags"),
        no_capture="no capture has /ivp/ensemble/errors",
    ),
    part(relay, *states("enphase_solar_grid_mode", "mode", "Solar_grid_mode", *GRID_MODES)),
    part(  # a collar has no mode: that of its batteries is at the relay
        relay_of_collar,
        *states("enphase_battery_grid_mode", "mode", "Enchg_grid_mode", *GRID_MODES),
    ),
    part(
        collars,
        info("enphase_collar_info", part_number="part_num", firmware="img_pnum_running"),
        check("enphase_grid_connected", "admin_state_str", ON_GRID.get, device="collar"),
        *states("enphase_collar_grid_state", "state", "grid_state", "on_grid", "off_grid"),
        check("enphase_collar_temperature_celsius", "temperature"),
        check("enphase_collar_communicating", "communicating"),
        check("enphase_collar_last_report_timestamp_seconds", "last_rpt_date", positive),
        check("enphase_collar_mid_closed", "mid_state", equals("close")),
        check("enphase_collar_installed", "collar_state", equals("Installed")),
        check("enphase_collar_control_error", "control_error"),
    ),
    *status_flags("enphase_collar_status_flag", collars),
    part(
        combiners,
        info("enphase_combiner_info", part_number="part_num", firmware="fw_version"),
        check("enphase_combiner_communicating", "communicating"),
        check("enphase_combiner_last_report_timestamp_seconds", "last_rpt_date", positive),
    ),
)
