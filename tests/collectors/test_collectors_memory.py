"""The collectors' memory: any sequence of polls is read without an exception, and the memory stays small."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.document_contents import CT, channel, device, eim, listed
from support.documents import NOW
from support.poll_sequence import PollSequence

from envoy_exporter.collectors import COLLECTORS, inverters, meters, plausibility
from envoy_exporter.collectors.plausibility import PlausibilityFilter, Register
from envoy_exporter.documents import (
    DEVICE_DATA,
    METER_READINGS,
    METERS,
    PRODUCTION,
    PRODUCTION_JSON,
    PRODUCTION_V1,
    Document,
    Documents,
    Json,
)
from envoy_exporter.entries import entry
from envoy_exporter.fields import FieldReader

pytestmark = pytest.mark.integration

NUMBERS: st.SearchStrategy[Json] = st.sampled_from(
    [0, -0.0, 1, 1000.5, 60, -60, -1, 10**400, 1e308, None, True, "1", [], {}, 4294967292, int(NOW)]
)

KEYS = st.sampled_from(
    (
        *("whLifetime", "wNow", "whToday", "whLastSevenDays", "readingTime", "activeCount", "rmsVoltage", "rmsCurrent"),
        *("actEnergyDlvd", "actEnergyRcvd", "activePower", "voltage", "current", "timestamp"),
        *("wattHoursLifetime", "wattsNow", "wattHoursToday", "joulesProduced", "duration", "endDate"),
    )
)

OBJECTS: st.SearchStrategy[dict[str, Json]] = st.dictionaries(KEYS, NUMBERS, max_size=8)


def with_parts(name: str) -> st.SearchStrategy[dict[str, Json]]:
    return st.builds(lambda whole, parts: {**whole, name: parts}, OBJECTS, st.lists(OBJECTS, max_size=3))


SITES = st.builds(
    lambda entry, more: {"production": [eim(**entry), {"type": "inverters", **more}], "consumption": [more]},
    with_parts("lines"),
    OBJECTS,
)

METERED = st.builds(lambda reading: [{"eid": 3, **channel(1.0), **reading}], with_parts("channels"))

DEVICES = st.builds(
    lambda fields: {"1": {"devName": "pcu", "sn": "4", "channels": [fields]}}, with_parts("lastReading")
)

POLLS = st.fixed_dictionaries(
    {METERS: st.sampled_from([CT, [listed()], [listed("net-consumption", 3)], None])},
    optional={
        PRODUCTION_JSON: SITES,
        METER_READINGS: METERED,
        PRODUCTION_V1: OBJECTS,
        DEVICE_DATA: DEVICES,
        PRODUCTION: st.sampled_from(["Since Installation 3 MWh", "", None]),
    },
)

PAUSES = st.sampled_from([0.0, 10.0, 60.0, 700.0, 1800.0, -86_400.0, 1e9, -2e9])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(st.tuples(PAUSES, POLLS), min_size=2, max_size=6))
def test_collectors_read_any_sequence_of_polls(polls: Sequence[tuple[float, dict[str, Json]]]) -> None:
    for collector in COLLECTORS:
        gateway = PollSequence(collector)
        for pause, poll in polls:
            gateway.poll(poll, after=pause)


def test_inverter_memory_forgets_devices_that_change_every_poll() -> None:
    gateway = PollSequence(inverters.COLLECTOR, step=120)
    for n in range(40):
        inverter = entry(device(9e9)[DEVICE_DATA], "1")
        gateway.poll({DEVICE_DATA: {str(i): {**inverter, "sn": f"{n}-{i}"} for i in range(5)}})
        assert len(gateway.memory.plausibility.devices) <= 5 * 6  # type: ignore[attr-defined]


def test_meter_memory_forgets_meters_that_change_every_poll() -> None:
    gateway = PollSequence(meters.COLLECTOR, step=120)
    for eid in range(40):
        gateway.poll({METERS: [listed(eid=eid)], METER_READINGS: [{"eid": eid, **channel(1.0)}]})
        assert len(gateway.memory.devices) <= 6  # type: ignore[attr-defined]


def test_plausibility_state_is_limited_and_keeps_the_first_objects() -> None:
    state = plausibility.PlausibilityState()
    for poll in range(3):
        documents = Documents({METER_READINGS: Document([], requested_at=NOW + poll)})
        plausibility_filter = PlausibilityFilter(documents, state)
        for n in range(plausibility.MAX_REMEMBERED):
            plausibility_filter.accepted(
                (poll * n,), FieldReader({"energy": 5}, METER_READINGS), (Register(key="energy"),)
            )
        state = plausibility_filter.state()
        assert len(state.devices) <= plausibility.MAX_REMEMBERED
        assert (METER_READINGS, 0) in state.devices
