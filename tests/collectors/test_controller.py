"""What switches the house off the grid: a system controller or a collar, what they say, and what only one can mean."""

import pytest
from support.documents import of, one, read

from envoy_exporter.collectors import controller
from envoy_exporter.collectors.controller_readings import (
    Collar,
    CollarInfo,
    Combiner,
    CombinerInfo,
    Enpower,
    EnpowerCommunicationLevel,
    EnpowerInfo,
    EnpowerRelay,
    Grid,
    GridMode,
)
from envoy_exporter.documents import ENSEMBLE_ERRORS, ENSEMBLE_INVENTORY, ENSEMBLE_STATUS, Json


def enpower(serial: str = "9", **more: Json) -> Json:
    return {
        "part_num": "860-00376-r37",
        "serial_num": serial,
        "last_rpt_date": 1_780_999_000,
        "img_pnum_running": "2.0.5729_rel/22.15",
        "communicating": True,
        "temperature": 91,
        "comm_level_sub_ghz": 5,
        "comm_level_2_4_ghz": 4,
        "mains_admin_state": "closed",
        "mains_oper_state": "closed",
        "Enpwr_grid_mode": "multimode-ongrid",
        "Enchg_grid_mode": "multimode-ongrid",
        "Enpwr_relay_state_bm": 16124,
        "Enpwr_curr_state_id": 16,
        **more,
    }


def collar(**more: Json) -> Json:
    return {
        "part_num": "865-00400-r22",
        "serial_num": "8",
        "last_rpt_date": 1_752_939_759,
        "admin_state": 88,
        "admin_state_str": "ENCMN_MDE_ON_GRID",
        "device_status": ["envoy.global.ok", "prop.done"],
        "img_pnum_running": "3.0.6-D0",
        "communicating": True,
        "temperature": 42,
        "mid_state": "close",
        "grid_state": "on_grid",
        "control_error": 0,
        "collar_state": "Installed",
        **more,
    }


def listed(kind: str, *devices: Json, **available: Json) -> dict[str, Json]:
    return {ENSEMBLE_INVENTORY: [{"type": kind, "devices": list(devices)}], **available}


RELAY: Json = {
    "relay": {
        "der1_state": 1,
        "der2_state": 1,
        "der3_state": 0,
        "Enchg_grid_mode": "multimode-generator",
        "Solar_grid_mode": "multimode-offgrid",
    }
}
STATUS: dict[str, Json] = {ENSEMBLE_STATUS: RELAY}
ERRORS: dict[str, Json] = {ENSEMBLE_ERRORS: {"enpower_error_flags": 5}}


def test_without_a_controller_the_relay_of_the_status_says_nothing() -> None:
    """8.2.4382_ACB: closed mains, grid-tied, and three relays, with nothing there to be switched."""
    assert read(controller.COLLECTOR, {ENSEMBLE_INVENTORY: [], **STATUS, **ERRORS}).readings == ()


def test_a_house_on_the_grid() -> None:
    assert one(Grid, read(controller.COLLECTOR, listed("ENPOWER", enpower()))) == Grid(
        serial="9", device="enpower", connected=True, enabled=True
    )


def test_the_grid_is_not_connected_while_the_generator_runs() -> None:
    """8.2.127_with_generator_running: nobody has switched the grid off, and the controller's own mode stays."""
    running = enpower(mains_oper_state="open", Enchg_grid_mode="multimode-generator", Enpwr_curr_state_id=128)
    found = read(controller.COLLECTOR, listed("ENPOWER", running))
    assert one(Grid, found) == Grid(serial="9", device="enpower", connected=False, enabled=True)
    modes = one(GridMode, found)
    assert (modes.grid, modes.battery) == ("multimode-ongrid", "multimode-generator")
    assert one(Enpower, found).state == 128


@pytest.mark.parametrize(
    ("state", "connected"),
    [
        ("closed", True),
        ("close", True),
        ("open", False),
        ("opening", False),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_only_a_closed_switch_connects_and_one_that_says_nothing_is_not_open(state: Json, connected: object) -> None:
    assert (
        one(Grid, read(controller.COLLECTOR, listed("ENPOWER", enpower(mains_oper_state=state)))).connected is connected
    )


def test_a_state_that_is_no_text_is_rejected() -> None:
    found = read(controller.COLLECTOR, listed("ENPOWER", enpower(mains_oper_state=1)))
    assert one(Grid, found).connected is None
    assert (ENSEMBLE_INVENTORY, "type", "mains_oper_state") in found.rejections


@pytest.mark.parametrize(("fahrenheit", "celsius"), [(32, 0), (212, 100), (-40, -40), (77, 25)])
def test_the_controller_alone_counts_in_fahrenheit(fahrenheit: int, celsius: float) -> None:
    found = one(Enpower, read(controller.COLLECTOR, listed("ENPOWER", enpower(temperature=fahrenheit))))
    assert found.temperature == pytest.approx(celsius)


def test_a_controller_hotter_than_boiling_oil_is_rejected() -> None:
    found = read(controller.COLLECTOR, listed("ENPOWER", enpower(temperature=65535)))
    assert one(Enpower, found).temperature is None
    assert (ENSEMBLE_INVENTORY, "range", "temperature") in found.rejections


def test_what_a_controller_says_of_itself() -> None:
    found = read(controller.COLLECTOR, listed("ENPOWER", enpower()))
    info = EnpowerInfo(serial="9", part_number="860-00376-r37", firmware="2.0.5729_rel/22.15")
    assert one(EnpowerInfo, found) == info
    told = one(Enpower, found)
    assert (told.communicating, told.operating, told.last_report) == (True, None, 1_780_999_000)
    assert (told.state, told.relays, told.errors) == (16, 16124, None)
    assert {each.band: each.level for each in of(EnpowerCommunicationLevel, found)} == {"sub_ghz": 5, "2_4_ghz": 4}


def test_before_firmware_8_a_controller_says_that_it_operates() -> None:
    assert one(Enpower, read(controller.COLLECTOR, listed("ENPOWER", enpower(operating=True)))).operating is True


def test_the_relays_of_the_status_are_those_of_the_only_controller() -> None:
    found = read(controller.COLLECTOR, listed("ENPOWER", enpower(), **STATUS, **ERRORS))
    assert [(each.serial, each.relay, each.state) for each in of(EnpowerRelay, found)] == [
        ("9", "1", 1),
        ("9", "2", 1),
        ("9", "3", 0),
    ]
    modes = one(GridMode, found)
    assert (modes.battery, modes.solar) == ("multimode-ongrid", "multimode-offgrid")
    assert one(Enpower, found).errors == 5


def test_of_two_controllers_nobody_knows_whose_relays_and_errors_they_are() -> None:
    told = listed("ENPOWER", enpower("9"), enpower("7"), **STATUS, **ERRORS)
    found = read(controller.COLLECTOR, told)
    assert [each.connected for each in of(Grid, found)] == [True, True]
    assert {each.state for each in of(EnpowerRelay, found)} == {None}
    assert {each.solar for each in of(GridMode, found)} == {None}
    assert {each.errors for each in of(Enpower, found)} == {None}


def test_firmware_7_has_two_relays() -> None:
    """7.3.517 has no der3_state."""
    two: dict[str, Json] = {ENSEMBLE_STATUS: {"relay": {"der1_state": 1, "der2_state": 0}}}
    told = listed("ENPOWER", enpower(), **two)
    assert [each.state for each in of(EnpowerRelay, read(controller.COLLECTOR, told))] == [1, 0, None]


def test_a_collar_on_the_grid() -> None:
    """8.3.1598_collar."""
    found = read(controller.COLLECTOR, listed("COLLAR", collar(), **STATUS))
    assert one(Grid, found) == Grid(serial="8", device="collar", connected=True, enabled=None)
    info = CollarInfo(serial="8", part_number="865-00400-r22", firmware="3.0.6-D0")
    assert one(CollarInfo, found) == info
    assert one(Collar, found) == Collar(
        serial="8",
        temperature=42,
        communicating=True,
        last_report=1_752_939_759,
        mid_closed=True,
        installed=True,
        control_error=0,
        grid_state="on_grid",
        status=frozenset({"envoy.global.ok", "prop.done"}),
    )


@pytest.mark.parametrize(
    ("admin_state", "connected"),
    [("ENCMN_MDE_ON_GRID", True), ("ENCMN_MDE_OFF_GRID", False), ("ENCMN_MDE_NEW", None), (88, None), (None, None)],
)
@pytest.mark.parametrize("grid_state", ["on_grid", "off_grid", None])
def test_collar_connection_follows_its_admin_state(admin_state: Json, connected: bool | None, grid_state: Json) -> None:
    """home-assistant/core#153766: grid_state stays on_grid in an outage."""
    found = read(controller.COLLECTOR, listed("COLLAR", collar(admin_state_str=admin_state, grid_state=grid_state)))
    assert one(Grid, found).connected is connected
    assert one(Collar, found).grid_state == grid_state


def test_collar_off_the_grid_reports_its_switch_and_error() -> None:
    apart = collar(
        admin_state_str="ENCMN_MDE_OFF_GRID", mid_state="open", control_error=3, collar_state="Not Installed"
    )
    found = one(Collar, read(controller.COLLECTOR, listed("COLLAR", apart)))
    assert (found.mid_closed, found.control_error, found.installed) == (False, 3, False)


def test_a_collar_s_batteries_and_inverters_tell_their_mode_in_the_status() -> None:
    modes = one(GridMode, read(controller.COLLECTOR, listed("COLLAR", collar(), **STATUS)))
    assert modes == GridMode(serial="8", grid=None, battery="multimode-generator", solar="multimode-offgrid")


def test_a_combiner_says_its_firmware_under_another_name() -> None:
    told: Json = {
        "part_num": "800-02403-r08",
        "serial_num": "6",
        "last_rpt_date": 1_752_945_451,
        "fw_version": "0.1.20-D1",
        "communicating": False,
    }
    found = read(controller.COLLECTOR, listed("C6 COMBINER CONTROLLER", told))
    assert one(CombinerInfo, found) == CombinerInfo(serial="6", part_number="800-02403-r08", firmware="0.1.20-D1")
    assert one(Combiner, found) == Combiner(serial="6", communicating=False, last_report=1_752_945_451)


def test_a_device_without_a_usable_serial_is_rejected() -> None:
    found = read(
        controller.COLLECTOR, listed("ENPOWER", enpower(serial="a serial with blanks"), enpower("9"), enpower("9"))
    )
    assert [each.serial for each in of(Grid, found)] == ["9"]
    assert [rejection.rule for rejection in found.rejections] == ["label", "duplicate"]
