"""The recording rules of the project, and an order in which each can be evaluated from the results before."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FILES = sorted((Path(__file__).parents[2] / "prometheus" / "rules").glob("*.yml"))
_SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*(?:\{([^{}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Rule:
    """A recording rule. `interval`: that of its group, in seconds."""

    record: str
    expr: str
    labels: Mapping[str, str]
    interval: int

    def reads(self, other: "Rule") -> bool:
        """Whether its expression may select the series that the other rule records."""
        text = re.sub(r"#.*", "", self.expr)
        return any(
            name == other.record
            and all(
                _agrees(other.labels, label, operator, value) for label, operator, value in _MATCHER.findall(matchers)
            )
            for name, matchers in _SELECTOR.findall(text)
        )


def _agrees(labels: Mapping[str, str], label: str, operator: str, value: str) -> bool:
    """Whether a series with these labels, and any others, may match."""
    if label not in labels:
        return True
    actual = labels[label]
    same = re.fullmatch(value, actual) is not None if "~" in operator else value == actual
    return same != operator.startswith("!")


def groups(file: Path) -> list[dict[str, Any]]:
    """The groups of a file of rules, unchanged."""
    content: dict[str, list[dict[str, Any]]] = yaml.safe_load(file.read_text())
    return content["groups"]


def rules_in(*files: Path) -> list[dict[str, Any]]:
    """Recording and alerting rules, unchanged."""
    return [rule for file in files for group in groups(file) for rule in group["rules"]]


def recording_rules() -> list[Rule]:
    return [rule for file in FILES for group in groups(file) for rule in _rules(group)]


def _rules(group: Mapping[str, Any]) -> Iterator[Rule]:
    interval = str(group.get("interval", "1m"))
    seconds = int(interval[:-1]) * _UNITS[interval[-1]]
    for rule in group["rules"]:
        if "record" in rule:
            labels = {name: str(value) for name, value in rule.get("labels", {}).items()}
            yield Rule(rule["record"], rule["expr"], labels, seconds)


def needed(rules: Sequence[Rule], names: Collection[str]) -> list[Rule]:
    """The rules that record one of the names, and all rules that they read."""
    required = [rule for rule in rules if rule.record in names]
    for rule in required:
        required += [other for other in rules if other not in required and rule.reads(other)]
    return [rule for rule in rules if rule in required]


def levels(rules: Sequence[Rule]) -> list[list[Rule]]:
    """The rules by level: each is one level above those that it reads. Raises AssertionError if some read each other.

    A rule may read its own name: the samples of another rule, for other systems.
    """
    left = list(rules)
    found: list[list[Rule]] = []
    while left:
        level = [rule for rule in left if not any(rule.reads(other) for other in left if other != rule)]
        assert level, f"these read each other: {sorted({rule.record for rule in left})}"
        found.append(level)
        left = [rule for rule in left if rule not in level]
    return found
