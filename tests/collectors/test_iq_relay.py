"""The IQ Relay: there only where one is listed, by either document, and measured by one."""

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


def test_a_relay_in_base_units() -> None:
    found = read(iq_relay.COLLECTOR, {DEVICE_DATA: reported(), INVENTORY: listed()})
    assert one(IqRelayInfo, found) == IqRelayInfo(serial="1", part_number="800-00597-r02", firmware="520-00086-r01")
    relay = one(IqRelay, found)
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
def test_iq_relay_exposes_the_phase_that_it_is_on(fields: dict[str, Json] | None) -> None:
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
    """A phase that the relay is on is exposed in an outage too."""
    assert voltages({**INDUCED, "VrmsL1N": 0}, fields) == expected


def test_iq_relay_voltage_is_read_under_either_name() -> None:
    device: Json = {"endDate": int(NOW) - 60, **OTHER_NAMES}
    entry: Json = {"devName": "nsrb", "sn": "1", "active": True, "channels": [{"lastReading": device}]}
    found = read(iq_relay.COLLECTOR, {DEVICE_DATA: {"738197760": entry}, INVENTORY: listed(**CONNECTED)})
    assert {phase.phase: phase.voltage for phase in of(IqRelayPhase, found)} == {"L1": 234.122}


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
    found = read(iq_relay.COLLECTOR, {INVENTORY: listed(**fields)})
    relay = one(IqRelay, found)
    assert (relay.closed, relay.reason_code) == (closed, code)
    assert [contact.reason for contact in of(IqRelayReason, found)] == reason


def test_iq_relay_among_inverters_of_the_inventory_is_a_relay() -> None:
    """A list may mix devices: the number of the type decides."""
    (group,) = listed(dev_type=12)
    found = read(iq_relay.COLLECTOR, {INVENTORY: [{**group, "type": "PCU"}]})
    assert one(IqRelay, found).communicating is True


def test_gateways_without_a_relay_list_none() -> None:
    """8.3.5169_ACB_inventory has the type, and no device of it."""
    told: dict[str, Json] = {INVENTORY: [{"type": "NSRB", "devices": []}], DEVICE_DATA: {"deviceCount": 0}}
    assert read(iq_relay.COLLECTOR, told).readings == ()


def test_either_document_alone_will_do() -> None:
    assert one(IqRelay, read(iq_relay.COLLECTOR, {DEVICE_DATA: reported()})).communicating is None
    alone = read(iq_relay.COLLECTOR, {INVENTORY: listed()})
    assert (one(IqRelay, alone).communicating, one(IqRelay, alone).temperature) == (True, None)


def test_an_old_report_says_nothing_of_now_and_its_count_stays() -> None:
    found = read(iq_relay.COLLECTOR, {DEVICE_DATA: reported(age=5401)})
    relay = one(IqRelay, found)
    assert (relay.temperature, relay.frequency, relay.state_changes) == (None, None, 6)
    assert of(IqRelayPhase, found) == []


def test_a_count_that_is_zero_for_a_poll_was_no_reset() -> None:
    gateway = PollSequence(iq_relay.COLLECTOR, step=120)
    counts = []
    for said in (6, 0, 0, 6, *(0,) * 6):
        found = gateway.poll({DEVICE_DATA: reported(age=NOW - gateway.now - 60, stateChngCnt=said)})
        counts.append(one(IqRelay, found).state_changes)
    assert counts == [6, None, None, 6, None, None, None, None, None, 0]
    assert one(IqRelay, found).temperature == 31


def test_a_removed_relay_is_not_there() -> None:
    assert read(iq_relay.COLLECTOR, {INVENTORY: listed(admin_state=3)}).readings == ()
    assert read(iq_relay.COLLECTOR, {INVENTORY: listed(admin_state=3), DEVICE_DATA: reported()}).readings == ()
    gone: Json = {"1": {"devName": "nsrb", "sn": "1", "active": False, "channels": [{"lastReading": {}}]}}
    assert read(iq_relay.COLLECTOR, {DEVICE_DATA: gone}).readings == ()


def test_one_bad_field_costs_one_sample() -> None:
    found = read(iq_relay.COLLECTOR, {DEVICE_DATA: reported(temperature="hot", freqInmHz=-1)})
    relay = one(IqRelay, found)
    assert (relay.temperature, relay.frequency, relay.state_changes) == (None, None, 6)
    assert sorted(found.rejections) == [(DEVICE_DATA, "range", "freqInmHz"), (DEVICE_DATA, "type", "temperature")]
