"""What a gateway is asked, by what it has said so far."""

import pytest
from support.documents import documents, information

from envoy_exporter.documents import (
    ACB_CONFIG,
    DEVICE_DATA,
    INFO,
    INVENTORY,
    INVERTERS_V1,
    PRODUCTION_JSON,
    Json,
)
from envoy_exporter.gateway.endpoints import ENDPOINTS


def wanted(name: str, available: dict[str, Json]) -> bool:
    (endpoint,) = [each for each in ENDPOINTS if each.name == name]
    return endpoint.is_required(documents(available))


@pytest.mark.parametrize(("firmware", "has"), [("R3.9.36", False), ("D3.18.10", False), ("R4.10.35", True)])
def test_an_inventory_is_asked_for_from_firmware_4_on(firmware: str, has: bool) -> None:
    assert wanted(INVENTORY, {INFO: information(firmware)}) is has


def test_the_settings_of_ac_batteries_are_asked_for_only_with_ac_batteries() -> None:
    none: Json = {"storage": [{"type": "acb", "activeCount": 0, "percentFull": 0}]}
    some: Json = {"storage": [{"type": "acb", "activeCount": 2, "percentFull": 1}]}
    assert not wanted(ACB_CONFIG, {PRODUCTION_JSON: none})
    assert wanted(ACB_CONFIG, {PRODUCTION_JSON: some})
    listed: Json = [{"type": "ACB", "devices": [{"serial_num": "1", "admin_state": 2, "percentFull": 2}]}]
    gone: Json = [{"type": "ACB", "devices": [{"serial_num": "1", "admin_state": 3, "percentFull": 2}]}]
    assert wanted(ACB_CONFIG, {PRODUCTION_JSON: none, INVENTORY: listed})
    assert not wanted(ACB_CONFIG, {PRODUCTION_JSON: none, INVENTORY: gone})


def test_ac_batteries_are_no_reason_to_ask_for_the_v1_list_beside_device_data() -> None:
    pcu: Json = {"devName": "pcu", "sn": "1", "active": True}
    some: Json = {"storage": [{"type": "acb", "activeCount": 2, "percentFull": 1}]}
    whole: Json = {"1": pcu, "deviceCount": 1, "deviceDataLimit": 50}
    cut: Json = {"1": pcu, "deviceCount": 50, "deviceDataLimit": 50}
    assert not wanted(INVERTERS_V1, {DEVICE_DATA: whole, PRODUCTION_JSON: some})
    assert wanted(INVERTERS_V1, {DEVICE_DATA: cut, PRODUCTION_JSON: some})


@pytest.mark.parametrize("name", [DEVICE_DATA, INVENTORY])
def test_the_failure_of_a_list_of_devices_is_the_batteries_and_relays_only_where_there_are_any(name: str) -> None:
    (endpoint,) = [each for each in ENDPOINTS if each.name == name]

    def concerned(available: dict[str, Json]) -> set[str]:
        return {
            each
            for each in ("inverters", "batteries", "iq_relay", "meters")
            if endpoint.matters_to(each, documents(available))
        }

    assert concerned({}) == {"inverters"}
    some: Json = {"storage": [{"type": "acb", "activeCount": 2, "percentFull": 1}]}
    assert concerned({PRODUCTION_JSON: some}) == {"inverters", "batteries"}
    relay: Json = {"serial_num": "1", "admin_state": 2}
    assert concerned({INVENTORY: [{"type": "NSRB", "devices": [relay]}]}) == {"inverters", "iq_relay"}
    assert concerned({DEVICE_DATA: {"1": {"devName": "nsrb", "active": True}}}) == {"inverters", "iq_relay"}
    assert concerned({DEVICE_DATA: {"1": {"devName": "nsrb", "active": False}}}) == {"inverters"}
