"""Which endpoints are required, for the documents so far."""

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


def is_required(name: str, available: dict[str, Json]) -> bool:
    (endpoint,) = [endpoint for endpoint in ENDPOINTS if endpoint.name == name]
    return endpoint.is_required(documents(available))


@pytest.mark.parametrize(("firmware", "expected"), [("R3.9.36", False), ("D3.18.10", False), ("R4.10.35", True)])
def test_inventory_is_required_from_firmware_4_on(firmware: str, expected: bool) -> None:
    assert is_required(INVENTORY, {INFO: information(firmware)}) is expected


def test_acb_config_is_required_only_with_ac_batteries() -> None:
    none: Json = {"storage": [{"type": "acb", "activeCount": 0, "percentFull": 0}]}
    some: Json = {"storage": [{"type": "acb", "activeCount": 2, "percentFull": 1}]}
    assert not is_required(ACB_CONFIG, {PRODUCTION_JSON: none})
    assert is_required(ACB_CONFIG, {PRODUCTION_JSON: some})
    listed: Json = [{"type": "ACB", "devices": [{"serial_num": "1", "admin_state": 2, "percentFull": 2}]}]
    gone: Json = [{"type": "ACB", "devices": [{"serial_num": "1", "admin_state": 3, "percentFull": 2}]}]
    assert is_required(ACB_CONFIG, {PRODUCTION_JSON: none, INVENTORY: listed})
    assert not is_required(ACB_CONFIG, {PRODUCTION_JSON: none, INVENTORY: gone})


def test_v1_inverters_are_not_required_for_ac_batteries() -> None:
    pcu: Json = {"devName": "pcu", "sn": "1", "active": True}
    some: Json = {"storage": [{"type": "acb", "activeCount": 2, "percentFull": 1}]}
    complete: Json = {"1": pcu, "deviceCount": 1, "deviceDataLimit": 50}
    truncated: Json = {"1": pcu, "deviceCount": 50, "deviceDataLimit": 50}
    assert not is_required(INVERTERS_V1, {DEVICE_DATA: complete, PRODUCTION_JSON: some})
    assert is_required(INVERTERS_V1, {DEVICE_DATA: truncated, PRODUCTION_JSON: some})


@pytest.mark.parametrize("name", [DEVICE_DATA, INVENTORY])
def test_device_list_matters_to_batteries_and_relays_if_installed(name: str) -> None:
    (endpoint,) = [endpoint for endpoint in ENDPOINTS if endpoint.name == name]

    def affected(available: dict[str, Json]) -> set[str]:
        return {
            reader
            for reader in ("inverters", "batteries", "iq_relay", "meters")
            if endpoint.matters_to(reader, documents(available))
        }

    assert affected({}) == {"inverters"}
    some: Json = {"storage": [{"type": "acb", "activeCount": 2, "percentFull": 1}]}
    assert affected({PRODUCTION_JSON: some}) == {"inverters", "batteries"}
    relay: Json = {"serial_num": "1", "admin_state": 2}
    assert affected({INVENTORY: [{"type": "NSRB", "devices": [relay]}]}) == {"inverters", "iq_relay"}
    assert affected({DEVICE_DATA: {"1": {"devName": "nsrb", "active": True}}}) == {"inverters", "iq_relay"}
    assert affected({DEVICE_DATA: {"1": {"devName": "nsrb", "active": False}}}) == {"inverters"}
