"""`/ivp/livedata/status`: live data, every second while a client streams them. Known from its documentation only."""

from dataclasses import replace

from envoy_simulator.documents.ensemble import secctrl
from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.http_types import Entry
from envoy_simulator.state import Register, State

_FROZEN = 9000
"""Seconds for which live data do not change if no client streams them."""

_NO_GENERATOR = 5
_IDLE = 2  # made up: only the code for no generator is known


def status(moment: Moment) -> Entry:
    """Live data in mW and mVA, always with three phases. Without a stream they do not change."""
    streams = moment.profile.streams
    at = moment.time if streams else moment.time // _FROZEN * _FROZEN
    batteries = secctrl(replace(moment, time=at))
    split = moment.system.design.phase_mode == "split"
    data: Entry = {
        "connection": {
            "mqtt_state": "connected",
            "prov_state": "configured",
            "auth_state": "ok",
            "sc_stream": "enabled" if streams else "disabled",
            "sc_debug": "disabled",
        },
        "meters": {
            "last_update": int(at),
            "soc": batteries["agg_soc"],
            "main_relay_state": 1,
            "gen_relay_state": _IDLE if moment.profile.generator else _NO_GENERATOR,
            "backup_bat_mode": 1,
            "backup_soc": batteries["configured_backup_soc"],
            "is_split_phase": int(split),
            "phase_count": 0 if split else moment.system.design.phases,
            "enc_agg_soc": batteries["ENC_agg_soc"],
            "enc_agg_energy": batteries["ENC_agg_avail_energy"],
            "acb_agg_soc": 0,
            "acb_agg_energy": 0,
            **_sources(moment.system.at(at)),
        },
        "tasks": {"task_id": 0, "timestamp": 0},
        "counters": {"main_CfgLoad": 1, "main_CfgChanged": 1, "rest_Status": 12},
    }
    return data if streams else {**data, "info": "sc_stream is disabled: the values are old"}


def _sources(state: State) -> Entry:
    """Power, and apparent power with the sign of the power."""
    nothing = Register(0, 0)
    return {
        "pv": _powers([(phase.production.balance, phase.production.apparent) for phase in state.phases]),
        "storage": _powers([(phase.storage.balance, phase.storage.apparent) for phase in state.phases]),
        "grid": _powers([(phase.net.balance, phase.net.apparent) for phase in state.phases]),
        "load": _powers([(phase.load, phase.load) for phase in state.phases]),
        "generator": _powers([(nothing, nothing) for _ in state.phases]),
    }


def _powers(phases: list[tuple[Register, Register]]) -> Entry:
    active = [power.rate for power, _ in phases]
    apparent = [apparent_power.rate if power.rate >= 0 else -apparent_power.rate for power, apparent_power in phases]
    unused = [0] * (3 - len(phases))
    by_phase: Entry = {}
    for letter, milliwatts in zip("abc", active + unused, strict=True):
        by_phase[f"agg_p_ph_{letter}_mw"] = milliwatts
    for letter, millivoltamperes in zip("abc", apparent + unused, strict=True):
        by_phase[f"agg_s_ph_{letter}_mva"] = millivoltamperes
    return {"agg_p_mw": sum(active), "agg_s_mva": sum(apparent), **by_phase}


DOCUMENTS: Documents = {
    "/ivp/livedata/status": status,
}
