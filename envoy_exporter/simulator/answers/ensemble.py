"""`/ivp/ensemble/*`: the batteries, the system controller, and what both are told to do."""

from envoy_exporter.simulator.answering import Entry, Json
from envoy_exporter.simulator.answers.moment import Moment
from envoy_exporter.simulator.design import Battery
from envoy_exporter.simulator.state import BatteryState

_INVENTORY_INTERVAL = 600
"""Seconds for which an inventory stays as it is: its charge lags behind that of `power` (8.2.4382_ACB)."""

_CHARGING, _DISCHARGING, _IDLE = 12, 13, 14
_ENPOWER_PART = "865-00378-r27"
_REVISIONS = {"836-01826-r76": 3, "836-00750-r32": 2}


def inventory(moment: Moment) -> list[Json]:
    """An empty list without storage."""
    looked = moment.time // _INVENTORY_INTERVAL * _INVENTORY_INTERVAL
    batteries = moment.plant.design.batteries
    if not batteries:
        return []
    states = moment.plant.at(looked).batteries
    units: list[Json] = [
        _encharge(moment, battery, state, int(looked)) for battery, state in zip(batteries, states, strict=True)
    ]
    found: list[Json] = [{"type": "ENCHARGE", "devices": units}]
    if moment.profile.enpower:
        found.append({"type": "ENPOWER", "devices": [_enpower(moment, moment.profile.enpower)]})
    return found


def _encharge(moment: Moment, battery: Battery, state: BatteryState, looked: int) -> Entry:
    warm = round(24 + abs(state.watts) / 400)
    return {
        **_device(moment, battery.serial, battery.part_number, looked),
        "admin_state": 6,
        "admin_state_str": "ENCHG_STATE_READY",
        **_dates(moment),
        "img_pnum_running": "3.0.6614_rel/31.13",
        "bmu_fw_version": "3.8.63",
        "communicating": True,
        "sleep_enabled": False,
        "percentFull": charge(state),
        "temperature": warm,
        "maxCellTemp": warm + 1,
        "reported_enc_grid_state": "grid-tied",
        "comm_level_sub_ghz": 5,
        "comm_level_2_4_ghz": 5,
        "led_status": _CHARGING if state.watts < 0 else _DISCHARGING if state.watts > 0 else _IDLE,
        "dc_switch_off": False,
        "encharge_rev": _REVISIONS[battery.part_number],
        "encharge_capacity": battery.capacity_watt_hours,
        "phase": "ph-a",
        "der_index": 2,
    }


def _enpower(moment: Moment, serial: str) -> Entry:
    """Its temperature alone is in degrees Fahrenheit."""
    return {
        **_device(moment, serial, _ENPOWER_PART, int(moment.time) - 3),
        "admin_state": 24,
        "admin_state_str": "ENPWR_STATE_OPER_CLOSED",
        **_dates(moment),
        "img_pnum_running": "3.0.5654_rel/31.13",
        "communicating": True,
        "temperature": 77,
        "comm_level_sub_ghz": 5,
        "comm_level_2_4_ghz": 5,
        "mains_admin_state": "closed",
        "mains_oper_state": "closed",
        "Enpwr_grid_mode": "multimode-ongrid",
        "Enchg_grid_mode": "multimode-ongrid",
        "Enpwr_relay_state_bm": 15868,
        "Enpwr_curr_state_id": 16,
    }


def _device(moment: Moment, serial: str, part_number: str, reported: int) -> Entry:
    return {
        "part_num": part_number,
        "serial_num": serial,
        "installed": _installed(moment),
        "device_status": ["envoy.global.ok", "prop.done"],
        "last_rpt_date": reported,
    }


def _dates(moment: Moment) -> Entry:
    return {"created_date": _installed(moment), "img_load_date": _installed(moment)}


def _installed(moment: Moment) -> int:
    return int(moment.plant.start) - moment.plant.design.age


def charge(state: BatteryState) -> int:
    """State of charge as the gateway says it, in whole percent."""
    return state.stored * 100 // state.capacity


def power(moment: Moment) -> Entry:
    """Milliwatts in steps of a watt, discharging positive. The key does end in a colon."""
    devices: list[Json] = [
        {
            "serial_num": state.serial,
            "real_power_mw": 1000 * round(state.watts),
            "apparent_power_mva": 1000 * round(state.watts),
            "soc": charge(state),
        }
        for state in moment.state.batteries
    ]
    return {"devices:": devices}


def secctrl(moment: Moment) -> Entry:
    """The batteries as one, from each one's whole percent; all zeros where there are none."""
    batteries = moment.plant.design.batteries
    capacity = sum(battery.capacity_watt_hours for battery in batteries)
    available = sum(
        charge(state) * battery.capacity_watt_hours // 100
        for battery, state in zip(batteries, moment.state.batteries, strict=True)
    )
    reserve = batteries[0].reserve if batteries else 0
    percent = 100 * available // capacity if capacity else 0
    return {
        "shutdown": False,
        **_biases(),
        **(_OFF_GRID if moment.profile.firmware >= (8, 3) else {}),
        "configured_backup_soc": reserve,
        "adjusted_backup_soc": reserve,
        "agg_soc": percent,
        "Max_energy": capacity,
        "ENC_agg_soc": percent,
        "ENC_agg_soh": 100 if batteries else 0,
        "ENC_agg_backup_energy": reserve * capacity // 100,
        "ENC_agg_avail_energy": available,
        "Enc_commissioned_capacity": capacity,
        "Enc_max_available_capacity": capacity,
        "ACB_agg_soc": 0,
        "ACB_agg_energy": 0,
        **(_RECOVERY if moment.profile.firmware >= (8, 2) else {}),
    }


def _biases() -> Entry:
    """The offsets for each phase: a floating-point pair and the same as fixed point."""
    biases: Entry = {}
    for phase in ("", "_phaseb", "_phasec"):
        biases[f"freq_bias_hz{phase}"] = 0.0
        biases[f"voltage_bias_v{phase}"] = 0.0
        biases[f"freq_bias_hz_q8{phase}"] = 0
        biases[f"voltage_bias_v_q5{phase}"] = 0
    return biases


_OFF_GRID: Entry = {
    "offgrid_secctrl": {
        **dict.fromkeys(("F", "V", "Vd_neg", "Vq_neg", "Vd_zero", "Vq_zero"), 0.0),
        "is_active": False,
        "is_system_balanced": True,
    }
}
_RECOVERY: Entry = {
    "VLS_Limit": 10,
    "soc_rec_enabled": False,
    "soc_recovery_entry": 2,
    "soc_recovery_exit": 10,
    "Commission_in_progress": False,
    "ESS_in_progress": False,
}


def status(moment: Moment) -> Entry:
    """Everything again, raw; 7.x with the counters of its daemon."""
    devices: Entry = {battery.serial: _battery_status(battery) for battery in moment.plant.design.batteries}
    if moment.profile.enpower:
        devices[moment.profile.enpower] = _enpower_status(moment.profile.enpower)
    document: Entry = {"inventory": {"serial_nums": devices}, "secctrl": secctrl(moment), "relay": _relay(moment)}
    if moment.profile.firmware < (8,):
        document["counters"] = {"api_ecagtInit": 1, "rest_StatusGet": 20, "rest_InventoryGet": 26915}
        document["profile"] = {"message": "Obsolete API, please use ivp/arf/profile"}
        document["fakeit"] = {"fake_inventory_mode": False}
    return document


def _battery_status(battery: Battery) -> Entry:
    return {
        **_component(13, battery.serial, battery.part_number),
        "admin_state": 6,
        "admin_state_str": "ENCHG_STATE_READY",
        "reported_grid_mode": "multimode-ongrid",
        "phase": "ph-a",
        "der_index": 2,
        "encharge_revision": _REVISIONS[battery.part_number],
        "encharge_capacity": battery.capacity_watt_hours,
        "encharge_rated_power": battery.rated_watts,
        "reported_enc_grid_state": "grid-tied",
        "swift_asic_fw_version": "001.002.1.7.2",
        "bmu_fw_version": "3.8.63",
    }


def _enpower_status(serial: str) -> Entry:
    return {
        **_component(17, serial, _ENPOWER_PART),
        "admin_state": 24,
        "admin_state_str": "ENPWR_STATE_OPER_CLOSED",
        "swift_asic_fw_version": "",
        "bmu_fw_version": "",
    }


def _component(kind: int, serial: str, part_number: str) -> Entry:
    return {
        "device_type": kind,
        "com_interface_str": "ZigBee",
        "device_id": serial,
        "msg_retry_count": 1,
        "part_number": part_number,
        "assembly_number": part_number,
        "app_fw_version": "3.0.6614_rel/31.13",
        "ibl_fw_version": "1.3.413",
        "submodule_count": 0,
        "submodules": {},
    }


def _relay(moment: Moment) -> Entry:
    relay: Entry = {"mains_admin_state": "closed", "mains_oper_state": "closed"}
    if moment.profile.firmware >= (8, 3):
        relay |= {"srt12_state": "open", "srt13_state": "open"}
    relay |= {"der1_state": 0, "der2_state": 0}
    if moment.profile.firmware >= (8,):
        relay["der3_state"] = 0
    stored = bool(moment.plant.design.batteries)
    modes = ("multimode-ongrid", "multimode-ongrid") if stored else ("grid-tied", "unknown")
    return relay | {"Enchg_grid_mode": modes[0], "Solar_grid_mode": modes[1]}
