"""Strict parsing of expositions: both formats, no duplicate labels, no timestamps, no duplicate metadata."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client import parser as text_parser
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.samples import Sample

Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Exposition:
    """The samples of an exposition, and the type and help of each family."""

    samples: Mapping[Key, float]
    types: Mapping[str, str]

    def value(self, name: str, /, **labels: str) -> float:
        return self.samples[key(name, **labels)]

    def __contains__(self, name: str) -> bool:
        return any(name == sample for sample, _ in self.samples)

    def of(self, name: str) -> dict[tuple[str, ...], float]:
        """The samples of a name by the values of their labels, in the order of the labels' names."""
        found = {}
        for (sample, labels), value in self.samples.items():
            if sample == name:
                found[tuple(value for _, value in sorted(labels))] = value
        return found


def key(name: str, /, **labels: str) -> Key:
    return name, frozenset(labels.items())


def parsed(text: str) -> Exposition:
    """A text exposition (0.0.4). Raises AssertionError if it is invalid."""
    families = list(text_parser.text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families), "a family is duplicated"
    return _exposition([sample for family in families for sample in family.samples], families)


def parsed_openmetrics(text: str) -> Exposition:
    assert text.endswith("# EOF\n")
    families = list(openmetrics_parser.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    return _exposition([sample for family in families for sample in family.samples], families)


def _exposition(samples: list[Sample], families: list[Metric]) -> Exposition:
    found: dict[Key, float] = {}
    for sample in samples:
        assert sample.timestamp is None, sample
        identity = key(sample.name, **sample.labels)
        assert identity not in found, f"duplicate labels: {sample}"
        assert not math.isnan(sample.value), sample
        found[identity] = sample.value
    return Exposition(found, {family.name: family.type for family in families})
