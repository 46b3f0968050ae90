"""The IQ Relay: exposed if the inventory or device_data lists it; device_data contains its measurements."""

from typing import Any

import pytest
from support.documents import NOW, of, one, read
from support.poll_sequence import PollSequence

from envoy_exporter.collectors import iq_relay
from envoy_exporter.collectors.iq_relay import IqRelay, IqRelayInfo, IqRelayPhase, IqRelayReason
from envoy_exporter.documents import DEVICE_DATA, INVENTORY, Json


def reported(age: float = 60, **report: Json) -> dict[str, Json]:
    last: dict[str, Json] = {
        "endDate": int(NOW - age),
        "temperature": 31,
        "VrmsL1N": 234_122,
        "VrmsL2N": 0,
        "VrmsL3N": 235_004,
        "freqInmHz": 50_013,
        "stateChngCnt": 6,
        **report,
    }
    device: Json = {"devName": "nsrb", "sn": "1", "active": True, "channels": [{"lastReading": last}]}
    return {"738197760": device, "deviceCount": 1, "deviceDataLimit": 50}


def listed(**more: Any) -> list[Any]:
    device: Json = {
        "serial_num": "1",
        "part_num": "800-00597-r02",
        "img_pnum_running": "520-00086-r01",
        "admin_state": 2,
        "communicating": True,
        "operating": False,
        **more,
    }
    return [{"type": "NSRB", "devices": [device]}]


def test_iq_relay_values_are_in_base_units() -> None:
    result = read(iq_relay.COLLECTOR, {DEVICE_DATA: reported(), INVENTORY: listed()})
    assert one(IqRelayInfo, result) == IqRelayInfo(serial="1", part_number="800-00597-r02", firmware="520-00086-r01")
    relay = one(IqRelay, result)
    assert (relay.temperature, relay.frequency, relay.state_changes) == (31, 50.013, 6)
    assert (relay.last_report, relay.communicating, relay.operating) == (int(NOW) - 60, True, False)


CONNECTED: dict[str, Json] = {
    "line-count": 1,
    "line1-connected": True,
    "line2-connected": False,
    "line3-connected": False,
}


def voltages(report: Any, fields: dict[str, Json] | None) -> dict[str, float | None]:
    available: dict[str, Json] = {DEVICE_DATA: reported(**report)}
    if fields is not None:
        available[INVENTORY] = listed(**fields)
    return {phase.phase: phase.voltage for phase in of(IqRelayPhase, read(iq_relay.COLLECTOR, available))}


INDUCED: dict[str, Json] = {"VrmsL1N": 234_122, "VrmsL2N": 1_600, "VrmsL3N": 6_100}

OTHER_NAMES: dict[str, Json] = {"voltRmsL1": 234_122, "voltRmsL2": 1_600, "voltRmsL3": 6_100}


@pytest.mark.parametrize("fields", [CONNECTED, {}, None])
def test_iq_relay_exposes_the_phase_that_it_is_connected_to(fields: dict[str, Json] | None) -> None:
    assert voltages(INDUCED, fields) == {"L1": 234.122}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({**CONNECTED, "line2-connected": True}, {"L1": 0.0, "L2": 1.6}),
        ({"line1-connected": False}, {}),
        ({"line1-connected": "yes", "line3-connected": True}, {"L3": 6.1}),
    ],
)
def test_iq_relay_phases_are_those_of_the_inventory(fields: dict[str, Json], expected: dict[str, float | None]) -> None:
    """A phase that the relay is connected to is exposed in an outage too."""
    assert voltages({**INDUCED, "VrmsL1N": 0}, fields) == expected


def test_iq_relay_voltage_is_read_under_either_name() -> None:
    device: Json = {"endDate": int(NOW) - 60, **OTHER_NAMES}
    entry: Json = {"devName": "nsrb", "sn": "1", "active": True, "channels": [{"lastReading": device}]}
    result = read(iq_relay.COLLECTOR, {DEVICE_DATA: {"738197760": entry}, INVENTORY: listed(**CONNECTED)})
    assert {phase.phase: phase.voltage for phase in of(IqRelayPhase, result)} == {"L1": 234.122}


@pytest.mark.parametrize(
    ("fields", "closed", "code", "reason"),
    [
        ({"relay": "closed", "reason_code": -1, "reason": "ok"}, True, -1, ["ok"]),
        ({"relay": "open", "reason_code": 7, "reason": "grid gone"}, False, 7, ["grid gone"]),
        ({"relay": "unknown", "reason": ""}, None, None, []),
        ({}, None, None, []),
    ],
)
def test_iq_relay_contact_is_exposed_with_its_reason(
    fields: dict[str, Json], closed: bool | None, code: float | None, reason: list[str]
) -> None:
    result = read(iq_relay.COLLECTOR, {INVENTORY: listed(**fields)})
    relay = one(IqRelay, result)
    assert (relay.closed, relay.reason_code) == (closed, code)
    assert [contact.reason for contact in of(IqRelayReason, result)] == reason


def test_iq_relay_among_inverters_of_the_inventory_is_a_relay() -> None:
    """A list may contain several kinds of devices: the number of the type decides."""
    (group,) = listed(dev_type=12)
    result = read(iq_relay.COLLECTOR, {INVENTORY: [{**group, "type": "PCU"}]})
    assert one(IqRelay, result).communicating is True


def test_iq_relay_without_a_listed_device_is_absent() -> None:
    """8.3.5169_ACB_inventory has the type and no device of it."""
    available: dict[str, Json] = {INVENTORY: [{"type": "NSRB", "devices": []}], DEVICE_DATA: {"deviceCount": 0}}
    assert read(iq_relay.COLLECTOR, available).readings == ()


def test_iq_relay_is_read_from_either_document_alone() -> None:
    assert one(IqRelay, read(iq_relay.COLLECTOR, {DEVICE_DATA: reported()})).communicating is None
    alone = read(iq_relay.COLLECTOR, {INVENTORY: listed()})
    assert (one(IqRelay, alone).communicating, one(IqRelay, alone).temperature) == (True, None)


def test_iq_relay_with_an_old_report_has_only_its_count() -> None:
    result = read(iq_relay.COLLECTOR, {DEVICE_DATA: reported(age=5401)})
    relay = one(IqRelay, result)
    assert (relay.temperature, relay.frequency, relay.state_changes) == (None, None, 6)
    assert of(IqRelayPhase, result) == []


def test_iq_relay_count_at_zero_for_a_poll_is_rejected() -> None:
    gateway = PollSequence(iq_relay.COLLECTOR, step=120)
    counts = []
    for changes in (6, 0, 0, 6, *(0,) * 6):
        result = gateway.poll({DEVICE_DATA: reported(age=NOW - gateway.now - 60, stateChngCnt=changes)})
        counts.append(one(IqRelay, result).state_changes)
    assert counts == [6, None, None, 6, None, None, None, None, None, 0]
    assert one(IqRelay, result).temperature == 31


def test_iq_relay_that_was_removed_is_not_exposed() -> None:
    assert read(iq_relay.COLLECTOR, {INVENTORY: listed(admin_state=3)}).readings == ()
    assert read(iq_relay.COLLECTOR, {INVENTORY: listed(admin_state=3), DEVICE_DATA: reported()}).readings == ()
    removed: Json = {"1": {"devName": "nsrb", "sn": "1", "active": False, "channels": [{"lastReading": {}}]}}
    assert read(iq_relay.COLLECTOR, {DEVICE_DATA: removed}).readings == ()


def test_iq_relay_loses_only_the_invalid_field() -> None:
    result = read(iq_relay.COLLECTOR, {DEVICE_DATA: reported(temperature="hot", freqInmHz=-1)})
    relay = one(IqRelay, result)
    assert (relay.temperature, relay.frequency, relay.state_changes) == (None, None, 6)
    assert sorted(result.rejections) == [(DEVICE_DATA, "range", "freqInmHz"), (DEVICE_DATA, "type", "temperature")]
