"""The limits of export and production, the state of the batteries' firmware, and settings for installers."""

from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.http_types import Entry


def export_limit(moment: Moment) -> Entry:
    """`/ivp/ss/pel_settings`: only `PEL` if a limit was never set (7.6.175_with_cts)."""
    limit = moment.profile.export_limit
    if limit is None:
        return {"PEL": False}
    return {
        "PEL": True,
        "Hard_PEL": not limit.soft,
        "Soft_PEL": limit.soft,
        "Export_Limit_Type": "Aggregate",
        "percent": limit.percent,
        "apparent": False,
        "PEL_Limit": limit.limit,
        "Comm_Time_Loss": 10000.0,
        "Resp_Time_SoftPEL": 30000.0,
        "PEL_db": 1.0,
    }


def production_limit(moment: Moment) -> Entry:  # noqa: ARG001  # the same everywhere
    """`/ivp/sc/pvlimit`, as in every capture."""
    return {"enable": False, "pv_limit_pct": 100}


def firmware_manager(moment: Moment) -> Entry:  # noqa: ARG001
    """`/ivp/firmware_manager/state`: no update is running."""
    return {
        "SiteSync": {
            "Current_Status": 10,
            "Current_Status_str": "No Update Running",
            "Estimated Time Left": "00::00::00",
        }
    }


def dynamic_export_limit(moment: Moment) -> Entry:
    """`/ivp/ss/dpel`."""
    limit = moment.profile.export_limit
    return {
        "dynamic_pel_settings": {
            "enable": limit is not None,
            "export_limit": limit is not None,
            "limit_value_W": limit.limit if limit else 0.0,
            "slew_rate": 2.0,
            "enable_dynamic_limiting": False,
        },
        "filename": "site_settings",
        "version": "00.00.01",
    }


def production_switch(moment: Moment) -> Entry:  # noqa: ARG001
    """`/ivp/mod/603980032/mode/power`: the production of a simulated system is never off."""
    return {"powerForcedOff": False}


def grid_profile(moment: Moment) -> Entry:
    """`/installer/agf/index.json`, with the fields that are known."""
    name = "EN 50549-1:2019 1.0.8" if moment.profile.hertz < 60 else "IEEE 1547 default 2018 1.2.10"  # noqa: PLR2004
    return {"selected_profile": name, "selected_profile_id": name.lower().replace(" ", "_").replace(":", "-")}


DOCUMENTS: Documents = {
    "/ivp/ss/pel_settings": export_limit,
    "/ivp/sc/pvlimit": production_limit,
    "/ivp/ss/dpel": dynamic_export_limit,
    "/ivp/firmware_manager/state": firmware_manager,
    "/ivp/mod/603980032/mode/power": production_switch,
    "/installer/agf/index.json": grid_profile,
}
