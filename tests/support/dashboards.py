"""The dashboard files, and the metrics and labels that their queries select."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from envoy_exporter.gateway_collector import families
from envoy_exporter.telemetry import Telemetry
from support.rules import FILES, rules_in

PROJECT = Path(__file__).parent.parent.parent
FOLDER = PROJECT / "grafana" / "dashboards"

Json = dict[str, Any]

BY_GRAFANA = {
    "__rate_interval": "5m",
    "__interval": "1m",
    "__interval_ms": "60000",
    "__range": "1d",
    "__range_s": "86400",
    "__range_ms": "86400000",
    "__from": "1781906400000",
    "__to": "1781992800000",
}
"""Grafana's own variables in a panel of one day."""

ANY = frozenset({"*"})
"""The labels of series that others produce."""

OF_PROMETHEUS = {
    **dict.fromkeys(("ALERTS", "ALERTS_FOR_STATE", "up"), ANY),
    **dict.fromkeys(("scrape_duration_seconds", "scrape_samples_scraped", "scrape_series_added"), ANY),
}
RECORDED: Mapping[str, frozenset[str]] = {
    name: frozenset(labels.split())
    for name, labels in {
        "instance:enphase_flow_watts:mean5m": "flow",
        "instance:enphase_self_consumption_ratio:mean5m": "",
        "instance:enphase_self_sufficiency_ratio:mean5m": "",
        "instance:enphase_import_watts:mean15m": "",
        "instance:enphase_import_price_per_kilowatt_hour:current": "",
        "instance:enphase_export_price_per_kilowatt_hour:current": "",
        "instance:enphase_money_per_hour:mean5m": "flow",
        "instance:enphase_daylight:bool": "",
        "array:enphase_inverter_power_watts:median": "array",
        "inverter:enphase_inverter_power_ratio:of_median": "serial array",
        "inverter:enphase_inverter_last_report_timestamp_seconds:hour": "serial",
        "instance:enphase_flow_kilowatt_hours:hour": "flow",
        "instance:enphase_flow_kilowatt_hours:day": "flow",
        "instance:enphase_money:day": "flow",
        "instance:enphase_self_consumption_ratio:day": "",
        "instance:enphase_self_sufficiency_ratio:day": "",
        "instance:enphase_import_watts_mean15m:max_day": "",
        "inverter:enphase_inverter_kilowatt_hours:day": "serial array",
        "inverter:enphase_inverter_performance_ratio:7d": "serial array",
    }.items()
}
"""The series of prometheus/rules that dashboards use, with their labels apart from job and instance."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a panel. `index` is its position in the panel."""

    dashboard: str
    panel: str
    index: int
    type: str
    unit: str
    expression: str
    legend: str

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel} [{self.index}]"


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric in an expression. `matchers` are (label, operator, value)."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]
    within: str
    """The innermost function around it."""


@cache
def dashboards() -> dict[str, Json]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}


def panels(dashboard: Json) -> Iterator[Json]:
    """All panels, those of collapsed rows too, without the headings of rows."""
    return (panel for _, panel in panels_by_row(dashboard))


def panels_by_row(dashboard: Json) -> Iterator[tuple[str, Json]]:
    """All panels, each with the heading of its row."""
    row = ""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            row = panel["title"]
            yield from ((row, panel) for panel in panel.get("panels", ()))
        else:
            yield row, panel


def queries(name: str) -> Iterator[Query]:
    for panel in panels(dashboards()[name]):
        unit = panel["fieldConfig"]["defaults"].get("unit", "")
        for index, target in enumerate(panel.get("targets", ())):
            legend = target.get("legendFormat", "")
            yield Query(name, panel["title"], index, panel["type"], unit, target["expr"], legend)


def annotations(name: str) -> Iterator[str]:
    yield from (annotation["expr"] for annotation in dashboards()[name]["annotations"]["list"])


def variables(name: str) -> Iterator[Json]:
    yield from dashboards()[name]["templating"]["list"]


def expressions(name: str) -> list[str]:
    """All PromQL of a dashboard: of its panels, its annotations, and of `label_values(…, label)` in its variables."""
    chosen = [variable["query"] for variable in variables(name) if variable["type"] == "query"]
    of_variables = [match[1] for query in chosen if (match := re.fullmatch(r"label_values\((.*), \w+\)", query))]
    return [*(query.expression for query in queries(name)), *annotations(name), *of_variables]


def substitute(expression: str, name: str, **chosen: str) -> str:
    """The expression that Grafana sends, with All for each variable that is not `chosen`."""
    values = {**BY_GRAFANA, **{variable["name"]: _value(variable) for variable in variables(name)}, **chosen}
    return re.sub(r"\$(?:\{(\w+)(?::\w+)?\}|([a-z_]\w*))", lambda match: values[match[1] or match[2]], expression)


def _value(variable: Json) -> str:
    if variable.get("includeAll"):
        return str(variable["allValue"])
    return str(variable.get("current", {}).get("value") or variable["query"])


_STRING = r'"(?:[^"\\]|\\.)*"'
_TOKEN = re.compile(
    rf"""
    (?P<string>{_STRING})
    | (?:by|without|on|ignoring|group_left|group_right)\s*\((?P<labels>[^)]*)\)
    | \[[^\]]*\]                                            # a range
    | \$\w+ | \$\{{\w+\}} | \b\d[\w.]*                      # a variable, a number, a duration
    | (?P<word>[a-zA-Z_:][\w:]*)\s*(?P<braces>\{{(?:[^"}}]|{_STRING})*\}})?(?P<call>\()?
    | (?P<open>\() | (?P<close>\))
    """,
    re.VERBOSE,
)
_NO_METRIC = {
    *("and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left", "group_right", "inf"),
    *("sum", "min", "max", "avg", "count", "group", "topk", "bottomk", "quantile", "count_values", "stddev", "stdvar"),
}


def selectors(expression: str) -> Iterator[Selector]:
    functions = [""]
    for token in _TOKEN.finditer(expression):
        if token["call"]:
            functions.append(token["word"])
        elif token["open"]:
            functions.append("")
        elif token["close"]:
            functions.pop()
        elif token["word"] and token["word"] not in _NO_METRIC:
            matchers = re.findall(rf"(\w+)\s*(=~|!~|!=|=)\s*({_STRING})", token["braces"] or "")
            yield Selector(token["word"], tuple((a, b, c[1:-1]) for a, b, c in matchers), functions[-1])


def labels_joined(expression: str) -> set[str]:
    """The labels by which the expression groups and joins."""
    groups = (token["labels"] for token in _TOKEN.finditer(expression) if token["labels"])
    return {label.strip() for group in groups for label in group.split(",")} - {""}


def labels_made(expression: str) -> set[str]:
    """The labels that `label_replace` and `label_join` may create: any string that is a name."""
    strings = (token["string"] for token in _TOKEN.finditer(expression) if token["string"])
    return {text[1:-1] for text in strings if re.fullmatch(r'"\w+"', text)}


@cache
def known_labels() -> Mapping[str, frozenset[str]]:
    """Every series that a query may select, with its labels apart from job and instance."""
    declared = {family.name: frozenset({*family.labels, *filter(None, [family.state])}) for family in families()}
    return {**declared, **dict.fromkeys(_own(), ANY), **OF_PROMETHEUS, **dict.fromkeys(recorded(), ANY), **RECORDED}


def _own() -> Iterator[str]:
    """The series of the exporter itself and of its process."""
    for family in Telemetry("").registry.collect():
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        yield from (family.name + ending for ending in endings)


@cache
def rules() -> tuple[Json, ...]:
    """Every rule of the project."""
    return tuple(rules_in(*FILES))


def recorded() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}
