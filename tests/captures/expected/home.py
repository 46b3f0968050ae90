"""/home: how the gateway is connected to Enphase, to the network and to its devices."""

from collections.abc import Iterator

from captures.expected.check import Item, Json, check, part, positive
from captures.recording import Recording, objects

DEVICES = ("pcu", "acb", "nsrb", "esub")


def network(recording: Recording) -> Iterator[Item]:
    if "network" in recording.object("home", "home.json"):
        yield {}, recording.object("home", "home.json")["network"]


def interfaces(recording: Recording) -> Iterator[Item]:
    for _, found in network(recording):
        for interface in objects(found.get("interfaces")):
            is_primary = {"is_primary": interface["interface"] == found.get("primary_interface")}
            named = is_primary if "primary_interface" in found else {}
            yield {"interface": interface["interface"], "type": interface["type"]}, {**interface, **named}


def wireless_connections(recording: Recording) -> Iterator[Item]:
    connections = objects(recording.object("home", "home.json").get("wireless_connection"))
    return (({"type": connection["type"]}, connection) for connection in connections)


def communication(recording: Recording) -> Iterator[Item]:
    """With the devices of each kind, over the power line."""
    found = recording.object("home", "home.json").get("comm", {})
    return (({"device": device}, found[device]) for device in DEVICES if device in found)


def battery_communication(recording: Recording) -> Iterator[Item]:
    """With the IQ batteries, over two radio bands; a list of one on newer firmware."""
    found = recording.object("home", "home.json").get("comm", {}).get("encharge", [])
    for batteries in objects(found)[:1] if isinstance(found, list) else [found]:
        yield {"device": "encharge"}, batteries


def battery_bands(recording: Recording) -> Iterator[Item]:
    return (({}, batteries) for _, batteries in battery_communication(recording) if batteries.get("num", 0) > 0)


def _level(communication: Json) -> float | None:
    """Without a device there is no level."""
    return communication["level"] if communication["num"] > 0 else None


PARTS = (
    part(
        network,
        check("enphase_cloud_connected", "web_comm"),
        check("enphase_cloud_last_report_timestamp_seconds", "last_enlighten_report_time", positive),
    ),
    part(
        interfaces,
        check("enphase_network_interface_up", "carrier"),
        check("enphase_network_interface_signal_level", "signal_strength"),
        check("enphase_network_interface_signal_level_max", "signal_strength_max"),
        check("enphase_network_interface_primary", "is_primary"),
    ),
    part(
        wireless_connections,
        check("enphase_wireless_connected", "connected"),
        check("enphase_wireless_signal_level", "signal_strength"),
        check("enphase_wireless_signal_level_max", "signal_strength_max"),
    ),
    part(
        communication,
        check("enphase_communication_devices", "num"),
        check("enphase_communication_level", _level),
    ),
    part(
        battery_communication,
        check("enphase_communication_devices", "num"),
        check("enphase_communication_level", _level),
    ),
    part(
        battery_bands,
        check("enphase_communication_battery_level", "level_subg", band="sub_ghz"),
        check("enphase_communication_battery_level", "level_24g", band="2_4_ghz"),
    ),
)
