"""The devices between the home and the grid: a system controller; or a collar, and a combiner with its meter."""

from envoy_simulator.documents.devices import component, dates, device, installed, wired_component
from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.http_types import Entry, Json
from envoy_simulator.prng import Purpose, drift

_ENPOWER_PART, _COLLAR_PART, _COMBINER_PART = "865-00378-r27", "865-00400-r22", "800-02403-r08"
_ENPOWER_STATE: Entry = {"admin_state": 24, "admin_state_str": "ENPWR_STATE_OPER_CLOSED"}
_COLLAR_STATE: Entry = {"admin_state": 88, "admin_state_str": "ENCMN_MDE_ON_GRID"}
_COMBINER_STATE: Entry = {"admin_state": 82, "admin_state_str": "ENCMN_C6_CC_READY"}
_COLLAR_FIRMWARE, _COMBINER_FIRMWARE, _METER_FIRMWARE = "3.0.6-D0", "0.1.20-D1", "2.2.1-D4119"


def inventory(moment: Moment) -> list[Json]:
    """The entries of the inventory after those of the batteries."""
    entries: list[Json] = []
    if moment.profile.enpower:
        entries.append({"type": "ENPOWER", "devices": [_enpower(moment, moment.profile.enpower)]})
    if moment.profile.collar:
        entries.append({"type": "COLLAR", "devices": [_collar(moment, moment.profile.collar)]})
    if moment.profile.combiner:
        entries.append({"type": "C6 COMBINER CONTROLLER", "devices": [_combiner(moment, moment.profile.combiner)]})
        entries.append({"type": "C6 RGM", "devices": [_combiner_meter(moment, moment.profile.combiner)]})
    return entries


def _enpower(moment: Moment, serial: str) -> Entry:
    """The system controller, the only device with degrees Fahrenheit. From firmware 8 on it has no flag `operating`."""
    return {
        **device(moment, serial, _ENPOWER_PART, int(moment.time) - 3),
        **_ENPOWER_STATE,
        **dates(moment),
        "img_pnum_running": "3.0.5654_rel/31.13",
        "communicating": True,
        "temperature": round(_celsius(moment) * 9 / 5 + 32),
        "comm_level_sub_ghz": 5,
        "comm_level_2_4_ghz": 5,
        "mains_admin_state": "closed",
        "mains_oper_state": "closed",
        "Enpwr_grid_mode": "multimode-ongrid",
        "Enchg_grid_mode": "multimode-ongrid",
        "Enpwr_relay_state_bm": 15868,
        "Enpwr_curr_state_id": 16,
    }


def _collar(moment: Moment, serial: str) -> Entry:
    """The collar, which reports only once, when it is installed (8.3.1598_collar)."""
    return {
        **device(moment, serial, _COLLAR_PART, installed(moment)),
        **_COLLAR_STATE,
        **dates(moment),
        "img_pnum_running": _COLLAR_FIRMWARE,
        "communicating": True,
        "temperature": round(_celsius(moment) + 10),
        "mid_state": "close",
        "grid_state": "on_grid",
        "control_error": 0,
        "collar_state": "Installed",
    }


def _combiner(moment: Moment, serial: str) -> Entry:
    entry = device(moment, serial, _COMBINER_PART, installed(moment))
    del entry["device_status"]
    return {
        **entry,
        **_COMBINER_STATE,
        **dates(moment),
        "fw_version": _COMBINER_FIRMWARE,
        "dmir_version": _COMBINER_FIRMWARE,
        "communicating": True,
    }


def _combiner_meter(moment: Moment, combiner: str) -> Entry:
    """The meter of a combiner. Its keys contain blanks on real gateways too."""
    return {
        "part_num": _COMBINER_PART,
        "serial_num": _next(combiner),
        "installed": installed(moment),
        "FW Version": _METER_FIRMWARE,
        "Device State": 80,
    }


def _celsius(moment: Moment) -> float:
    """The temperature on a wall in the shade."""
    return 21 + 9 * drift(moment.time / 7200, moment.system.seed, Purpose.DEVICE, -1)


def _next(serial: str) -> str:
    return str(int(serial) + 1)


def status(moment: Moment) -> Entry:
    """The same devices in the status, by serial."""
    entries: Entry = {}
    if serial := moment.profile.enpower:
        asic: Entry = {"swift_asic_fw_version": "", "bmu_fw_version": ""}
        entries[serial] = {**component(17, serial, _ENPOWER_PART), **_ENPOWER_STATE, **asic}
    if serial := moment.profile.collar:
        cabled = wired_component(27, serial, _COLLAR_PART, _COLLAR_FIRMWARE)
        entries[serial] = {**cabled, **_COLLAR_STATE, "installed": 1}
    if serial := moment.profile.combiner:
        entries[serial] = {**wired_component(125, serial, _COMBINER_PART, _COMBINER_FIRMWARE), **_COMBINER_STATE}
        meter: Entry = {"admin_state": 80, "admin_state_str": "ENCMN_C6_RGM_DEV_CONNECTED"}
        entries[_next(serial)] = {**wired_component(115, _next(serial), _COMBINER_PART, _METER_FIRMWARE), **meter}
    return entries


def relay(moment: Moment) -> Entry:
    """The relay, present with or without a controller; without one, "grid-tied" (7.6.185_with_cts_and_battery_3t)."""
    switched = bool(moment.profile.enpower or moment.profile.collar)
    entry: Entry = {"mains_admin_state": "closed", "mains_oper_state": "closed"}
    if moment.profile.firmware >= (8, 2, 4300):  # 8.2.4382_ACB has them, 8.2.127 has not
        entry |= {"srt12_state": "open", "srt13_state": "open"}
    entry |= {"der1_state": int(switched), "der2_state": int(switched)}
    if moment.profile.firmware >= (8,):
        entry["der3_state"] = int(bool(moment.profile.collar))
    modes = ("multimode-ongrid", "multimode-ongrid") if switched else ("grid-tied", "unknown")
    return entry | {"Enchg_grid_mode": modes[0], "Solar_grid_mode": modes[1]}


def errors(_: Moment) -> Entry:
    return {"enpower_error_flags": 0}


DOCUMENTS: Documents = {
    "/ivp/ensemble/errors": errors,
}
