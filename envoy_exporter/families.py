"""Metrics are declared as fields of readings: name, type, help and states are there and nowhere else.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Inverter:
        serial: str = label()
        power: float | None = gauge(
            "enphase_inverter_power_watts", "AC power of the inverter.", fields=("lastReportWatts",)
        )

`fields` are the gateway's field names, which are appended to the help: `AC power of the inverter (lastReportWatts).`
One class has one label set, and one object is one device. `describe()` returns the families of classes, and
`collect()` those of readings, with samples. A field that is None has no sample.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric

OTHER = "other"
"""The state for values that future firmware adds."""

UNITS = (
    "watts",
    "joules",
    "volts",
    "amperes",
    "hertz",
    "celsius",
    "seconds",
    "ratio",
    "degrees",
    "volt_amperes",
    "volt_amperes_reactive",
    "volt_ampere_seconds",
    "volt_ampere_reactive_seconds",
)


@dataclass(frozen=True, slots=True)
class Family:
    """The declaration of one metric. `help` is the exposed text, with the gateway's field names at its end.

    `state` is the label for the states, `states` are all of them, and with `raised_only` only those that hold have a
    sample.
    """

    name: str
    type: str
    help: str
    labels: tuple[str, ...] = ()
    state: str = ""
    states: tuple[str, ...] = ()
    raised_only: bool = False

    @property
    def unit(self) -> str:
        """The base unit at the end of the name, the longest that fits: `volt_amperes`, not `amperes`."""
        return _unit(self.name.removesuffix("_total"))

    def metric(self) -> Metric:
        """The family of prometheus_client, without samples."""
        if self.type == "counter":
            return CounterMetricFamily(self.name, self.help, labels=self.labels, unit=self.unit)
        if self.type == "info":
            return InfoMetricFamily(self.name.removesuffix("_info"), self.help, labels=self.labels)
        return GaugeMetricFamily(self.name, self.help, labels=self.labels, unit=self.unit)


@cache
def _unit(name: str) -> str:
    return max((unit for unit in UNITS if name.endswith(f"_{unit}")), key=len, default="")


class Reading(Protocol):
    """A frozen dataclass whose fields were made by the functions below."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


# The declarers return Any, as dataclasses.field does: the annotation beside them is the field's type.


def label() -> Any:
    """A label of every family of the class; None is an empty label, which to Prometheus is a missing one."""
    return dataclasses.field(metadata={"label": True})


def gauge(name: str, help: str, fields: tuple[str, ...] = ()) -> Any:  # noqa: A002  # the word of the exposition format
    """A number that goes up and down, or a yes (1) or no (0)."""
    return _family(Family(name, "gauge", _help(help, fields)))


def counter(name: str, help: str, fields: tuple[str, ...] = ()) -> Any:  # noqa: A002
    """A register that only counts up, except for a reset."""
    return _family(Family(name, "counter", _help(help, fields)))


def info(name: str, help: str, fields: tuple[str, ...] = ()) -> Any:  # noqa: A002
    """A constant 1; the labels of the class carry the information."""
    return dataclasses.field(default=True, metadata={"family": Family(name, "info", _help(help, fields))})


def states(name: str, state: str, values: Sequence[str], help: str, fields: tuple[str, ...] = ()) -> Any:  # noqa: A002
    """One 0/1 sample for each state and for `other`; the value is the state, or the set of those that hold."""
    return _family(Family(name, "gauge", _help(help, fields), state=state, states=(*values, OTHER)))


def flags(name: str, values: Sequence[str], help: str, fields: tuple[str, ...] = ()) -> Any:  # noqa: A002
    """One sample of 1 for each raised flag of a device; the value is the set of raised flags.

    For lists of some hundred possible flags, of which a device raises one or two; unknown ones are `other`.
    """
    family = Family(name, "gauge", _help(help, fields), state="flag", states=(*values, OTHER), raised_only=True)
    return _family(family)


def _help(text: str, fields: tuple[str, ...]) -> str:
    """The text with the gateway's field names in parentheses before the full stop."""
    return f"{text.removesuffix('.')} ({', '.join(fields)})." if fields else text


def _family(family: Family) -> Any:
    return dataclasses.field(default=None, metadata={"family": family})


@cache
def _declared(reading: type[Reading]) -> tuple[tuple[str, ...], tuple[tuple[str, Family], ...]]:
    """The names of the label fields, and the others with their families."""
    fields = dataclasses.fields(reading)
    labels = tuple(field.name for field in fields if "label" in field.metadata)
    families = []
    for field in fields:
        family: Family | None = field.metadata.get("family")
        if family is not None:
            extra = (family.state,) if family.state else ()
            families.append((field.name, dataclasses.replace(family, labels=(*labels, *extra))))
    return labels, tuple(families)


def describe(readings: Iterable[type[Reading]]) -> Iterator[Family]:
    """The families that the classes declare, in the order of declaration."""
    for reading in readings:
        for _, family in _declared(reading)[1]:
            yield family


def collect(declared: Iterable[type[Reading]], readings: Iterable[Reading]) -> tuple[list[Metric], int]:
    """The families with samples, in the order of the classes, and the number of readings with duplicate labels.

    A strict parser rejects the whole scrape if two samples of a family have equal labels. So the first reading is
    exposed, and the others are counted.
    """
    metrics = {family.name: family.metric() for family in describe(declared)}
    keys: set[tuple[type[Reading], tuple[str, ...]]] = set()
    duplicates = 0
    for reading in readings:
        names, families = _declared(type(reading))
        labels = tuple(_label(getattr(reading, name)) for name in names)
        if (type(reading), labels) in keys:
            duplicates += 1
            continue
        keys.add((type(reading), labels))
        for field, family in families:
            for extra, value in _values(family, getattr(reading, field)):
                _add(metrics[family.name], (*labels, *extra), value)
    return [metric for metric in metrics.values() if metric.samples], duplicates


def _values(family: Family, value: object) -> Iterator[tuple[tuple[str, ...], float]]:
    if value is None:
        return
    if not family.state:
        if isinstance(value, int | float):
            yield (), float(value)
        return
    current = frozenset({value}) if isinstance(value, str) else value
    if not isinstance(current, frozenset):
        return
    states = {state: state in current for state in family.states[:-1]}
    states[OTHER] = not current <= states.keys()
    for state, holds in states.items():
        if holds or not family.raised_only:
            yield (state,), float(holds)


def _label(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _add(metric: Metric, labels: tuple[str, ...], value: float) -> None:
    if isinstance(metric, InfoMetricFamily):
        metric.add_metric(labels, {})
    elif isinstance(metric, CounterMetricFamily | GaugeMetricFamily):
        metric.add_metric(labels, value)
