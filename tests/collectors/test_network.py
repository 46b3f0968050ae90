"""The network connection of the gateway; no label contains an address."""

from typing import Any

import pytest
from support.documents import documents, information, of, one, read

from envoy_exporter.collectors import network
from envoy_exporter.collectors.network import (
    BatteryCommunication,
    BatteryFirmware,
    Cloud,
    Communication,
    Interface,
    Wireless,
)
from envoy_exporter.documents import FIRMWARE_MANAGER, HOME, HOME_JSON, INFO, Json
from envoy_exporter.families import collect
from envoy_exporter.gateway.endpoints import ENDPOINTS

ETHERNET: dict[str, Json] = {
    "type": "ethernet",
    "interface": "eth0",
    "mac": "02:00:5E:10:00:01",
    "dhcp": True,
    "ip": "192.0.2.10",
    "signal_strength": 1,
    "signal_strength_max": 1,
    "carrier": True,
}

MODEM: dict[str, Json] = {
    "type": "cellular",
    "interface": "ppp0",
    "ip": None,
    "signal_strength": 24,
    "signal_strength_max": 31,
    "carrier": False,
}

NETWORK: dict[str, Json] = {
    "web_comm": False,
    "last_enlighten_report_time": 1_777_644_466,
    "primary_interface": "eth0",
    "interfaces": [ETHERNET, MODEM],
}

COMM: dict[str, Json] = {
    "num": 14,
    "level": 5,
    "pcu": {"num": 12, "level": 5},
    "acb": {"num": 0, "level": 0},
    "nsrb": {"num": 1, "level": 4},
    "esub": {"num": 0, "level": 0},
    "encharge": [{"num": 2, "level": 3, "level_24g": 2, "level_subg": 1}],
}


def home(**more: Json) -> dict[str, Json]:
    radio: Json = [{"type": "BLE", "signal_strength": 0, "signal_strength_max": 0, "connected": True}]
    return {HOME: {"network": NETWORK, "comm": COMM, "wireless_connection": radio, **more}}


def test_enlighten_connection_and_last_report_are_exposed() -> None:
    assert one(Cloud, read(network.COLLECTOR, home())) == Cloud(connected=False, last_report=1_777_644_466)


def test_enlighten_report_time_zero_is_absent() -> None:
    assert (
        one(Cloud, read(network.COLLECTOR, home(network={**NETWORK, "last_enlighten_report_time": 0}))).last_report
        is None
    )


def test_interface_with_a_carrier_is_up() -> None:
    assert of(Interface, read(network.COLLECTOR, home())) == [
        Interface(interface="eth0", type="ethernet", up=True, signal=1, signal_max=1, primary=True),
        Interface(interface="ppp0", type="cellular", up=False, signal=24, signal_max=31, primary=False),
    ]


def test_network_labels_contain_no_address() -> None:
    metrics, _ = collect(network.COLLECTOR.readings, read(network.COLLECTOR, home()).readings)
    labels = {text for metric in metrics for sample in metric.samples for text in sample.labels.values()}
    assert labels == {
        *("eth0", "ethernet", "ppp0", "cellular", "BLE", "sub_ghz", "2_4_ghz"),
        *("pcu", "acb", "nsrb", "esub", "encharge"),
    }


def test_interface_duplicate_is_rejected() -> None:
    result = read(
        network.COLLECTOR, home(network={**NETWORK, "interfaces": [ETHERNET, {**MODEM, "interface": "eth0"}, {}]})
    )
    assert [interface.type for interface in of(Interface, result)] == ["ethernet"]
    assert [(rejection.rule, rejection.key) for rejection in result.rejections] == [
        ("duplicate", "interface"),
        ("label", "interface"),
    ]


def test_communication_level_without_devices_is_absent() -> None:
    levels = {
        communication.device: (communication.devices, communication.level)
        for communication in of(Communication, read(network.COLLECTOR, home()))
    }
    assert levels == {"pcu": (12, 5), "acb": (0, None), "nsrb": (1, 4), "esub": (0, None), "encharge": (2, 3)}


def test_battery_communication_has_a_level_for_each_band() -> None:
    levels = {
        communication.band: communication.level
        for communication in of(BatteryCommunication, read(network.COLLECTOR, home()))
    }
    assert levels == {"sub_ghz": 1, "2_4_ghz": 2}
    without_batteries: Any = {**COMM, "encharge": [{"num": 0, "level": 0, "level_24g": 0, "level_subg": 0}]}
    assert of(BatteryCommunication, read(network.COLLECTOR, home(comm=without_batteries))) == []


def test_wireless_connection_is_exposed() -> None:
    assert one(Wireless, read(network.COLLECTOR, home())) == Wireless(
        type="BLE", connected=True, signal=0, signal_max=0
    )


@pytest.mark.parametrize(
    ("text", "used"),
    [(" 1.63", 0.0163), ("50", 0.5), (12.5, 0.125), ("full", None), ("1e3", None), (" 100.1", None)],
)
def test_database_usage_of_home_json_is_read_from_text(text: Json, used: float | None) -> None:
    result = read(network.COLLECTOR, {HOME_JSON: {"db_percent_full": text}}, absent=(HOME,))
    assert one(Cloud, result).database_used == (None if used is None else pytest.approx(used))
    assert len(result.rejections) == (used is None)
    assert all(rejection.endpoint == HOME_JSON for rejection in result.rejections)


@pytest.mark.parametrize(
    ("firmware", "absent", "required"),
    [
        ("D8.3.5169", (), {HOME}),
        ("D8.3.5169", (HOME,), {HOME, HOME_JSON}),
        ("D5.0.62", (), {HOME_JSON}),
        ("R3.9.36", (), set()),
    ],
)
def test_home_json_is_required_where_home_is_not_available(
    firmware: str, absent: tuple[str, ...], required: set[str]
) -> None:
    available = documents({INFO: information(firmware)}, absent)
    assert {
        endpoint.name
        for endpoint in ENDPOINTS
        if endpoint.name in {HOME, HOME_JSON} and endpoint.is_required(available)
    } == required


def test_battery_firmware_status_is_exposed() -> None:
    content: Json = {"SiteSync": {"Current_Status": 10, "Current_Status_str": "No Update Running"}}
    assert one(BatteryFirmware, read(network.COLLECTOR, {FIRMWARE_MANAGER: content})).status == 10


def test_network_without_documents_has_no_readings() -> None:
    assert read(network.COLLECTOR, {}).readings == ()
