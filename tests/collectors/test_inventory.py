"""What the inventory reports of inverters: identity, state and phase, and which are removed."""

import pytest
from support.documents import NOW, of, one, read
from support.inverters import data, device, listed

from envoy_exporter.collectors import inverters
from envoy_exporter.collectors.inventory import InverterPhase, InverterState
from envoy_exporter.collectors.inverter_reports import Inverter
from envoy_exporter.collectors.inverters import InverterInfo
from envoy_exporter.documents import (
    DEVICE_DATA,
    INVENTORY,
    INVERTERS_V1,
    Json,
)


def pcu(serial: str = "122000000001", state: int = 2, **more: Json) -> Json:
    """An inverter of the inventory; a removed one (3) has no states."""
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
    batteries: Json = {"type": "ACB", "devices": [pcu("acb", dev_type=11)]}
    return {INVENTORY: [batteries, {"type": "PCU", "devices": list(listed)}], **available}


def test_inventory_provides_info_state_and_phase_of_an_inverter() -> None:
    available = with_inventory(pcu(operating=False, phase="ph-b"), **{DEVICE_DATA: data(device())})
    result = read(inverters.COLLECTOR, available)
    assert one(InverterInfo, result) == InverterInfo(
        serial="122000000001", part_number="800-01374-r02", device_type="pcu", firmware="521-00005-r06-v10.31.01"
    )
    assert one(InverterState, result) == InverterState(
        serial="122000000001",
        producing=True,
        communicating=True,
        operating=False,
        provisioned=True,
        status=frozenset({"envoy.global.ok"}),
    )
    assert one(InverterPhase, result) == InverterPhase(serial="122000000001", phase="ph-b")


def test_inventory_that_fails_once_keeps_the_inverter_info() -> None:
    first = read(inverters.COLLECTOR, with_inventory(pcu(), **{DEVICE_DATA: data(device())}))
    second = read(inverters.COLLECTOR, {DEVICE_DATA: data(device())}, memory=first.memory)
    assert of(InverterInfo, second) == of(InverterInfo, first)
    assert of(InverterState, second) == []
    third = read(inverters.COLLECTOR, {DEVICE_DATA: data(device())}, absent=(INVENTORY,), memory=second.memory)
    assert one(InverterInfo, third).part_number is None


def test_inventory_removed_inverter_is_inactive_without_values() -> None:
    """8.3.5433_tot_is_net_cons: admin_state 3, in a separate list after the others."""
    available = with_inventory(pcu(), pcu("9", 3), **{INVERTERS_V1: [listed()]})
    result = read(inverters.COLLECTOR, available, absent=(DEVICE_DATA,))
    assert {inverter.serial: inverter.active for inverter in of(Inverter, result)} == {"122000000001": True, "9": False}
    assert [state.serial for state in of(InverterState, result)] == ["122000000001"]
    assert [info.serial for info in of(InverterInfo, result)] == ["122000000001"]


def test_inventory_admin_state_is_overridden_by_device_data() -> None:
    available = with_inventory(pcu(state=3), pcu("2"), **{DEVICE_DATA: data(device())})
    assert {inverter.serial: inverter.active for inverter in of(Inverter, read(inverters.COLLECTOR, available))} == {
        "122000000001": True,
        "2": True,
    }


def test_inventory_does_not_replace_device_data_that_is_missing() -> None:
    first = read(inverters.COLLECTOR, with_inventory(pcu(), **{DEVICE_DATA: data(device())}))
    second = read(inverters.COLLECTOR, with_inventory(pcu()), memory=first.memory)
    assert of(Inverter, second) == []
    assert one(InverterState, second).producing


def test_inventory_flags_of_a_removed_inverter_are_omitted() -> None:
    """8.3.5169_ACB_inventory at night, and a flag that a later firmware may add."""
    night: list[Json] = ["envoy.cond_flags.pcu_ctrl.dc-pwr-low", "envoy.cond_flags.obs_strs.failure"]
    available = with_inventory(pcu("1"), pcu("2", device_status=[*night, "new"]), pcu("4", 3, device_status=night))
    result = read(inverters.COLLECTOR, available)
    assert {state.serial: state.status for state in of(InverterState, result)} == {
        "1": {"envoy.global.ok"},
        "2": {*night, "new"},
    }


@pytest.mark.parametrize(("age", "reporting"), [(90 * 60, True), (90 * 60 + 1, False)])
def test_inventory_date_decides_whether_an_inverter_reports(age: int, *, reporting: bool) -> None:
    unlisted = pcu("9", last_rpt_date=str(int(NOW) - age))
    for source in ({DEVICE_DATA: data(device())}, {INVERTERS_V1: [listed()]}):
        by_serial = {
            inverter.serial: inverter
            for inverter in of(Inverter, read(inverters.COLLECTOR, with_inventory(pcu(), unlisted, **source)))
        }
        assert (by_serial["9"].active, by_serial["9"].reporting, by_serial["9"].last_report) == (
            True,
            reporting,
            int(NOW) - age,
        )
        assert by_serial["122000000001"].last_report == int(NOW) - 60


def test_inventory_date_zero_means_that_an_inverter_never_reported() -> None:
    inverter = one(
        Inverter, read(inverters.COLLECTOR, with_inventory(pcu("9", last_rpt_date="0")), absent=(DEVICE_DATA,))
    )
    assert (inverter.reporting, inverter.last_report) == (False, None)


def test_inventory_dates_do_not_replace_a_v1_list_that_failed() -> None:
    first = read(inverters.COLLECTOR, with_inventory(pcu(), **{INVERTERS_V1: [listed()]}), absent=(DEVICE_DATA,))
    assert one(Inverter, first).reporting
    second = read(inverters.COLLECTOR, with_inventory(pcu()), absent=(DEVICE_DATA,), memory=first.memory)
    assert one(Inverter, second) == Inverter(serial="122000000001", active=True)


def test_inventory_removed_inverter_of_the_v1_list_is_inactive() -> None:
    """4.2.33 lists 51 inverters, of which 19 are installed."""
    available = with_inventory(pcu(state=3), **{INVERTERS_V1: [listed()]})
    result = read(inverters.COLLECTOR, available, absent=(DEVICE_DATA,))
    assert one(Inverter, result) == Inverter(serial="122000000001", active=False)
