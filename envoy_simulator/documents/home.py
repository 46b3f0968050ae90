"""`/home`: the connections of the gateway to the network and to its devices."""

from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.http_types import Entry
from envoy_simulator.reports import is_current


def home(moment: Moment) -> Entry:
    """The data of the gateway's home page. At night no inverter communicates."""
    inverters = sum(is_current(report, moment.time) for report in moment.reports)
    kinds = [battery.kind for battery in moment.system.design.batteries]
    batteries, ac_batteries = kinds.count("iq"), kinds.count("ac")
    relays = int(moment.system.design.relay is not None)
    older = moment.profile.firmware < (7,)
    return {
        "software_build_epoch": 1719503966,
        **(_OLDER if older else {}),
        "timezone": moment.profile.timezone,
        "current_date": f"{moment.local:%m/%d/%Y}",
        "current_time": f"{moment.local:%H:%M}",
        "network": _network(moment),
        "tariff": _TARIFFS[bool(moment.profile.tariff.seasons)],
        "comm": {
            "num": inverters + batteries + ac_batteries + relays,
            "level": 5,
            "pcu": {"num": inverters, "level": 5 if inverters else 0},
            "acb": {"num": ac_batteries, "level": 4 if ac_batteries else 0},
            "nsrb": {"num": relays, "level": 5 if relays else 0},
            **({} if older else _ensemble(batteries, wired=moment.profile.collar is not None)),
        },
        **(_NO_ALERTS if older else _WIRELESS),
    }


_TARIFFS = ("single_rate", "time_of_use")
_OLDER: Entry = {"is_nonvoy": False, "db_size": "34 MB", "db_percent_full": " 1.63"}
_NO_ALERTS: Entry = {"alerts": [], "update_status": "satisfied"}
_WIRELESS: Entry = {
    "wireless_connection": [{"signal_strength": 0, "signal_strength_max": 0, "type": "BLE", "connected": True}]
}


def _ensemble(batteries: int, *, wired: bool) -> Entry:
    strength = 5 if batteries and not wired else 0
    return {
        "esub": {"num": 0, "level": 0},
        "encharge": [{"num": batteries, "level": strength, "level_24g": strength, "level_subg": strength}],
    }


def _network(moment: Moment) -> Entry:
    """An Ethernet connection; the address is from the range for documentation (RFC 5737)."""
    return {
        "web_comm": True,
        "ever_reported_to_enlighten": True,
        "last_enlighten_report_time": int(moment.quarter),
        "primary_interface": "eth0",
        "interfaces": [
            {
                "type": "ethernet",
                "interface": "eth0",
                "mac": "02:00:5E:10:00:01",
                "dhcp": True,
                "ip": "192.0.2.10",
                "signal_strength": 1,
                "signal_strength_max": 1,
                "carrier": True,
            },
            {
                "signal_strength": 0,
                "signal_strength_max": 0,
                "type": "wifi",
                "interface": "wlan0",
                "mac": "02:00:5E:10:00:02",
                "dhcp": True,
                "ip": None,
                "carrier": False,
                "supported": True,
                "present": True,
                "configured": False,
                "status": "connecting",
            },
        ],
    }


DOCUMENTS: Documents = {
    "/home": home,
    "/home.json": home,
}
