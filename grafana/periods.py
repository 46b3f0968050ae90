"""PromQL of hours, days, months and years.

The sample of an hour or a day is written some minutes after its end. Grafana steps by the browser's present offset from
UTC: half a year away its midnights are an hour off, so all queries here find a sample that is up to half a step early
or late. The time zones of browser and system may differ by 11 hours for day bars and by 5 for months and years; beyond
that, a day appears at its neighbour.
"""

from collections.abc import Callable

from queries import FLOW_WATTS, metric

NO_DAY_YET = "No complete day yet"
NO_LOAD_YET = f"{NO_DAY_YET}, or no consumption CT"
"""Shown by a panel without data."""

FLOW_HOUR = "instance:enphase_flow_kilowatt_hours:hour"
FLOW_DAY = "instance:enphase_flow_kilowatt_hours:day"
MONEY_DAY = "instance:enphase_money:day"
MONEY_PER_HOUR = "instance:enphase_money_per_hour:mean5m"
PEAK_DAY = "instance:enphase_import_watts_mean15m:max_day"

Energy = Callable[[str], str]
"""Returns the PromQL of the kWh of a flow, one value a gateway."""

_MINUTES = {
    FLOW_HOUR: (FLOW_WATTS, 60000),
    FLOW_DAY: (FLOW_WATTS, 60000),
    MONEY_DAY: (MONEY_PER_HOUR, 60),
}
"""For each recorded series: the series of which it sums one value a minute, and the divisor."""


def hour(flow: str) -> str:
    """For steps of 1h: the hour that begins at the step; the last is the current hour."""
    done = f"last_over_time({metric(FLOW_HOUR, flow=flow)}[1h] offset -90m)"
    return f"({done} or {_running(FLOW_HOUR, flow, '1h', 3600)})"


def day(flow: str, recorded: str = FLOW_DAY) -> str:
    """For steps of 1d: the day that begins at the step; the last is today, until now."""
    return f"({whole_day(flow, recorded)} or {_running(recorded, flow, '1d', 86400)})"


def whole_day(flow: str, recorded: str = FLOW_DAY) -> str:
    """For steps of 1d: the day that begins at the step, if it has ended; its sample is written just after its end."""
    return f"last_over_time({metric(recorded, flow=flow)}[1d] offset -36h)"


def day_a_year_before(flow: str) -> str:
    """52 weeks before: the same day of the week."""
    return f"last_over_time({metric(FLOW_DAY, flow=flow)}[1d] offset 362d12h)"


def _running(recorded: str, flow: str, step: str, seconds: int) -> str:
    """The period that began at the panel's last step, so far. `@ end()` sums its minutes once, not at each step."""
    minutes, divisor = _MINUTES[recorded]
    values = f"sum_over_time({metric(minutes, flow=flow)}[{step}] @ end() offset -{step})"
    return f"{values} / {divisor} and on () vector(time()) > $__to / 1000 - {seconds}"


def noon(flow: str, recorded: str = FLOW_DAY) -> str:
    """For steps of 12h: each day once, at its noon, which is in its month and its year whatever the clocks do."""
    return _noon(metric(recorded, flow=flow), "-18h")


def noon_a_year_before(flow: str) -> str:
    return _noon(metric(FLOW_DAY, flow=flow), "364d6h")


def noon_peak() -> str:
    return _noon(metric(PEAK_DAY), "-18h")


def _noon(selector: str, offset: str) -> str:
    """Not before the panel's time range, where the first step may be: that would add a month of one day."""
    return f"(last_over_time({selector}[12h] offset {offset}) and on () vector(time()) > $__to / 1000 - $__range_s)"


def so_far(*flows: str, recorded: str = FLOW_DAY) -> str:
    """At the end of the panel's time range: all days that began in it, without today."""
    return f"sum_over_time({_any(recorded, flows)}[$__range] offset -12h)"


def so_far_a_year_before(*flows: str, recorded: str = FLOW_DAY) -> str:
    """The same, if nine days of ten have data: half of a year is not comparable."""
    before = f"{_any(recorded, flows)}[$__range] offset 364d12h"
    return f"(sum_over_time({before}) and count_over_time({before}) >= 0.9 * $__range_s / 86400 - 1)"


def _any(recorded: str, flows: tuple[str, ...]) -> str:
    return metric(recorded, f'flow=~"{"|".join(flows)}"')


def running_total(flow: str) -> str:
    """For steps of 1d: all days since the beginning of the panel's time range."""
    return _total(metric(FLOW_DAY, flow=flow), "-36h")


def running_total_a_year_before(flow: str) -> str:
    return _total(metric(FLOW_DAY, flow=flow), "363d12h")


def _total(selector: str, offset: str) -> str:
    """The steps of the subquery are midnights of UTC, within twelve hours of a local midnight."""
    began = "vector(time()) > $__to / 1000 - $__range_s - 43200"
    return f"sum_over_time((sum(last_over_time({selector}[1d] offset {offset})) and on () {began})[366d:1d])"


def share_of_31_days_without(part: str, whole: str) -> str:
    """For steps of 1d: the share of the flow `whole` in 31 days that is not `part`; of the gateways that have both."""
    parts, wholes = (f"sum_over_time({metric(FLOW_DAY, flow=flow)}[31d])" for flow in (part, whole))
    return f"1 - sum({parts}) / (sum({wholes} and on (job, instance) {parts}) > 0)"


def money(flow: str, energy: Energy, recorded: str) -> str:
    """At the price that is selected at the top; without one it is NaN, and `recorded` uses the tariff of its time."""
    prices = {"import": "$import_price", "export": "$export_price", "saved": "$import_price"}
    saved = f"{energy('load')} - on (job, instance) {energy('import')}"
    energies = saved if flow == "saved" else energy(flow)
    return f"(sum({energies}) * {prices[flow]} > -inf or sum({recorded}))"
