"""What the inventory says of inverters: what they are, how they fare, and who is none any more."""

import pytest
from support.documents import NOW, of, one, read
from support.inverters import data, device, listed

from envoy_exporter.collectors import inverters
from envoy_exporter.collectors.inventory import InverterPhase, InverterState
from envoy_exporter.collectors.inverter_reports import Inverter
from envoy_exporter.collectors.inverters import InverterInfo
from envoy_exporter.documents import DEVICE_DATA, INVENTORY, INVERTERS_V1, Json


def known(serial: str = "122000000001", state: int = 2, **more: Json) -> Json:
    """An inverter of the inventory; a removed one (3) lacks its states."""
    flags: dict[str, Json] = dict.fromkeys(("producing", "communicating", "provisioned", "operating"), True)
    return {
        "serial_num": serial,
        "part_num": "800-01374-r02",
        "img_pnum_running": "521-00005-r06-v10.31.01",
        "device_status": ["envoy.global.ok"],
        "last_rpt_date": "1780999000",
        "admin_state": state,
        "dev_type": 1,
        **(flags if state != 3 else {}),
        **more,
    }


def with_inventory(*listed: Json, **available: Json) -> dict[str, Json]:
    batteries: Json = {"type": "ACB", "devices": [known("acb", dev_type=11)]}
    return {INVENTORY: [batteries, {"type": "PCU", "devices": list(listed)}], **available}


def test_the_inventory_says_what_an_inverter_is_and_how_it_fares() -> None:
    told = with_inventory(known(operating=False, phase="ph-b"), **{DEVICE_DATA: data(device())})
    found = read(inverters.COLLECTOR, told)
    assert one(InverterInfo, found) == InverterInfo(
        serial="122000000001", part_number="800-01374-r02", device_type="pcu", firmware="521-00005-r06-v10.31.01"
    )
    assert one(InverterState, found) == InverterState(
        serial="122000000001",
        producing=True,
        communicating=True,
        operating=False,
        provisioned=True,
        status=frozenset({"envoy.global.ok"}),
    )
    assert one(InverterPhase, found) == InverterPhase(serial="122000000001", phase="ph-b")


def test_an_inverter_does_not_change_its_name_while_the_slow_inventory_fails() -> None:
    first = read(inverters.COLLECTOR, with_inventory(known(), **{DEVICE_DATA: data(device())}))
    second = read(inverters.COLLECTOR, {DEVICE_DATA: data(device())}, memory=first.memory)
    assert of(InverterInfo, second) == of(InverterInfo, first)
    assert of(InverterState, second) == []
    third = read(inverters.COLLECTOR, {DEVICE_DATA: data(device())}, absent=(INVENTORY,), memory=second.memory)
    assert one(InverterInfo, third).part_number is None


def test_a_removed_inverter_of_the_inventory_is_inactive_and_nothing_else() -> None:
    """8.3.5433_tot_is_net_cons: admin_state 3, in a list of its own below the others."""
    told = with_inventory(known(), known("9", 3), **{INVERTERS_V1: [listed()]})
    found = read(inverters.COLLECTOR, told, absent=(DEVICE_DATA,))
    assert {each.serial: each.active for each in of(Inverter, found)} == {"122000000001": True, "9": False}
    assert [each.serial for each in of(InverterState, found)] == ["122000000001"]
    assert [each.serial for each in of(InverterInfo, found)] == ["122000000001"]


def test_device_data_has_the_last_word_on_who_is_active() -> None:
    told = with_inventory(known(state=3), known("2"), **{DEVICE_DATA: data(device())})
    assert {each.serial: each.active for each in of(Inverter, read(inverters.COLLECTOR, told))} == {
        "122000000001": True,
        "2": True,
    }


def test_while_device_data_is_waited_for_the_inventory_does_not_stand_in() -> None:
    first = read(inverters.COLLECTOR, with_inventory(known(), **{DEVICE_DATA: data(device())}))
    second = read(inverters.COLLECTOR, with_inventory(known()), memory=first.memory)
    assert of(Inverter, second) == []
    assert one(InverterState, second).producing


def test_each_inverter_has_its_flags_and_a_removed_one_s_trouble_is_old() -> None:
    """The night of 8.3.5169_ACB_inventory, and a word of tomorrow's firmware."""
    dark: list[Json] = ["envoy.cond_flags.pcu_ctrl.dc-pwr-low", "envoy.cond_flags.obs_strs.failure"]
    told = with_inventory(known("1"), known("2", device_status=[*dark, "new"]), known("4", 3, device_status=dark))
    found = read(inverters.COLLECTOR, told)
    assert {each.serial: each.status for each in of(InverterState, found)} == {
        "1": {"envoy.global.ok"},
        "2": {*dark, "new"},
    }


def test_a_status_that_is_no_list_is_rejected() -> None:
    odd = read(inverters.COLLECTOR, with_inventory(known(device_status="envoy.global.ok")))
    assert one(InverterState, odd).status is None
    assert odd.rejections == ((INVENTORY, "type", "device_status"),)


@pytest.mark.parametrize(("age", "reporting"), [(90 * 60, True), (90 * 60 + 1, False)])
def test_an_inverter_that_the_inventory_alone_lists_reports_or_not_by_its_date(age: int, *, reporting: bool) -> None:
    only = known("9", last_rpt_date=str(int(NOW) - age))
    for own in ({DEVICE_DATA: data(device())}, {INVERTERS_V1: [listed()]}):
        found = {
            each.serial: each for each in of(Inverter, read(inverters.COLLECTOR, with_inventory(known(), only, **own)))
        }
        assert (found["9"].active, found["9"].reporting, found["9"].last_report) == (True, reporting, int(NOW) - age)
        assert found["122000000001"].last_report == int(NOW) - 60


def test_one_that_was_never_heard_of_does_not_report() -> None:
    found = one(
        Inverter, read(inverters.COLLECTOR, with_inventory(known("9", last_rpt_date="0")), absent=(DEVICE_DATA,))
    )
    assert (found.reporting, found.last_report) == (False, None)


def test_while_the_list_of_all_fails_the_inventory_s_dates_do_not_stand_in() -> None:
    first = read(inverters.COLLECTOR, with_inventory(known(), **{INVERTERS_V1: [listed()]}), absent=(DEVICE_DATA,))
    assert one(Inverter, first).reporting
    second = read(inverters.COLLECTOR, with_inventory(known()), absent=(DEVICE_DATA,), memory=first.memory)
    assert one(Inverter, second) == Inverter(serial="122000000001", active=True)


def test_a_removed_one_that_the_v1_list_goes_on_naming_is_inactive_and_nothing_else() -> None:
    """4.2.33 names 51, of which 19 are there."""
    told = with_inventory(known(state=3), **{INVERTERS_V1: [listed()]})
    found = read(inverters.COLLECTOR, told, absent=(DEVICE_DATA,))
    assert one(Inverter, found) == Inverter(serial="122000000001", active=False)
