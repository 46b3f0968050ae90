"""Faults as text: `NAME[,KEY=VALUE...]`, and the list of all faults."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from envoy_simulator.faults.fault import FaultError, Value
from envoy_simulator.faults.table import FAULTS, find_fault
from envoy_simulator.faults.when import When


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """The arguments of `FaultInjector.on`."""

    name: str
    when: When
    options: Mapping[str, Value]


WHEN: Mapping[str, str] = MappingProxyType(
    {
        "endpoint": "Path to affect, with `*` for any part of it; repeatable.",
        "from": "Number of the first request (or connection) to affect.",
        "to": "Number of the last one to affect.",
        "every": "Affect only every nth of them.",
        "probability": "Affect only a random share of them, from 0 to 1.",
        "seed": "Seed of the random numbers.",
        "since": "Seconds after which the fault begins.",
        "until": "Seconds after which the fault ends.",
    }
)
"""The keys that every fault has besides its own parameters."""

_FIELDS = {"from": "first", "to": "last"}


def parse_fault(text: str) -> FaultSpec:
    """The fault that `NAME[,KEY=VALUE...]` specifies. Raises FaultError."""
    name, *pairs = text.split(",")
    fault = find_fault(name)
    when: dict[str, Any] = {}
    options: dict[str, Value] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise FaultError(f"{pair!r} in {text!r} is invalid: must be KEY=VALUE")
        if key in fault.parameters or key not in WHEN:
            options[key] = fault.parameter(key).read(value)
        elif key == "endpoint":
            when["endpoints"] = (*when.get("endpoints", ()), value)
        else:
            when[_FIELDS.get(key, key)] = _number(key, value)
    condition = When(**when)
    fault.check(endpoints=condition.endpoints != (), counts=condition.counts)
    return FaultSpec(name, condition, options)


def _number(key: str, text: str) -> float:
    try:
        return int(text) if key in ("from", "to", "every", "seed") else float(text)
    except ValueError as error:
        raise FaultError(f"{key}={text} is invalid: must be a number") from error


def catalogue() -> list[str]:
    """The lines of `--fault list`: every fault, and the keys of a condition."""
    width = max(map(len, FAULTS))
    lines = []
    for fault in FAULTS.values():
        parameters = "".join(f" {parameter.name}={parameter.summary}" for parameter in fault.parameters.values())
        lines.append(f"{fault.name:{width}}  {fault.description}{parameters}")
    conditions = [f"  {key:{width}}{meaning}" for key, meaning in WHEN.items()]
    return [*lines, "", "Conditions, for each fault:", *conditions]
