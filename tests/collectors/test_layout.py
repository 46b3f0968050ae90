"""The layout of the config: always exposed, and compared with the inverters that the gateway lists."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.documents import documents, of, read_documents

from envoy_exporter.collectors import layout
from envoy_exporter.collectors.collector import PlacedArray, PlacedInverter, Result, Settings
from envoy_exporter.collectors.layout import Array, LayoutInfo
from envoy_exporter.documents import DEVICE_DATA, INVENTORY, INVERTERS_V1, Json

FIRST = PlacedInverter(serial="122000000001", name="S1", array="south", row="1", column="2", peak_power=370)

SECOND = PlacedInverter(serial="122000000002")

LAYOUT = Settings(inverters=(FIRST, SECOND))


def read(
    available: Mapping[str, Json],
    settings: Settings = LAYOUT,
    absent: tuple[str, ...] = (),
    memory: object = None,
) -> Result[Any]:
    return read_documents(layout.COLLECTOR, documents(available, absent), settings, memory)


def listed(result: Result[Any]) -> dict[str, bool | None]:
    return {inverter.serial: inverter.listed for inverter in of(layout.PlacedInverter, result)}


def pcu(serial: str, **more: Json) -> Json:
    return {"devName": "pcu", "sn": serial, "active": True, **more}


def v1(*serials: str) -> Json:
    return [{"serialNumber": serial, "devType": 1} for serial in serials]


def data(*devices: Json, count: int = 1) -> Json:
    return {**{str(index): device for index, device in enumerate(devices)}, "deviceCount": count, "deviceDataLimit": 50}


def test_layout_is_that_of_the_config_without_any_document() -> None:
    result = read({})
    first, second = of(LayoutInfo, result)
    assert (first.serial, first.name, first.array, first.row, first.column) == ("122000000001", "S1", "south", "1", "2")
    assert (second.serial, second.name, second.array, second.row, second.column) == ("122000000002", *[None] * 4)
    assert [inverter.peak_power for inverter in of(layout.PlacedInverter, result)] == [370, None]


def test_layout_inverter_in_device_data_is_listed() -> None:
    assert listed(read({DEVICE_DATA: data(pcu(FIRST.serial))})) == {FIRST.serial: True, SECOND.serial: False}


def test_layout_inverter_that_was_removed_is_not_listed() -> None:
    """8.3.5433 still lists removed inverters, with `active` false."""
    content = data(pcu(FIRST.serial), pcu(SECOND.serial, active=False))
    assert listed(read({DEVICE_DATA: content})) == {FIRST.serial: True, SECOND.serial: False}


def test_layout_without_device_data_uses_the_v1_list() -> None:
    available = {INVERTERS_V1: v1(SECOND.serial)}
    assert listed(read(available, absent=(DEVICE_DATA,))) == {FIRST.serial: False, SECOND.serial: True}


def inventory(**states: int) -> Json:
    """admin_state by serial, with an s before the serial; 3 means removed."""
    devices: list[Json] = [{"serial_num": name[1:], "admin_state": state} for name, state in states.items()]
    return [{"type": "PCU", "devices": devices}]


@pytest.mark.parametrize("own", [{DEVICE_DATA: data(pcu(FIRST.serial))}, {INVERTERS_V1: v1(FIRST.serial)}])
def test_layout_inverter_only_in_the_inventory_is_listed(own: Mapping[str, Json]) -> None:
    installed = {**own, INVENTORY: inventory(s122000000001=2, s122000000002=2)}
    assert listed(read(installed)) == {FIRST.serial: True, SECOND.serial: True}
    removed = {**own, INVENTORY: inventory(s122000000001=2, s122000000002=3)}
    assert listed(read(removed)) == {FIRST.serial: True, SECOND.serial: False}


def test_layout_inverter_removed_in_the_inventory_is_not_listed() -> None:
    available = {INVERTERS_V1: v1(FIRST.serial, SECOND.serial), INVENTORY: inventory(s122000000002=3)}
    assert listed(read(available, absent=(DEVICE_DATA,))) == {FIRST.serial: True, SECOND.serial: False}


def test_layout_device_data_overrides_the_inventory() -> None:
    available = {DEVICE_DATA: data(pcu(FIRST.serial), pcu(SECOND.serial, active=False))}
    available[INVENTORY] = inventory(s122000000001=3, s122000000002=2)
    assert listed(read(available)) == {FIRST.serial: True, SECOND.serial: False}


def test_layout_inverter_stays_listed_if_the_inventory_fails_once() -> None:
    own = {DEVICE_DATA: data(pcu(FIRST.serial))}
    first = read({**own, INVENTORY: inventory(s122000000002=2)})
    assert listed(read(own, memory=first.memory))[SECOND.serial] is True
    assert listed(read(own, absent=(INVENTORY,), memory=first.memory))[SECOND.serial] is False


def test_layout_ac_battery_of_the_v1_list_is_not_an_inverter() -> None:
    available: Mapping[str, Json] = {INVERTERS_V1: [{"serialNumber": FIRST.serial, "devType": 11}]}
    assert listed(read(available, absent=(DEVICE_DATA,)))[FIRST.serial] is False


def test_layout_with_device_data_at_its_limit_is_unknown() -> None:
    """It stops at 50 devices without a notice (home-assistant/core#148331)."""
    full = data(pcu(FIRST.serial), count=50)
    assert listed(read({DEVICE_DATA: full})) == {FIRST.serial: None, SECOND.serial: None}
    before = read({DEVICE_DATA: data(pcu(FIRST.serial), pcu(SECOND.serial))}).memory
    assert listed(read({DEVICE_DATA: full}, memory=before))[SECOND.serial] is None
    lists = {DEVICE_DATA: full, INVERTERS_V1: v1(SECOND.serial)}
    assert listed(read(lists)) == {FIRST.serial: False, SECOND.serial: True}


def test_layout_with_a_v1_list_beyond_the_limit_is_unknown() -> None:
    available = {INVERTERS_V1: v1(*(str(serial) for serial in range(122000001000, 122000002001)))}
    assert listed(read(available, absent=(DEVICE_DATA,)))[FIRST.serial] is None


@pytest.mark.parametrize("content", [None, {}, "text", 1, {"error": 401}])
def test_layout_with_an_invalid_list_is_unknown(content: Json) -> None:
    assert set(listed(read({INVERTERS_V1: content}, absent=(DEVICE_DATA,))).values()) == {None}
    assert set(listed(read({DEVICE_DATA: content})).values()) == {None}


def test_layout_with_device_data_that_fails_once_is_unknown() -> None:
    """As in the inverters collector: meanwhile no inverter is missing, and no other list is used."""
    first = read({DEVICE_DATA: data(pcu(FIRST.serial))})
    second = read({INVERTERS_V1: v1(SECOND.serial)}, memory=first.memory)
    assert set(listed(second).values()) == {None}
    third = read({DEVICE_DATA: data(pcu(SECOND.serial))}, memory=second.memory)
    assert listed(third) == {FIRST.serial: False, SECOND.serial: True}


def test_layout_with_an_empty_list_has_no_listed_inverter() -> None:
    assert set(listed(read({INVERTERS_V1: []}, absent=(DEVICE_DATA,))).values()) == {False}


def test_layout_does_not_repeat_rejections_of_the_inverters() -> None:
    available: Mapping[str, Json] = {INVERTERS_V1: [1, {"serialNumber": "!"}, {"serialNumber": FIRST.serial}]}
    result = read(available, absent=(DEVICE_DATA,))
    assert result.rejections == ()
    assert listed(result)[FIRST.serial] is True


def test_layout_arrays_are_those_of_the_config_and_its_inverters() -> None:
    settings = Settings(inverters=(FIRST,), arrays=(PlacedArray(name="west", azimuth=258, tilt=22),))
    arrays = [(array.array, array.azimuth, array.tilt) for array in of(Array, read({}, settings))]
    assert arrays == [("south", None, None), ("west", 258, 22)]


def test_layout_of_a_config_without_one_is_absent() -> None:
    assert read({DEVICE_DATA: data(pcu(FIRST.serial))}, Settings()).readings == ()
