"""Faults as a person writes them, and as a list to choose from."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from envoy_simulator.faults.fault import FaultError, Value
from envoy_simulator.faults.table import FAULTS, named
from envoy_simulator.faults.when import When


@dataclass(frozen=True, slots=True)
class Order:
    """What `Switchboard.on` is to be called with."""

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
"""What every fault can be told besides its own parameters: the key, and what is written behind it."""

_FIELDS = {"from": "first", "to": "last"}


def order(text: str) -> Order:
    """`NAME[,KEY=VALUE...]`. Raises FaultError."""
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
    return Order(name, condition, options)


def _number(key: str, text: str) -> float:
    try:
        return int(text) if key in ("from", "to", "every", "seed") else float(text)
    except ValueError as error:
        raise FaultError(f"{key}={text}: write a number") from error


def catalogue() -> list[str]:
    """A line for each fault, and how to say when it strikes."""
    width = max(map(len, FAULTS))
    lines = []
    for fault in FAULTS.values():
        given = "".join(f" {each.name}={each.told}" for each in fault.parameters.values())
        lines.append(f"{fault.name:{width}}  {fault.about.replace('`', '')}{given and ';'}{given}")
    keys = "".join(f"\n  {key:{width}}{about.replace('`', '')}" for key, about in WHEN.items())
    return [*lines, "", f"and when, for each of them:{keys}"]
