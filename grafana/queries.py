"""PromQL parts that are the same on every dashboard. Several selected gateways are added up."""

from collections.abc import Mapping
from dataclasses import dataclass

from palette import FLOWS

FLOW_WATTS = "instance:enphase_flow_watts:mean5m"
SELECTED = 'job=~"$job", instance=~"$instance"'
ALERTS = 'alertname=~"Enphase.*", job=~"$job", instance=~"$instance|"'  # an alert on an absent gateway has no instance


@dataclass(frozen=True, slots=True)
class Query:
    """`legend` may contain labels, as `{{instance}}`; all series have `colour`, or one by their name."""

    expression: str
    legend: str = ""
    colour: str = ""


def metric(name: str, *matchers: str, **labels: str) -> str:
    """A selector for the selected jobs and instances: `metric("enphase_meter_enabled", meter="storage")`."""
    equal = (f'{label}="{value}"' for label, value in labels.items())
    return name + "{" + ", ".join((SELECTED, *matchers, *equal)) + "}"


def watts(flow: str) -> str:
    return f"sum({metric(FLOW_WATTS, flow=flow)})"


def kilowatt_hours(flow: str) -> str:
    """Over the panel's time range, from one mean power a minute: minutes without data are missing."""
    return f"sum(sum_over_time({metric(FLOW_WATTS, flow=flow)}[$__range])) / 60000"


def share_without(part: str, whole: str) -> str:
    """The share of the flow `whole` over the panel's time range that is not `part`; of the gateways that have both."""
    parts, wholes = (f"sum_over_time({metric(FLOW_WATTS, flow=flow)}[$__range])" for flow in (part, whole))
    return f"1 - sum({parts}) / (sum({wholes} and on (job, instance) {parts}) > 0)"


def highest_watts(flow: str) -> str:
    return f"max_over_time({watts(flow)}[$__range:1m])"


def flow(name: str, expression: str) -> Query:
    """The query with the flow's own name and colour: `flow("solar", watts("solar"))`."""
    return Query(expression, FLOWS[name].name, FLOWS[name].colour)


def code(name: str, label: str, codes: Mapping[str, float], *by: str) -> str:
    """A state as one number: that of the first pattern in `codes` that matches `label`, 0 if none matches."""
    matchers = {f'{label}=~"{states}"': number for states, number in codes.items()}
    terms = (f"{number:g} * {metric(name, matcher)}" for matcher, number in matchers.items())
    return f"max by ({', '.join(('job', 'instance', *by))}) ({' or '.join(terms)})"
