"""A dashboard in the browser: the queries that Grafana sends to Prometheus, and their results."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from support.dashboards import Json, dashboards, panels_by_row, substitute, variables
from support.tsdb import Prometheus, Series, Steps

PIXELS_A_COLUMN = 60
SCRAPES = 60.0
"""Seconds; `timeInterval` in grafana/provisioning/datasources."""
INTERVALS = (10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800)
"""Seconds to which Grafana rounds."""
_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}


@dataclass(frozen=True)
class QueryResult:
    """The result of one query of a panel. `place`: dashboard/row/title."""

    place: str
    panel: Json
    target: Json
    series: list[Series]

    @property
    def letter(self) -> str:
        return str(self.target["refId"])

    @property
    def values(self) -> list[float]:
        return [value for series in self.series for value in series.values.values()]

    def __str__(self) -> str:
        return f"{self.place} {self.letter}"


@dataclass(frozen=True)
class View:
    """`now` is the time in the browser, `zone` its time zone. `chosen`: the variables that are not All.

    `began`: the chosen time range, such as `now-12h`; empty means that of the dashboard.
    """

    prometheus: Prometheus
    dashboard: str
    now: float
    zone: ZoneInfo
    chosen: Mapping[str, str] = field(default_factory=dict)
    began: str = ""

    def choosing(self, **chosen: str) -> "View":
        return replace(self, chosen={**self.chosen, **chosen})

    def panels(self) -> Iterator[QueryResult]:
        """The result of each query of each panel, in order."""
        for row, panel in panels_by_row(dashboards()[self.dashboard]):
            for target in panel["targets"]:
                yield QueryResult(f"{self.dashboard}/{row}/{panel['title']}", panel, target, self.result(panel, target))

    def of(self, title: str) -> dict[str, list[Series]]:
        """The results of the panel `row/title`, by the letters of its queries."""
        (panel,) = (
            panel for row, panel in panels_by_row(dashboards()[self.dashboard]) if f"{row}/{panel['title']}" == title
        )
        return {target["refId"]: self.result(panel, target) for target in panel["targets"]}

    def marks(self) -> Iterator[tuple[str, list[Series]]]:
        """The results of annotations, with their names."""
        start, step = self.start({}), self.step({})
        for annotation in dashboards()[self.dashboard]["annotations"]["list"]:
            yield (
                annotation["name"],
                self.prometheus.range(self.substitute(annotation["expr"], {}), Steps(start, self.now, step)),
            )

    def options(self, name: str) -> list[str]:
        """The values of a variable that can be chosen."""
        (variable,) = (variable for variable in variables(self.dashboard) if variable["name"] == name)
        match = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"])
        assert match, variable["query"]
        selector = substitute(match[1], self.dashboard, **self.chosen)
        return self.prometheus.label_values(match[2], selector, self.start({}), self.now)

    def start(self, panel: Json) -> float:
        """The start of the panel's time range: its own, or that of the dashboard."""
        began = panel.get("timeFrom") or self.began or dashboards()[self.dashboard]["time"]["from"]
        return since(began, datetime.fromtimestamp(self.now, self.zone)).timestamp()

    def substitute(self, expression: str, panel: Json) -> str:
        """A query or title of the panel, with the variables of Grafana and of the dashboard replaced."""
        start = self.start(panel)
        step = self.step(panel)
        seconds = round(self.now - start)
        own = {
            "__from": f"{1000 * start:.0f}",
            "__to": f"{1000 * self.now:.0f}",
            "__range": f"{seconds}s",
            "__range_s": f"{seconds}",
            "__interval": f"{step:.0f}s",
            "__rate_interval": f"{max(step + SCRAPES, 4 * SCRAPES):.0f}s",
        }
        return substitute(expression, self.dashboard, **{**own, **self.chosen})

    def result(self, panel: Json, target: Json) -> list[Series]:
        expression = self.substitute(target["expr"], panel)
        if target.get("instant"):
            return self.prometheus.at(expression, self.now)
        step = self.step(panel)
        steps = Steps(self._aligned(self.start(panel), step), self._aligned(self.now, step), step)
        return self.prometheus.range(expression, steps)

    def step(self, panel: Json) -> float:
        """Seconds between two points: one a pixel, but at least the scrape interval."""
        least = _seconds(panel["interval"]) if panel.get("interval") else SCRAPES
        points = panel.get("maxDataPoints") or PIXELS_A_COLUMN * panel.get("gridPos", {"w": 24})["w"]
        exact = (self.now - self.start(panel)) / points
        nearest = min(INTERVALS, key=lambda interval: abs(interval - exact))
        return max(least, nearest if exact > least else 0)

    def _aligned(self, instant: float, step: float) -> float:
        """Steps begin at midnight in the browser, with its current offset."""
        offset = datetime.fromtimestamp(self.now, self.zone).utcoffset() or timedelta()
        return (instant + offset.total_seconds()) // step * step - offset.total_seconds()


def legend(target: Json, series: Series) -> str:
    """The legend of a series, with its labels replaced."""
    return re.sub(r"{{(\w+)}}", lambda match: series.labels.get(match[1], ""), target.get("legendFormat", ""))


def since(began: str, now: datetime) -> datetime:
    """The start of a time range that Grafana writes as `now-24h`, `7d`, `now/d` or `now-12M/M`."""
    match = re.fullmatch(r"(?:now)?-?(?:(\d+)([mhdwMy]))?(?:/([dMy]))?", began)
    assert match, began
    number, unit, floor = int(match[1] or 0), match[2], match[3]
    if unit in {"M", "y"}:
        months = 12 * now.year + now.month - 1 - number * (12 if unit == "y" else 1)
        now = now.replace(year=months // 12, month=months % 12 + 1)  # Python raises an error on the 31st
    elif unit in {"m", "h"}:
        now = datetime.fromtimestamp(now.timestamp() - number * _SECONDS[unit], now.tzinfo)
    elif unit:
        now -= timedelta(seconds=number * _SECONDS[unit])
    if floor:
        now = now.replace(hour=0, minute=0, second=0, microsecond=0)
        now = now.replace(day=now.day if floor == "d" else 1, month=1 if floor == "y" else now.month)
    return now


def _seconds(duration: str) -> float:
    return int(duration[:-1]) * _SECONDS[duration[-1]]
