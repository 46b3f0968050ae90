"""What a person sees who has a dashboard open: its variables, its time, and what Prometheus answers to a panel."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

Json = Any
"""What a dashboard's file, or Prometheus, says."""

PIXELS_A_COLUMN = 60
NICE_STEPS = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400)
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "M": 30 * 86400, "y": 365 * 86400}


@dataclass(frozen=True, slots=True)
class Series:
    """`times` in seconds since 1970; `reference` is the query's letter."""

    name: str
    labels: Mapping[str, str]
    reference: str
    times: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Viewing:
    """`start`, `end`: seconds since 1970. `variables`: what stands for each in a query."""

    url: str
    start: float
    end: float
    zone: ZoneInfo
    variables: Mapping[str, str]

    def of(self, panel: Json) -> "Viewing":
        """With the panel's own time, if it has one: `now/d`, `31d` or `now-1y/y`."""
        override = panel.get("timeFrom")
        if not override:
            return self
        return replace(self, start=since(override, datetime.fromtimestamp(self.end, self.zone)))

    def answers(self, panel: Json) -> Iterator[Series]:
        """Of all its queries, in their order. Raises httpx.HTTPError, with Prometheus's words, on a bad query."""
        step = self.step(panel)
        for target in panel.get("targets", ()):
            if target.get("hide"):
                continue
            expression = self.asked(target["expr"], step)
            rows = self._instant(expression) if target.get("instant") else self._range(expression, step)
            for labels, points in rows:
                yield Series(
                    name=_legend(target.get("legendFormat", ""), labels),
                    labels=labels,
                    reference=target["refId"],
                    times=tuple(time for time, _ in points),
                    values=tuple(value for _, value in points),
                )

    def choices(self, variable: Json) -> list[str]:
        """What one can choose for a variable that asks `label_values(selector, label)`."""
        match = re.fullmatch(r"label_values\((.*), *(\w+)\)", variable["query"])
        if match is None:
            raise ValueError(f"{variable['query']}: teach pictures what it asks for")
        asked: dict[str, str | float] = {
            "query": self.asked(f"count by ({match[2]}) ({match[1]})", 60),
            "time": self.end,
        }
        return sorted(each["metric"].get(match[2], "") for each in _get(f"{self.url}/api/v1/query", asked))

    def step(self, panel: Json) -> int:
        """Seconds between two points: one a pixel, not below the panel's own interval."""
        least = _seconds(panel.get("interval") or "15s")
        points = panel.get("maxDataPoints") or panel["gridPos"]["w"] * PIXELS_A_COLUMN
        wanted = max(least, (self.end - self.start) / points)
        return least if wanted <= least else next((step for step in NICE_STEPS if step >= wanted), NICE_STEPS[-1])

    def asked(self, expression: str, step: int) -> str:
        """The query with Grafana's variables and the dashboard's in it."""
        seconds = round(self.end - self.start)
        own = {
            "__from": str(round(1000 * self.start)),
            "__to": str(round(1000 * self.end)),
            "__range": f"{seconds}s",
            "__range_s": str(seconds),
            "__interval": f"{step}s",
            "__rate_interval": f"{max(4 * 60, step + 60)}s",
        }
        for name, value in sorted({**self.variables, **own}.items(), key=lambda each: -len(each[0])):
            expression = re.sub(rf"\$\{{{name}(:\w+)?\}}|\${name}\b", value.replace("\\", r"\\"), expression)
        return expression

    def _instant(self, expression: str) -> Iterator[tuple[dict[str, str], list[tuple[float, float]]]]:
        for each in _get(f"{self.url}/api/v1/query", {"query": expression, "time": self.end}):
            yield each["metric"], [(each["value"][0], float(each["value"][1]))]

    def _range(self, expression: str, step: int) -> Iterator[tuple[dict[str, str], list[tuple[float, float]]]]:
        # Grafana puts steps, and the end that `@ end()` sees, on the browser's midnight of now.
        shift = datetime.fromtimestamp(self.end, self.zone).utcoffset() or timedelta()
        start, end = (time - (time + shift.total_seconds()) % step for time in (self.start, self.end))
        asked: dict[str, str | float] = {"query": expression, "start": start, "end": end, "step": step}
        for each in _get(f"{self.url}/api/v1/query_range", asked):
            yield each["metric"], [(time, float(value)) for time, value in each["values"]]


def defaults(dashboard: Json) -> dict[str, str]:
    """What each variable is before anybody chooses."""
    chosen: dict[str, str] = {}
    for variable in dashboard["templating"]["list"]:
        value = (variable.get("current") or {}).get("value") or variable.get("query", "")
        chosen[variable["name"]] = variable.get("allValue") or ".*" if value == "$__all" else str(value)
    return chosen


def _get(url: str, parameters: Mapping[str, str | float]) -> Json:
    response = httpx.post(
        url, data={key: str(value) for key, value in parameters.items()}, timeout=300, trust_env=False
    )
    if response.is_error:
        raise httpx.HTTPError(f"{parameters['query']}\n{response.text}")
    return response.json()["data"]["result"]


def since(override: str, now: datetime) -> float:
    """The beginning of `now/d`, `31d`, `now-12M/M`, in seconds since 1970."""
    match = re.fullmatch(r"(?:now)?-?(?:(\d+)([smhdwMy]))?(?:/([dMy]))?", override)
    if match is None:
        raise ValueError(f"timeFrom {override!r}: teach pictures what it means")
    count, unit, floor = match.groups()
    number = int(count or 0)
    if unit in {"M", "y"}:
        months = 12 * now.year + now.month - 1 - (12 if unit == "y" else 1) * number
        then = now.replace(year=months // 12, month=months % 12 + 1, day=min(now.day, 28))
    else:
        then = now - timedelta(seconds=number * SECONDS[unit or "s"])
    if floor:
        then = then.replace(hour=0, minute=0, second=0, microsecond=0)
        then = then.replace(day=1) if floor in "My" else then
        then = then.replace(month=1) if floor == "y" else then
    return then.timestamp()


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * SECONDS[duration[-1]]


def _legend(wanted: str, labels: Mapping[str, str]) -> str:
    if wanted and wanted != "__auto":
        return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda match: labels.get(match[1], ""), wanted)
    rest = ", ".join(f'{key}="{value}"' for key, value in labels.items() if key != "__name__")
    return labels.get("__name__", "") + (f"{{{rest}}}" if rest else "")
