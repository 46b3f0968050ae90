"""How to write down what the exporter must expose of a recorded gateway.

    PARTS = (
        part(
            batteries,
            check("enphase_battery_unit_led_status", "led_status"),
            check("enphase_battery_unit_capacity_joules", "encharge_capacity", joules),
            check("enphase_battery_unit_dc_switch_on", lambda battery: not battery["dc_switch_off"]),
        ),
    )

`batteries` is a function of a recording. It yields the objects that these checks read, each with its labels.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import Any, TypeAlias

from captures.recording import Recording

Json: TypeAlias = Any
Labels: TypeAlias = Mapping[str, str]
Item: TypeAlias = tuple[Labels, Json]
Find: TypeAlias = Callable[[Recording], Iterable[Item]]
Value: TypeAlias = str | Callable[[Json], object]
"""A field, as `state` or `lifetime.duration`, or a function of the object."""


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """The value of a metric, and the labels that it has in addition to those of the object."""

    metric: str
    value: Callable[[Json], object]
    labels: Callable[[Json], Labels]

    def number(self, node: Json) -> float | None:
        """None if a field is missing or not a number: the exporter must not expose the metric then."""
        try:
            number = self.value(node)
        except (KeyError, TypeError):
            return None
        return float(number) if isinstance(number, int | float) else None


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The checks of all objects that `find` yields.

    `no_capture` says why no recorded gateway has what these checks read. It is empty if one has.
    """

    find: Find
    checks: tuple[Check, ...]
    no_capture: str


def part(find: Find, *checks: Check, no_capture: str = "") -> Part:
    return Part(find, checks, no_capture)


def check(metric: str, value: Value, convert: Callable[[Any], object] = lambda number: number, **labels: str) -> Check:
    """`convert` turns the field's value into the metric's unit, or into None if it must not be exposed."""
    read = _reader(value)
    return Check(metric, lambda node: convert(read(node)), lambda _: labels)


def info(metric: str, fixed: Labels | None = None, **fields: str) -> Check:
    """1, with a label for each of `fields`: label="field". The label of a missing field is empty."""
    return Check(
        metric,
        lambda _: 1,
        lambda node: {**(fixed or {}), **{label: _text(node, field) for label, field in fields.items()}},
    )


def states(metric: str, label: str, value: Value, *known: str) -> tuple[Check, ...]:
    """One check for each known state, and one for `other`."""
    other = check(metric, value, lambda state: state not in known, **{label: "other"})
    return (*(check(metric, value, equals(state), **{label: state}) for state in known), other)


def where(find: Find, condition: Callable[[Json], object]) -> Find:
    """Those of the objects for which the condition holds."""

    def found(recording: Recording) -> Iterator[Item]:
        return ((labels, node) for labels, node in find(recording) if condition(node))

    return found


def by_serial(nodes: Iterable[Json], field: str = "serial_num") -> Iterator[Item]:
    """Objects labelled with their serial numbers."""
    return (({"serial": node[field]}, node) for node in nodes)


def equals(text: str) -> Callable[[object], bool]:
    return lambda value: value == text


def ratio(percent: float) -> float:
    return percent / 100


def milli(number: float) -> float:
    """Volts of millivolts, for example."""
    return number / 1000


def positive(number: float) -> float | None:
    """A time: a gateway that has none writes 0."""
    return number if number > 0 else None


def not_negative(number: float) -> float | None:
    return number if number >= 0 else None


def joules(watt_hours: float) -> float:
    """Volt-ampere-seconds of volt-ampere-hours, too."""
    return watt_hours * 3600


def counter_joules(watt_hours: float) -> float | None:
    """A register below 0 is not exposed as a counter."""
    return not_negative(joules(watt_hours))


def seconds(minutes: float) -> float:
    return minutes * 60


def _reader(value: Value) -> Callable[[Json], object]:
    return (lambda node: reduce(getitem, value.split("."), node)) if isinstance(value, str) else value


def _text(node: Json, field: str) -> str:
    value = node.get(field)
    return "" if value is None else str(value)
