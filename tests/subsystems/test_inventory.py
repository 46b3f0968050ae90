"""What the inventory says of inverters: what they are, how they fare, and who is none any more."""

from support.documents import of, one, read
from support.inverters import data, device, listed

from envoy_exporter.documents import DEVICE_DATA, INVENTORY, INVERTERS_V1, Json
from envoy_exporter.subsystems import inverters
from envoy_exporter.subsystems.inventory import InverterPhase, InvertersCondition, InverterState
from envoy_exporter.subsystems.inverters import Inverter, InverterInfo


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


def with_inventory(*listed: Json, **at_hand: Json) -> dict[str, Json]:
    batteries: Json = {"type": "ACB", "devices": [known("acb")]}
    return {INVENTORY: [batteries, {"type": "PCU", "devices": list(listed)}], **at_hand}


def test_the_inventory_says_what_an_inverter_is_and_how_it_fares() -> None:
    told = with_inventory(known(operating=False, phase="ph-b"), **{DEVICE_DATA: data(device())})
    found = read(inverters, told)
    assert one(InverterInfo, found) == InverterInfo(
        serial="122000000001", part_number="800-01374-r02", device_type="pcu", firmware="521-00005-r06-v10.31.01"
    )
    assert one(InverterState, found) == InverterState(
        serial="122000000001",
        producing=True,
        communicating=True,
        operating=False,
        provisioned=True,
        status_ok=True,
    )
    assert one(InverterPhase, found) == InverterPhase(serial="122000000001", phase="ph-b")


def test_an_inverter_does_not_change_its_name_while_the_slow_inventory_fails() -> None:
    first = read(inverters, with_inventory(known(), **{DEVICE_DATA: data(device())}))
    second = read(inverters, {DEVICE_DATA: data(device())}, memory=first.memory)
    assert of(InverterInfo, second) == of(InverterInfo, first)
    assert of(InverterState, second) == []
    third = read(inverters, {DEVICE_DATA: data(device())}, absent=(INVENTORY,), memory=second.memory)
    assert one(InverterInfo, third).part_number is None


def test_a_removed_inverter_of_the_inventory_is_inactive_and_nothing_else() -> None:
    """8.3.5433_tot_is_net_cons: admin_state 3, in a list of its own below the others."""
    told = with_inventory(known(), known("9", 3), **{INVERTERS_V1: [listed()]})
    found = read(inverters, told, absent=(DEVICE_DATA,))
    assert {each.serial: each.active for each in of(Inverter, found)} == {"122000000001": True, "9": False}
    assert [each.serial for each in of(InverterState, found)] == ["122000000001"]
    assert [each.serial for each in of(InverterInfo, found)] == ["122000000001"]


def test_device_data_has_the_last_word_on_who_is_active() -> None:
    told = with_inventory(known(state=3), known("2"), **{DEVICE_DATA: data(device())})
    assert {each.serial: each.active for each in of(Inverter, read(inverters, told))} == {
        "122000000001": True,
        "2": True,
    }


def test_while_device_data_is_waited_for_the_inventory_does_not_stand_in() -> None:
    first = read(inverters, with_inventory(known(), **{DEVICE_DATA: data(device())}))
    second = read(inverters, with_inventory(known()), memory=first.memory)
    assert of(Inverter, second) == []
    assert one(InverterState, second).producing


def test_conditions_are_counted_over_the_inverters_that_are_there() -> None:
    """The night of 8.3.5169_ACB_inventory, and a word of tomorrow's firmware; the removed one's trouble is old."""
    dark: list[Json] = ["envoy.cond_flags.pcu_ctrl.dc-pwr-low", "envoy.cond_flags.obs_strs.failure"]
    low: Json = "envoy.cond_flags.pcu_chan.dcvoltagetoolow"
    told = with_inventory(
        known("1"),
        known("2", device_status=dark),
        known("3", device_status=[*dark, low, "new", "newer"]),
        known("4", 3, device_status=dark),
    )
    found = read(inverters, told)
    assert {each.condition: each.inverters for each in of(InvertersCondition, found)} == {
        "envoy.global.ok": 1,
        "envoy.cond_flags.pcu_ctrl.dc-pwr-low": 2,
        "envoy.cond_flags.obs_strs.failure": 2,
        "envoy.cond_flags.pcu_chan.dcvoltagetoolow": 1,
        "other": 1,
    }
    assert [each.status_ok for each in of(InverterState, found)] == [True, False, False]


def test_without_an_inventory_no_condition_is_counted() -> None:
    assert of(InvertersCondition, read(inverters, {DEVICE_DATA: data(device())})) == []
    odd = read(inverters, with_inventory(known(device_status="envoy.global.ok")))
    assert of(InvertersCondition, odd) == []
    assert one(InverterState, odd).status_ok is None
    assert odd.refusals == ((INVENTORY, "type", "device_status"),)
