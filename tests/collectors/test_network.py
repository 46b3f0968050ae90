"""How the gateway is connected: in no label where it is."""

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


def test_the_cloud_may_be_out_of_reach_for_days() -> None:
    assert one(Cloud, read(network.COLLECTOR, home())) == Cloud(connected=False, last_report=1_777_644_466)


def test_a_gateway_that_never_reported_did_not_do_so_in_1970() -> None:
    assert (
        one(Cloud, read(network.COLLECTOR, home(network={**NETWORK, "last_enlighten_report_time": 0}))).last_report
        is None
    )


def test_an_interface_is_up_with_a_carrier() -> None:
    assert of(Interface, read(network.COLLECTOR, home())) == [
        Interface(interface="eth0", type="ethernet", up=True, signal=1, signal_max=1, primary=True),
        Interface(interface="ppp0", type="cellular", up=False, signal=24, signal_max=31, primary=False),
    ]


def test_no_address_is_in_any_label() -> None:
    metrics, _ = collect(network.COLLECTOR.readings, read(network.COLLECTOR, home()).readings)
    labels = {text for metric in metrics for sample in metric.samples for text in sample.labels.values()}
    assert labels == {
        *("eth0", "ethernet", "ppp0", "cellular", "BLE", "sub_ghz", "2_4_ghz"),
        *("pcu", "acb", "nsrb", "esub", "encharge"),
    }


def test_an_interface_twice_is_there_once() -> None:
    told = read(
        network.COLLECTOR, home(network={**NETWORK, "interfaces": [ETHERNET, {**MODEM, "interface": "eth0"}, {}]})
    )
    assert [each.type for each in of(Interface, told)] == ["ethernet"]
    assert [(each.rule, each.key) for each in told.rejections] == [("duplicate", "interface"), ("label", "interface")]


def test_the_level_of_no_device_is_no_level() -> None:
    told = {each.device: (each.devices, each.level) for each in of(Communication, read(network.COLLECTOR, home()))}
    assert told == {"pcu": (12, 5), "acb": (0, None), "nsrb": (1, 4), "esub": (0, None), "encharge": (2, 3)}


def test_batteries_are_heard_in_two_bands() -> None:
    told = {each.band: each.level for each in of(BatteryCommunication, read(network.COLLECTOR, home()))}
    assert told == {"sub_ghz": 1, "2_4_ghz": 2}
    none: Any = {**COMM, "encharge": [{"num": 0, "level": 0, "level_24g": 0, "level_subg": 0}]}
    assert of(BatteryCommunication, read(network.COLLECTOR, home(comm=none))) == []


def test_the_radio_to_the_devices() -> None:
    assert one(Wireless, read(network.COLLECTOR, home())) == Wireless(
        type="BLE", connected=True, signal=0, signal_max=0
    )


@pytest.mark.parametrize(
    ("told", "used"),
    [(" 1.63", 0.0163), ("50", 0.5), (12.5, 0.125), ("full", None), ("1e3", None), (" 100.1", None)],
)
def test_old_firmware_says_how_full_its_database_is_in_a_text_with_a_blank(told: Json, used: float | None) -> None:
    read_of = read(network.COLLECTOR, {HOME_JSON: {"db_percent_full": told}}, absent=(HOME,))
    assert one(Cloud, read_of).database_used == (None if used is None else pytest.approx(used))
    assert len(read_of.rejections) == (used is None)
    assert all(each.endpoint == HOME_JSON for each in read_of.rejections)


@pytest.mark.parametrize(
    ("firmware", "absent", "asked"),
    [
        ("D8.3.5169", (), {HOME}),
        ("D8.3.5169", (HOME,), {HOME, HOME_JSON}),
        ("D5.0.62", (), {HOME_JSON}),
        ("R3.9.36", (), set()),
    ],
)
def test_home_json_stands_in_where_home_is_not(firmware: str, absent: tuple[str, ...], asked: set[str]) -> None:
    seen = documents({INFO: information(firmware)}, absent)
    assert {each.name for each in ENDPOINTS if each.name in {HOME, HOME_JSON} and each.is_required(seen)} == asked


def test_ten_is_a_battery_firmware_that_rests() -> None:
    told: Json = {"SiteSync": {"Current_Status": 10, "Current_Status_str": "No Update Running"}}
    assert one(BatteryFirmware, read(network.COLLECTOR, {FIRMWARE_MANAGER: told})).status == 10


def test_a_gateway_that_says_nothing_has_nothing() -> None:
    assert read(network.COLLECTOR, {}).readings == ()
