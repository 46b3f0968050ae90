"""The fields that all devices of `/ivp/ensemble/*` have, in the inventory and in the status."""

from envoy_simulator.documents.moment import Moment
from envoy_simulator.http_types import Entry


def device(moment: Moment, serial: str, part_number: str, reported: int) -> Entry:
    return {
        "part_num": part_number,
        "serial_num": serial,
        "installed": installed(moment),
        "device_status": ["envoy.global.ok", "prop.done"],
        "last_rpt_date": reported,
    }


def dates(moment: Moment) -> Entry:
    return {"created_date": installed(moment), "img_load_date": installed(moment)}


def installed(moment: Moment) -> int:
    return int(moment.system.start) - moment.system.design.age


def component(kind: int, serial: str, part_number: str) -> Entry:
    """A component that is connected by radio, as on 8.2."""
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


def wired_component(kind: int, serial: str, part_number: str, firmware: str) -> Entry:
    """A component that is connected by cable (8.3.1598_collar)."""
    blank: Entry = {"part_number": "", "assembly_number": ""}
    return {
        **component(kind, serial, part_number),
        "com_interface_str": "CAN",
        "prop_set": True,
        "msg_retry_count": 0,
        "app_fw_version": firmware,
        "ibl_fw_version": "",
        "swift_asic_fw_version": "",
        "bmu_fw_version": "",
        "dmir": blank,
        "procload": blank,
    }
