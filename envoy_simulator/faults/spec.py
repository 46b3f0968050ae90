"""Faults as text: `NAME[,KEY=VALUE...]`, and the list of all faults."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from envoy_simulator.faults.fault import FaultError, Value
from envoy_simulator.faults.table import FAULTS, named
from envoy_simulator.faults.when import When


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """The arguments of `FaultInjector.on`."""

    name: str
    when: When
    options: Mapping[str, Value]


WHEN: Mapping[str, str] = MappingProxyType(
    {
        "endpoint": "a path, `*` for any part of it; may be given several times",
        "from": "the number of the first request (or connection) that it strikes",
        "to": "that of the last",
        "every": "only every so many-th of them",
        "probability": "only so many of them, by chance, 0 to 1",
        "seed": "another number is another luck",
        "since": "seconds after which it begins",
        "until": "seconds after which it ends",
    }
)
"""The keys that every fault has besides its own parameters."""

_FIELDS = {"from": "first", "to": "last"}


def parse_fault(text: str) -> FaultSpec:
    """The fault of `NAME[,KEY=VALUE...]`. Raises FaultError."""
    name, *pairs = text.split(",")
    fault = named(name)
    when: dict[str, Any] = {}
    options: dict[str, Value] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise FaultError(f"{pair!r} in {text!r}: write KEY=VALUE")
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
        raise FaultError(f"{key}={text}: write a number") from error


def catalogue() -> list[str]:
    """A line for every fault, and the keys of its condition."""
    width = max(map(len, FAULTS))
    lines = []
    for fault in FAULTS.values():
        given = "".join(f" {parameter.name}={parameter.summary}" for parameter in fault.parameters.values())
        lines.append(f"{fault.name:{width}}  {fault.about.replace('`', '')}{given and ';'}{given}")
    keys = "".join(f"\n  {key:{width}}{about.replace('`', '')}" for key, about in WHEN.items())
    return [*lines, "", f"and when, for each of them:{keys}"]
