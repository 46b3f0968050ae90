"""`/ivp/ensemble/*`: the batteries, the other devices of inventory and status, and the control of the batteries."""

from dataclasses import dataclass

from envoy_simulator.design import Battery
from envoy_simulator.documents import ac_batteries, controller
from envoy_simulator.documents.devices import component, dates, device, wired_component
from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.http_types import Entry, Json
from envoy_simulator.prng import Purpose, drift
from envoy_simulator.state import BatteryState, State

_CHARGING, _DISCHARGING, _IDLE = 12, 13, 14


@dataclass(frozen=True, slots=True)
class _Make:
    """A model of battery. `level`: the signal level of its radio; 0 if connected by cable (8.3.1598_collar)."""

    revision: int
    firmware: str
    bmu_firmware: str
    admin_state: int
    admin_state_str: str
    level: int


_RADIO = ("3.0.6614_rel/31.13", "3.8.63", 6, "ENCHG_STATE_READY", 5)
_MAKES = {
    "836-01826-r76": _Make(3, *_RADIO),
    "836-00750-r32": _Make(2, *_RADIO),
    "830-01760-r42": _Make(2, "2.6.7854_rel/22.33", "2.1.38", 6, "ENCHG_STATE_READY", 3),
    "836-01250-r00": _Make(4, "4.5.35", "4.5.35", 63, "ENCMN_MDE_ENCHARGE_READY", 0),
}


def inventory(moment: Moment) -> list[Json]:
    """An empty list without storage."""
    refreshed = moment.refreshed
    batteries = _iq(moment, moment.system.at(refreshed))
    if not batteries:
        return []
    units: list[Json] = [_encharge(moment, battery, state, int(refreshed)) for battery, state in batteries]
    entries: list[Json] = [{"type": "ENCHARGE", "devices": units}]
    return entries + controller.inventory(moment)


def _iq(moment: Moment, state: State) -> list[tuple[Battery, BatteryState]]:
    """The IQ batteries; AC batteries are not part of the ensemble."""
    pairs = zip(moment.system.design.batteries, state.batteries, strict=True)
    return [(battery, now) for battery, now in pairs if battery.kind == "iq"]


def _encharge(moment: Moment, battery: Battery, state: BatteryState, refreshed: int) -> Entry:
    celsius = round(24 + abs(state.watts) / 400)
    make = _MAKES[battery.part_number]
    return {
        **device(moment, battery.serial, battery.part_number, refreshed),
        "admin_state": make.admin_state,
        "admin_state_str": make.admin_state_str,
        **dates(moment),
        "img_pnum_running": make.firmware,
        "bmu_fw_version": make.bmu_firmware,
        "communicating": True,
        "sleep_enabled": False,
        "percentFull": charge(state),
        "temperature": celsius,
        "maxCellTemp": celsius + 1,
        "reported_enc_grid_state": "grid-tied",
        "comm_level_sub_ghz": make.level,
        "comm_level_2_4_ghz": make.level,
        "led_status": _CHARGING if state.watts < 0 else _DISCHARGING if state.watts > 0 else _IDLE,
        "dc_switch_off": False,
        "encharge_rev": make.revision,
        "encharge_capacity": battery.capacity_watt_hours,
        "phase": _phase(battery),
        "der_index": 2,
    }


def _phase(battery: Battery) -> str:
    return f"ph-{'abc'[battery.legs[0]]}"


def charge(state: BatteryState) -> int:
    """State of charge as the gateway reports it, in whole percent."""
    return state.stored * 100 // state.capacity


def power(moment: Moment) -> Entry:
    """Milliwatts in steps of a watt, discharging positive. On real gateways too, the key ends in a colon."""
    devices: list[Json] = [
        {
            "serial_num": state.serial,
            "real_power_mw": 1000 * round(state.watts),
            "apparent_power_mva": 1000 * round(state.watts),
            "soc": charge(state),
        }
        for _, state in _iq(moment, moment.state)
    ]
    return {"devices:": devices}


def secctrl(moment: Moment) -> Entry:
    """All batteries together, from the whole percent of each; zeros without batteries."""
    batteries = _iq(moment, moment.state)
    capacity = sum(battery.capacity_watt_hours for battery, _ in batteries)
    available = sum(charge(state) * battery.capacity_watt_hours // 100 for battery, state in batteries)
    reserve = batteries[0][0].reserve if batteries else 0
    percent = 100 * available // capacity if capacity else 0
    # With only AC batteries, agg_soc of both kinds together is always 0, but Max_energy is not (8.3.5169).
    ac_energy = ac_batteries.watt_hours(moment)
    most = sum(battery.capacity_watt_hours for battery in moment.system.design.batteries)
    return {
        "shutdown": False,
        **_biases(moment),
        **(_OFF_GRID if moment.profile.firmware >= (8, 3) else {}),
        "configured_backup_soc": reserve,
        "adjusted_backup_soc": reserve,
        "agg_soc": 100 * (available + ac_energy) // most if batteries else 0,
        "Max_energy": most,
        "ENC_agg_soc": percent,
        "ENC_agg_soh": 100 if batteries else 0,
        "ENC_agg_backup_energy": reserve * capacity // 100,
        "ENC_agg_avail_energy": available,
        "Enc_commissioned_capacity": capacity,
        "Enc_max_available_capacity": capacity,
        "ACB_agg_soc": ac_batteries.percent_full(moment),
        "ACB_agg_energy": ac_energy,
        **(_RECOVERY if moment.profile.firmware >= (8, 2) else {}),
        **({"ESS_R3_To_R4_in_progress": False} if moment.profile.collar else {}),
    }


def _biases(moment: Moment) -> Entry:
    """The biases of the first phase, as floats and in fixed point; those of other phases are 0. 1 Hz goes with 12 V."""
    biases: Entry = {}
    hertz = 0.12 * drift(moment.time / 300, moment.system.seed, Purpose.FREQUENCY, 1) - 0.06
    for phase in ("", "_phaseb", "_phasec"):
        bias = 0.0 if phase or not moment.system.design.batteries else hertz
        biases[f"freq_bias_hz{phase}"] = bias
        biases[f"voltage_bias_v{phase}"] = 12 * bias
        biases[f"freq_bias_hz_q8{phase}"] = round(1600 * bias)
        biases[f"voltage_bias_v_q5{phase}"] = round(32 * 12 * bias)
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
    """The raw data of all devices; on 7.x with the counters of the daemon."""
    devices: Entry = {battery.serial: _battery_status(battery) for battery, _ in _iq(moment, moment.state)}
    devices |= controller.status(moment)
    document: Entry = {
        "inventory": {"serial_nums": devices},
        "secctrl": secctrl(moment),
        "relay": controller.relay(moment),
    }
    if moment.profile.firmware < (8,):
        document["counters"] = {"api_ecagtInit": 1, "rest_StatusGet": 20, "rest_InventoryGet": 26915}
        document["profile"] = {"message": "Obsolete API, please use ivp/arf/profile"}
        document["fakeit"] = {"fake_inventory_mode": False}
    return document


def _battery_status(battery: Battery) -> Entry:
    make = _MAKES[battery.part_number]
    if make.level:
        entry = {**component(13, battery.serial, battery.part_number), "swift_asic_fw_version": "001.002.1.7.2"}
    else:
        entry = wired_component(13, battery.serial, battery.part_number, make.firmware)
    return {
        **entry,
        "admin_state": make.admin_state,
        "admin_state_str": make.admin_state_str,
        "reported_grid_mode": "multimode-ongrid",
        "phase": _phase(battery),
        "der_index": 2,
        "encharge_revision": make.revision,
        "encharge_capacity": battery.capacity_watt_hours,
        "encharge_rated_power": battery.rated_watts,
        "reported_enc_grid_state": "grid-tied" if make.level else "multimode-ongrid",
        "bmu_fw_version": make.bmu_firmware,
    }


DOCUMENTS: Documents = {
    "/ivp/ensemble/inventory": inventory,
    "/ivp/ensemble/power": power,
    "/ivp/ensemble/secctrl": secctrl,
    "/ivp/ensemble/status": status,
}
