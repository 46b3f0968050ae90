"""The list that the inverters are read from, and which of its devices are inverters."""

from typing import Any

import pytest
from support.documents import of, one, read
from support.inverters import data, device, listed
from support.poll_sequence import rejected_rules

from envoy_exporter.collectors import inverters
from envoy_exporter.collectors.inverter_reports import Inverter
from envoy_exporter.collectors.inverters import DeviceData, InverterInfo
from envoy_exporter.documents import DEVICE_DATA, INVERTERS_V1, Json


def test_v1_list_ac_batteries_are_not_inverters() -> None:
    """8.2.4382_ACB; an entry without devType is an inverter (3.9.36)."""
    without = {key: value for key, value in dict(listed("2")).items() if key != "devType"}  # type: ignore[arg-type]
    available: dict[str, Json] = {INVERTERS_V1: [listed("1"), without, listed("3", devType=11)]}
    listed_inverters = of(Inverter, read(inverters.COLLECTOR, available, absent=(DEVICE_DATA,)))
    assert [inverter.serial for inverter in listed_inverters] == ["1", "2"]


@pytest.mark.parametrize("number", ["1", True, [1]])
def test_v1_list_invalid_device_type_rejects_the_device(number: Json) -> None:
    result = read(
        inverters.COLLECTOR, {INVERTERS_V1: [listed("1"), listed("2", devType=number)]}, absent=(DEVICE_DATA,)
    )
    assert [inverter.serial for inverter in of(Inverter, result)] == ["1"]
    assert rejected_rules(result) == [("type", "devType")]


def test_v1_list_battery_serials_are_left_to_their_collector() -> None:
    available: dict[str, Json] = {INVERTERS_V1: [listed("1"), listed("a b", devType=11), listed("1", devType=11)]}
    assert rejected_rules(read(inverters.COLLECTOR, available, absent=(DEVICE_DATA,))) == []


def test_device_data_meters_and_relays_are_not_inverters() -> None:
    others: list[Any] = [{"devName": name, "sn": name} for name in ("eim", "acb", "nsrb")]
    listed_inverters = of(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(), *others)}))
    assert [inverter.serial for inverter in listed_inverters] == ["122000000001"]


@pytest.mark.parametrize("count", [50, 51])
def test_device_data_at_its_limit_is_replaced_by_the_v1_list(count: int) -> None:
    """home-assistant/core#148331: six inverters were lost."""
    available = {DEVICE_DATA: data(device("1"), deviceCount=count), INVERTERS_V1: [listed("1"), listed("2")]}
    listed_inverters = of(Inverter, read(inverters.COLLECTOR, available))
    assert [inverter.serial for inverter in listed_inverters] == ["1", "2"]


def test_device_data_of_removed_inverters_is_replaced_by_the_v1_list() -> None:
    removed: Json = {"devName": "pcu", "sn": "9", "active": False}
    listed_inverters = of(
        Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: data(removed), INVERTERS_V1: [listed("1")]})
    )
    assert [inverter.serial for inverter in listed_inverters] == ["1"]


def test_device_data_removed_inverter_is_inactive_without_values() -> None:
    """8.3.5433: `active` false, `lastReading` {}."""
    removed: Json = {"devName": "pcu", "sn": "9", "active": False, "modGone": True, "channels": [{"lastReading": {}}]}
    result = read(inverters.COLLECTOR, {DEVICE_DATA: data(device(), removed)})
    assert [(inverter.serial, inverter.active, inverter.reporting) for inverter in of(Inverter, result)] == [
        ("122000000001", True, True),
        ("9", False, None),
    ]
    assert [info.serial for info in of(InverterInfo, result)] == ["122000000001"]


def test_device_data_that_fails_once_is_not_replaced() -> None:
    first = read(inverters.COLLECTOR, {DEVICE_DATA: data(device())})
    second = read(inverters.COLLECTOR, {INVERTERS_V1: [listed()]}, memory=first.memory)
    assert second.readings == ()
    third = read(inverters.COLLECTOR, {INVERTERS_V1: [listed()]}, absent=(DEVICE_DATA,), memory=second.memory)
    assert one(Inverter, third).power == 255


def test_v1_list_duplicate_serial_is_rejected() -> None:
    available: dict[str, Json] = {INVERTERS_V1: [listed("1", watts=1), listed("1", watts=2)]}
    result = read(inverters.COLLECTOR, available, absent=(DEVICE_DATA,))
    assert one(Inverter, result).power == 1
    assert result.rejections == ((INVERTERS_V1, "duplicate", "serialNumber"),)


def test_v1_list_serial_that_is_a_number_is_its_digits() -> None:
    available: dict[str, Json] = {INVERTERS_V1: [{**dict(listed()), "serialNumber": 122000000001}]}  # type: ignore[arg-type]
    assert one(Inverter, read(inverters.COLLECTOR, available, absent=(DEVICE_DATA,))).serial == "122000000001"


def test_v1_list_beyond_a_thousand_inverters_is_cut_off() -> None:
    available: dict[str, Json] = {INVERTERS_V1: [listed(str(serial)) for serial in range(10_000)]}
    result = read(inverters.COLLECTOR, available, absent=(DEVICE_DATA,))
    assert len(of(Inverter, result)) == 1000
    assert result.rejections == ((INVERTERS_V1, "limit", ""),)


def test_device_data_count_and_limit_are_exposed() -> None:
    device_data = one(DeviceData, read(inverters.COLLECTOR, {DEVICE_DATA: data(device(), deviceCount=50)}))
    assert (device_data.devices, device_data.limit) == (50, 50)
    assert of(DeviceData, read(inverters.COLLECTOR, {INVERTERS_V1: []}, absent=(DEVICE_DATA,))) == []


def test_device_data_at_its_limit_is_not_used_if_v1_fails() -> None:
    first = read(inverters.COLLECTOR, {DEVICE_DATA: data(device())})
    at_limit: Json = {**data(device()), "deviceCount": 50, "deviceDataLimit": 50}  # type: ignore[dict-item]
    assert of(Inverter, first) != []
    assert of(Inverter, read(inverters.COLLECTOR, {DEVICE_DATA: at_limit}, memory=first.memory)) == []
