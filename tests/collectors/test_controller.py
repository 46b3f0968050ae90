"""System controllers, collars and combiners: the grid connection, their values, and what needs a single controller."""

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


def test_controller_missing_from_inventory_ignores_the_status_relay() -> None:
    """8.2.4382_ACB: closed mains, grid-tied, and three relays, although there is no device that could switch."""
    assert read(controller.COLLECTOR, {ENSEMBLE_INVENTORY: [], **STATUS, **ERRORS}).readings == ()


def test_controller_on_grid_is_connected() -> None:
    assert one(Grid, read(controller.COLLECTOR, listed("ENPOWER", enpower()))) == Grid(
        serial="9", device="enpower", connected=True, enabled=True
    )


def test_controller_with_a_running_generator_is_not_connected() -> None:
    """8.2.127_with_generator_running: the grid was not switched off by hand, and the controller keeps its own mode."""
    running = enpower(mains_oper_state="open", Enchg_grid_mode="multimode-generator", Enpwr_curr_state_id=128)
    result = read(controller.COLLECTOR, listed("ENPOWER", running))
    assert one(Grid, result) == Grid(serial="9", device="enpower", connected=False, enabled=True)
    modes = one(GridMode, result)
    assert (modes.grid, modes.battery) == ("multimode-ongrid", "multimode-generator")
    assert one(Enpower, result).state == 128


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
def test_controller_switch_state_decides_whether_it_is_connected(state: Json, connected: object) -> None:
    assert (
        one(Grid, read(controller.COLLECTOR, listed("ENPOWER", enpower(mains_oper_state=state)))).connected is connected
    )


def test_controller_switch_state_that_is_not_text_is_rejected() -> None:
    result = read(controller.COLLECTOR, listed("ENPOWER", enpower(mains_oper_state=1)))
    assert one(Grid, result).connected is None
    assert (ENSEMBLE_INVENTORY, "type", "mains_oper_state") in result.rejections


@pytest.mark.parametrize(("fahrenheit", "celsius"), [(32, 0), (212, 100), (-40, -40), (77, 25)])
def test_controller_temperature_is_converted_from_fahrenheit(fahrenheit: int, celsius: float) -> None:
    device = one(Enpower, read(controller.COLLECTOR, listed("ENPOWER", enpower(temperature=fahrenheit))))
    assert device.temperature == pytest.approx(celsius)


def test_controller_temperature_out_of_range_is_rejected() -> None:
    result = read(controller.COLLECTOR, listed("ENPOWER", enpower(temperature=65535)))
    assert one(Enpower, result).temperature is None
    assert (ENSEMBLE_INVENTORY, "range", "temperature") in result.rejections


def test_controller_info_and_values_are_exposed() -> None:
    result = read(controller.COLLECTOR, listed("ENPOWER", enpower()))
    info = EnpowerInfo(serial="9", part_number="860-00376-r37", firmware="2.0.5729_rel/22.15")
    assert one(EnpowerInfo, result) == info
    device = one(Enpower, result)
    assert (device.communicating, device.operating, device.last_report) == (True, None, 1_780_999_000)
    assert (device.state, device.relays, device.errors) == (16, 16124, None)
    assert {level.band: level.level for level in of(EnpowerCommunicationLevel, result)} == {"sub_ghz": 5, "2_4_ghz": 4}


def test_controller_before_firmware_8_reports_operating() -> None:
    assert one(Enpower, read(controller.COLLECTOR, listed("ENPOWER", enpower(operating=True)))).operating is True


def test_single_controller_has_relays_and_errors_of_the_status() -> None:
    result = read(controller.COLLECTOR, listed("ENPOWER", enpower(), **STATUS, **ERRORS))
    assert [(relay.serial, relay.relay, relay.state) for relay in of(EnpowerRelay, result)] == [
        ("9", "1", 1),
        ("9", "2", 1),
        ("9", "3", 0),
    ]
    modes = one(GridMode, result)
    assert (modes.battery, modes.solar) == ("multimode-ongrid", "multimode-offgrid")
    assert one(Enpower, result).errors == 5


def test_two_controllers_have_no_relays_and_errors() -> None:
    """The status does not name the controller."""
    available = listed("ENPOWER", enpower("9"), enpower("7"), **STATUS, **ERRORS)
    result = read(controller.COLLECTOR, available)
    assert [grid.connected for grid in of(Grid, result)] == [True, True]
    assert {relay.state for relay in of(EnpowerRelay, result)} == {None}
    assert {modes.solar for modes in of(GridMode, result)} == {None}
    assert {device.errors for device in of(Enpower, result)} == {None}


def test_controller_of_firmware_7_has_two_relays() -> None:
    """7.3.517 has no der3_state."""
    two: dict[str, Json] = {ENSEMBLE_STATUS: {"relay": {"der1_state": 1, "der2_state": 0}}}
    available = listed("ENPOWER", enpower(), **two)
    assert [relay.state for relay in of(EnpowerRelay, read(controller.COLLECTOR, available))] == [1, 0, None]


def test_collar_on_grid_has_its_values() -> None:
    """The values of 8.3.1598_collar."""
    result = read(controller.COLLECTOR, listed("COLLAR", collar(), **STATUS))
    assert one(Grid, result) == Grid(serial="8", device="collar", connected=True, enabled=None)
    info = CollarInfo(serial="8", part_number="865-00400-r22", firmware="3.0.6-D0")
    assert one(CollarInfo, result) == info
    assert one(Collar, result) == Collar(
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
    result = read(controller.COLLECTOR, listed("COLLAR", collar(admin_state_str=admin_state, grid_state=grid_state)))
    assert one(Grid, result).connected is connected
    assert one(Collar, result).grid_state == grid_state


def test_collar_off_grid_exposes_its_switch_and_error() -> None:
    off_grid = collar(
        admin_state_str="ENCMN_MDE_OFF_GRID", mid_state="open", control_error=3, collar_state="Not Installed"
    )
    device = one(Collar, read(controller.COLLECTOR, listed("COLLAR", off_grid)))
    assert (device.mid_closed, device.control_error, device.installed) == (False, 3, False)


def test_collar_grid_modes_are_those_of_the_status() -> None:
    modes = one(GridMode, read(controller.COLLECTOR, listed("COLLAR", collar(), **STATUS)))
    assert modes == GridMode(serial="8", grid=None, battery="multimode-generator", solar="multimode-offgrid")


def test_combiner_firmware_is_read_from_fw_version() -> None:
    combiner: Json = {
        "part_num": "800-02403-r08",
        "serial_num": "6",
        "last_rpt_date": 1_752_945_451,
        "fw_version": "0.1.20-D1",
        "communicating": False,
    }
    result = read(controller.COLLECTOR, listed("C6 COMBINER CONTROLLER", combiner))
    assert one(CombinerInfo, result) == CombinerInfo(serial="6", part_number="800-02403-r08", firmware="0.1.20-D1")
    assert one(Combiner, result) == Combiner(serial="6", communicating=False, last_report=1_752_945_451)


def test_controller_with_an_invalid_serial_is_rejected() -> None:
    result = read(
        controller.COLLECTOR, listed("ENPOWER", enpower(serial="a serial with blanks"), enpower("9"), enpower("9"))
    )
    assert [grid.serial for grid in of(Grid, result)] == ["9"]
    assert [rejection.rule for rejection in result.rejections] == ["label", "duplicate"]
