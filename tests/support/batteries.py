"""Documents of a gateway with IQ batteries."""

from typing import Any

from envoy_exporter.documents import (
    ENSEMBLE_INVENTORY,
    ENSEMBLE_POWER,
    ENSEMBLE_SECCTRL,
    METERS,
    PRODUCTION_JSON,
    Json,
)


def iq_unit(serial: str = "1", **more: Json) -> Json:
    return {
        "serial_num": serial,
        "part_num": "830-01760-r42",
        "img_pnum_running": "2.6.7854_rel/22.33",
        "phase": "ph-a",
        "percentFull": 10,
        "temperature": 11,
        "maxCellTemp": 12,
        "encharge_capacity": 3500,
        "last_rpt_date": 1_780_999_000,
        "communicating": True,
        "sleep_enabled": False,
        "dc_switch_off": False,
        "comm_level_sub_ghz": 3,
        "comm_level_2_4_ghz": 4,
        **more,
    }


def iq_power(serial: str = "1", milliwatts: int = -1_324_000, soc: int = 54) -> Json:
    return {"serial_num": serial, "real_power_mw": milliwatts, "apparent_power_mva": milliwatts, "soc": soc}


SECCTRL: Json = {
    "agg_soc": 39,
    "Max_energy": 7220,
    "ENC_agg_soc": 54,
    "ENC_agg_soh": 98,
    "ENC_agg_avail_energy": 1890,
    "ENC_agg_backup_energy": 700,
    "Enc_max_available_capacity": 3500,
    "adjusted_backup_soc": 20,
    "configured_backup_soc": 30,
    "ACB_agg_soc": 25,
    "ACB_agg_energy": 930,
}

NO_AC: Json = {"storage": [{"type": "acb", "activeCount": 0, "wNow": 0, "whNow": 0, "state": "idle"}]}


def iq_system(*units: Json, **available: Any) -> dict[str, Json]:
    return {
        ENSEMBLE_INVENTORY: [{"type": "ENCHARGE", "devices": list(units)}],
        ENSEMBLE_SECCTRL: SECCTRL,
        ENSEMBLE_POWER: {"devices:": [iq_power()]},
        PRODUCTION_JSON: NO_AC,
        METERS: [],
        **available,
    }
