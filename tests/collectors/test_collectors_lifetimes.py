"""Lifetimes of all collectors: a poll of zeros is a gateway that has just started, and not a reset."""

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

IDENTITY_KEYS = {
    *("eid", "phaseCount", "activeCount", "percentFull", "admin_state", "dev_type", "devType"),
    *("deviceCount", "deviceDataLimit", "endDate", "readingTime", "timestamp"),
}
"""Keys whose values a gateway that has just started reports as usual: its devices, and times."""

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

WITH_SEVERAL_CHANNELS = {"enphase_inverter_channel_energy_joules_total"}
"""No simulated gateway has such inverters; test_inverter_channels.py tests their lifetimes."""

GATEWAYS = ("5.0", "8.2", "8.3", "8.3-ac")


def responses_of(profile: str) -> dict[str, Json]:
    """All documents that a simulated gateway returns to an installer."""
    gateway = Simulator(profile, clock=lambda: NOON, tls=False)
    headers = {"authorization": f"Bearer {gateway.make_token(enphaseUser='installer')}"}
    available: dict[str, Json] = {}
    for endpoint in ENDPOINTS:
        response = gateway.respond(Request("GET", endpoint.target, headers), NOON)
        if response.status == 200 and endpoint.name != INFO:
            available[endpoint.name] = json.loads(response.body)
    return available


def zeros(content: Json, key: str = "", *, only_registers: bool) -> Json:
    if isinstance(content, dict):
        return {name: zeros(value, name, only_registers=only_registers) for name, value in content.items()}
    if isinstance(content, list):
        return [zeros(value, key, only_registers=only_registers) for value in content]
    is_number = isinstance(content, int | float) and not isinstance(content, bool)
    is_zeroed = key in REGISTERS if only_registers else key not in IDENTITY_KEYS
    return 0 if is_number and is_zeroed else content


def lifetimes(result: Result[Any]) -> Iterable[tuple[str, float]]:
    for reading in result.readings:
        for name, field in reading.__dataclass_fields__.items():
            family, value = field.metadata.get("family"), getattr(reading, name)
            if family is not None and family.name in LIFETIMES and value is not None:
                yield family.name, value


@cache
def lifetimes_of(profile: str, *, only_registers: bool) -> tuple[frozenset[str], frozenset[str]]:
    """The lifetimes that are above 0 at the first poll, and those of them that are 0 at the second."""
    documents = responses_of(profile)
    info = dict(information(PROFILES[profile].software, PROFILES[profile].metered or "false"))  # type: ignore[arg-type]
    counted, at_zero = set[str](), set[str]()
    for collector in COLLECTORS:
        gateway = PollSequence(collector)
        first = gateway.poll(documents, info={**info, "time": str(int(NOON))})
        counted |= {name for name, value in lifetimes(first) if value > 0}
        starting = {name: zeros(content, only_registers=only_registers) for name, content in documents.items()}
        second = gateway.poll(starting, info={**info, "time": str(int(NOON) + 60)})
        at_zero |= {name for name, value in lifetimes(second) if value == 0}
    return frozenset(counted), frozenset(counted & at_zero)


@pytest.mark.parametrize("profile", GATEWAYS)
@pytest.mark.parametrize("only_registers", [False, True], ids=["all numbers", "registers"])
def test_lifetimes_after_a_poll_of_zeros_are_not_reset(profile: str, *, only_registers: bool) -> None:
    assert lifetimes_of(profile, only_registers=only_registers)[1] == frozenset()


def test_lifetimes_of_all_collectors_are_covered() -> None:
    counted = frozenset().union(*(lifetimes_of(profile, only_registers=True)[0] for profile in GATEWAYS))
    assert counted == LIFETIMES - WITH_SEVERAL_CHANNELS
