"""The devices that the documents list, and which of the lists the exporter must read."""

from math import inf

from captures.expected.check import Json, info
from captures.recording import Recording, objects

REMOVED = (0, 3)
"""`admin_state` of a device that is listed but no longer installed."""

INVERTER_INFO = info(
    "enphase_inverter_info", {"device_type": "pcu"}, part_number="part_num", firmware="img_pnum_running"
)


def inverters_of_device_data(recording: Recording) -> list[Json]:
    """Empty if the document has reached the number of devices above which it leaves some out."""
    document = recording.object("ivp_pdm_device_data")
    if document.get("deviceCount", inf) >= document.get("deviceDataLimit", 0):
        return []
    return [device for device in objects(document) if device.get("devName") == "pcu"]


def active_inverters(recording: Recording) -> list[Json]:
    return [inverter for inverter in inverters_of_device_data(recording) if inverter.get("active")]


def list_of_api_v1(recording: Recording) -> list[Json]:
    """Read only if device_data lists no inverters. Some gateways list AC batteries (`devType` 11), too."""
    return [] if active_inverters(recording) else recording.objects("api_v1_production_inverters")


def inventory(recording: Recording, kind: str) -> list[Json]:
    """Devices of /inventory.json, removed ones too: `PCU` (inverters), `ACB` (AC batteries), `NSRB` (IQ Relays)."""
    return _devices(recording.objects("inventory.json_deleted_1", "inventory.json"), kind)


def installed(recording: Recording, kind: str) -> list[Json]:
    return [device for device in inventory(recording, kind) if is_installed(device)]


def is_installed(device: Json) -> bool:
    return device.get("admin_state", 0) not in REMOVED


def ac_batteries(recording: Recording) -> list[Json]:
    return [battery for battery in installed(recording, "ACB") if battery.get("percentFull", -1) >= 0]


def ensemble(recording: Recording, kind: str) -> list[Json]:
    """Devices of /ivp/ensemble/inventory: `ENCHARGE` (IQ batteries), `ENPOWER`, `COLLAR`, `C6 COMBINER CONTROLLER`."""
    return _devices(recording.objects("ivp_ensemble_inventory"), kind)


def has_ensemble(recording: Recording) -> bool:
    return any(objects(group.get("devices")) for group in recording.objects("ivp_ensemble_inventory"))


def ensemble_powers(recording: Recording) -> list[Json]:
    """The entries of /ivp/ensemble/power that belong to an IQ battery."""
    powers = [entry for entries in recording.object("ivp_ensemble_power").values() for entry in objects(entries)]
    batteries = [battery["serial_num"] for battery in ensemble(recording, "ENCHARGE")]
    return [power for battery in batteries for power in powers if power.get("serial_num") == battery]


def serials(devices: list[Json], field: str = "serial_num") -> set[str]:
    return {device[field] for device in devices if field in device}


def _devices(groups: list[Json], kind: str) -> list[Json]:
    return [device for group in groups if group.get("type") == kind for device in objects(group.get("devices"))]
