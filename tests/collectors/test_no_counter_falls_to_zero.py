"""Whatever is counted for a lifetime, in whichever document: a poll of zeros is a gateway that starts, and no reset."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any

import pytest
from support.documents import information
from support.poll_sequence import PollSequence

from envoy_exporter.collectors import COLLECTORS
from envoy_exporter.collectors.collector import Result
from envoy_exporter.documents import INFO, Json
from envoy_exporter.families import describe
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_simulator import PROFILES, Simulator
from envoy_simulator.http_types import Request

NOON = 1_781_024_400.0
WHO_IT_IS = {
    *("eid", "phaseCount", "activeCount", "percentFull", "admin_state", "dev_type", "devType"),
    *("deviceCount", "deviceDataLimit", "endDate", "readingTime", "timestamp"),
}
"""What a gateway that starts still says: which devices there are, and when it is."""

REGISTERS = {
    *("whLifetime", "wattHoursLifetime", "actEnergyDlvd", "actEnergyRcvd", "apparentEnergy"),
    *("reactEnergyLagg", "reactEnergyLead", "joulesProduced", "joulesUsed", "duration", "stateChngCnt"),
}

LIFETIMES = {
    family.name
    for collector in COLLECTORS
    for family in describe(collector.readings)
    if family.type == "counter" or "_lifetime_" in family.name
}
OF_SEVERAL_CHANNELS = {"enphase_inverter_channel_energy_joules_total"}
"""Of inverters that no simulated gateway has; test_inverter_channels.py lets theirs fall."""
GATEWAYS = ("5.0", "8.2", "8.3", "8.3-ac")


def said(profile: str) -> dict[str, Json]:
    """All that a simulated gateway answers an installer with."""
    gateway = Simulator(profile, clock=lambda: NOON, tls=False)
    headers = {"authorization": f"Bearer {gateway.make_token(enphaseUser='installer')}"}
    found: dict[str, Json] = {}
    for endpoint in ENDPOINTS:
        response = gateway.respond(Request("GET", endpoint.target, headers), NOON)
        if response.status == 200 and endpoint.name != INFO:
            found[endpoint.name] = json.loads(response.body)
    return found


def zeros(content: Json, key: str = "", *, registers_alone: bool) -> Json:
    if isinstance(content, dict):
        return {name: zeros(each, name, registers_alone=registers_alone) for name, each in content.items()}
    if isinstance(content, list):
        return [zeros(each, key, registers_alone=registers_alone) for each in content]
    is_number = isinstance(content, int | float) and not isinstance(content, bool)
    falls = key in REGISTERS if registers_alone else key not in WHO_IT_IS
    return 0 if is_number and falls else content


def lifetimes(read: Result[Any]) -> Iterable[tuple[str, float]]:
    for reading in read.readings:
        for name, field in reading.__dataclass_fields__.items():
            family, value = field.metadata.get("family"), getattr(reading, name)
            if family is not None and family.name in LIFETIMES and value is not None:
                yield family.name, value


@cache
def polled(profile: str, *, registers_alone: bool) -> tuple[frozenset[str], frozenset[str]]:
    """What a gateway counted at the first poll, and what of that was 0 at the second."""
    documents = said(profile)
    info = dict(information(PROFILES[profile].software, PROFILES[profile].metered or "false"))  # type: ignore[arg-type]
    counted, fallen = set[str](), set[str]()
    for collector in COLLECTORS:
        gateway = PollSequence(collector)
        first = gateway.poll(documents, info={**info, "time": str(int(NOON))})
        counted |= {name for name, value in lifetimes(first) if value > 0}
        starts = {name: zeros(each, registers_alone=registers_alone) for name, each in documents.items()}
        second = gateway.poll(starts, info={**info, "time": str(int(NOON) + 60)})
        fallen |= {name for name, value in lifetimes(second) if value == 0}
    return frozenset(counted), frozenset(counted & fallen)


@pytest.mark.parametrize("profile", GATEWAYS)
@pytest.mark.parametrize("registers_alone", [False, True], ids=["everything", "registers alone"])
def test_a_poll_of_zeros_resets_nothing(profile: str, *, registers_alone: bool) -> None:
    assert polled(profile, registers_alone=registers_alone)[1] == frozenset()


def test_there_is_no_lifetime_that_was_not_put_to_the_test() -> None:
    counted = frozenset().union(*(polled(profile, registers_alone=True)[0] for profile in GATEWAYS))
    assert counted == LIFETIMES - OF_SEVERAL_CHANNELS
