"""The roof of the config: always there, and held against what the gateway lists."""

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
ROOF = Settings(inverters=(FIRST, SECOND))


def read(
    available: Mapping[str, Json],
    settings: Settings = ROOF,
    absent: tuple[str, ...] = (),
    memory: object = None,
) -> Result[Any]:
    return read_documents(layout.COLLECTOR, documents(available, absent), settings, memory)


def listed(read: Result[Any]) -> dict[str, bool | None]:
    return {each.serial: each.listed for each in of(layout.PlacedInverter, read)}


def pcu(serial: str, **more: Json) -> Json:
    return {"devName": "pcu", "sn": serial, "active": True, **more}


def v1(*serials: str) -> Json:
    return [{"serialNumber": serial, "devType": 1} for serial in serials]


def data(*devices: Json, count: int = 1) -> Json:
    return {**{str(index): each for index, each in enumerate(devices)}, "deviceCount": count, "deviceDataLimit": 50}


def test_the_layout_is_what_the_config_says_whatever_the_gateway_lists() -> None:
    found = read({})
    first, second = of(LayoutInfo, found)
    assert (first.serial, first.name, first.array, first.row, first.column) == ("122000000001", "S1", "south", "1", "2")
    assert (second.serial, second.name, second.array, second.row, second.column) == ("122000000002", *[None] * 4)
    assert [each.peak_power for each in of(layout.PlacedInverter, found)] == [370, None]


def test_who_is_in_device_data_is_listed() -> None:
    assert listed(read({DEVICE_DATA: data(pcu(FIRST.serial))})) == {FIRST.serial: True, SECOND.serial: False}


def test_who_was_removed_is_not_listed() -> None:
    """8.3.5433 goes on listing them, `active` false."""
    told = data(pcu(FIRST.serial), pcu(SECOND.serial, active=False))
    assert listed(read({DEVICE_DATA: told})) == {FIRST.serial: True, SECOND.serial: False}


def test_without_device_data_the_v1_list_says_who_is_there() -> None:
    told = {INVERTERS_V1: v1(SECOND.serial)}
    assert listed(read(told, absent=(DEVICE_DATA,))) == {FIRST.serial: False, SECOND.serial: True}


def inventory(**states: int) -> Json:
    """admin_state by serial, with an s before it; 3 was removed."""
    devices: list[Json] = [{"serial_num": name[1:], "admin_state": state} for name, state in states.items()]
    return [{"type": "PCU", "devices": devices}]


@pytest.mark.parametrize("own", [{DEVICE_DATA: data(pcu(FIRST.serial))}, {INVERTERS_V1: v1(FIRST.serial)}])
def test_whom_the_inventory_alone_lists_is_listed_too(own: Mapping[str, Json]) -> None:
    here = {**own, INVENTORY: inventory(s122000000001=2, s122000000002=2)}
    assert listed(read(here)) == {FIRST.serial: True, SECOND.serial: True}
    gone = {**own, INVENTORY: inventory(s122000000001=2, s122000000002=3)}
    assert listed(read(gone)) == {FIRST.serial: True, SECOND.serial: False}


def test_the_inventory_says_who_was_taken_away_where_the_v1_list_does_not() -> None:
    told = {INVERTERS_V1: v1(FIRST.serial, SECOND.serial), INVENTORY: inventory(s122000000002=3)}
    assert listed(read(told, absent=(DEVICE_DATA,))) == {FIRST.serial: True, SECOND.serial: False}


def test_device_data_has_the_last_word_on_who_was_taken_away() -> None:
    told = {DEVICE_DATA: data(pcu(FIRST.serial), pcu(SECOND.serial, active=False))}
    told[INVENTORY] = inventory(s122000000001=3, s122000000002=2)
    assert listed(read(told)) == {FIRST.serial: True, SECOND.serial: False}


def test_nobody_goes_missing_because_the_slow_inventory_fails_once() -> None:
    own = {DEVICE_DATA: data(pcu(FIRST.serial))}
    first = read({**own, INVENTORY: inventory(s122000000002=2)})
    assert listed(read(own, memory=first.memory))[SECOND.serial] is True
    assert listed(read(own, absent=(INVENTORY,), memory=first.memory))[SECOND.serial] is False


def test_an_ac_battery_in_the_v1_list_is_no_inverter() -> None:
    told: Mapping[str, Json] = {INVERTERS_V1: [{"serialNumber": FIRST.serial, "devType": 11}]}
    assert listed(read(told, absent=(DEVICE_DATA,)))[FIRST.serial] is False


def test_device_data_at_its_limit_does_not_say_who_is_missing() -> None:
    """It stops at 50 devices without a word (home-assistant/core#148331)."""
    full = data(pcu(FIRST.serial), count=50)
    assert listed(read({DEVICE_DATA: full})) == {FIRST.serial: None, SECOND.serial: None}
    before = read({DEVICE_DATA: data(pcu(FIRST.serial), pcu(SECOND.serial))}).memory
    assert listed(read({DEVICE_DATA: full}, memory=before))[SECOND.serial] is None
    both = {DEVICE_DATA: full, INVERTERS_V1: v1(SECOND.serial)}
    assert listed(read(both)) == {FIRST.serial: False, SECOND.serial: True}


def test_a_list_longer_than_is_read_does_not_say_who_is_missing() -> None:
    told = {INVERTERS_V1: v1(*(str(serial) for serial in range(122000001000, 122000002001)))}
    assert listed(read(told, absent=(DEVICE_DATA,)))[FIRST.serial] is None


@pytest.mark.parametrize("odd", [None, {}, "text", 1, {"error": 401}])
def test_while_the_list_is_not_known_nobody_is_missing(odd: Json) -> None:
    assert set(listed(read({INVERTERS_V1: odd}, absent=(DEVICE_DATA,))).values()) == {None}
    assert set(listed(read({DEVICE_DATA: odd})).values()) == {None}


def test_device_data_that_fails_once_is_waited_for() -> None:
    """As the inverters themselves do: in the meantime nobody is missing, and no other list is believed."""
    first = read({DEVICE_DATA: data(pcu(FIRST.serial))})
    second = read({INVERTERS_V1: v1(SECOND.serial)}, memory=first.memory)
    assert set(listed(second).values()) == {None}
    third = read({DEVICE_DATA: data(pcu(SECOND.serial))}, memory=second.memory)
    assert listed(third) == {FIRST.serial: False, SECOND.serial: True}


def test_an_empty_list_lists_nobody() -> None:
    assert set(listed(read({INVERTERS_V1: []}, absent=(DEVICE_DATA,))).values()) == {False}


def test_an_odd_list_is_rejected_by_the_inverters_and_not_twice() -> None:
    told: Mapping[str, Json] = {INVERTERS_V1: [1, {"serialNumber": "!"}, {"serialNumber": FIRST.serial}]}
    found = read(told, absent=(DEVICE_DATA,))
    assert found.rejections == ()
    assert listed(found)[FIRST.serial] is True


def test_the_arrays_of_the_config_and_those_that_inverters_name() -> None:
    both = Settings(inverters=(FIRST,), arrays=(PlacedArray(name="west", azimuth=258, tilt=22),))
    told = [(each.array, each.azimuth, each.tilt) for each in of(Array, read({}, both))]
    assert told == [("south", None, None), ("west", 258, 22)]


def test_a_config_without_a_layout_has_none() -> None:
    assert read({DEVICE_DATA: data(pcu(FIRST.serial))}, Settings()).readings == ()
