"""Draws a dashboard from what a Prometheus answers: `python grafana/pictures/draw.py --help`.

It is an illustration. Grafana is not asked, and what it draws differs in fonts and details; the queries, the places,
the sizes, the colours, the units and the transformations are the dashboard's own.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import matplotlib as mpl
from matplotlib.figure import Figure

from frame import BACK, CARD, TEXT, nothing
from row_panels import IN_ROWS
from series_panels import OVER_TIME
from tables import table
from viewing import PIXELS_A_COLUMN, Viewing, defaults, since

Json = Any
WIDTH, ROW, GAP, DPI = 24 * PIXELS_A_COLUMN, 38, 8, 100

SO_FAR = {"now/d": "Today so far", "now/M": "This month so far", "now/y": "This year so far"}
"""What Grafana writes beside the title of a panel that has a time of its own."""


def drawn(dashboard: Json, viewing: Viewing) -> Figure:
    """The whole dashboard, rows that are closed opened."""
    panels = list(_panels(dashboard, viewing))
    height = ROW * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel, _ in panels) + GAP
    figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=BACK)
    for panel, seen in panels:
        place = panel["gridPos"]
        left, top = place["x"] * PIXELS_A_COLUMN + GAP, place["y"] * ROW + GAP
        wide, high = place["w"] * PIXELS_A_COLUMN - GAP, place["h"] * ROW - GAP
        title = seen.asked(panel.get("title", ""), 60)
        if panel["type"] == "row":
            figure.text(
                left / WIDTH, 1 - (top + 14) / height, f"⌄ {title}", color=TEXT, fontsize=10, weight="bold", va="center"
            )
            continue
        card = figure.add_axes((left / WIDTH, 1 - (top + high) / height, wide / WIDTH, high / height))
        card.set_facecolor(CARD)
        card.set(xticks=[], yticks=[])
        for spine in card.spines.values():
            spine.set_color("#25282E")
        note = f"   {SO_FAR.get(panel['timeFrom'], panel['timeFrom'])}" if panel.get("timeFrom") else ""
        figure.text(
            (left + 8) / WIDTH,
            1 - (top + 14) / height,
            title + note,
            color=TEXT,
            fontsize=8,
            weight="bold",
            va="center",
        )
        charted = panel["type"] in {"timeseries", "barchart", "state-timeline"}
        inset = (58 if charted else 8, 28, 10 if charted else 8, 46 if charted else 6)
        if panel["type"] == "state-timeline":
            inset = (130, 28, 10, 46)
        axes = figure.add_axes(
            (
                (left + inset[0]) / WIDTH,
                1 - (top + high - inset[3]) / height,
                (wide - inset[0] - inset[2]) / WIDTH,
                (high - inset[1] - inset[3]) / height,
            )
        )
        axes.set_facecolor(CARD)
        _fill(axes, panel, seen.of(panel))
    return figure


def _panels(dashboard: Json, viewing: Viewing) -> Iterator[tuple[Json, Viewing]]:
    """Folded rows unfolded, and a panel that is repeated once for each value of its variable."""
    shift = 0
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        opened = {**panel, "gridPos": {**place, "y": place["y"] + shift}}
        inner = panel.get("panels") or ()
        if not panel.get("repeat"):
            yield opened, viewing
        else:
            yield from _repeated(opened, dashboard, viewing)
        if inner:
            # They stand where they are when the row is opened, which moves all that is below.
            top = min(each["gridPos"]["y"] for each in inner)
            for each in inner:
                y = each["gridPos"]["y"] - top + place["y"] + 1 + shift
                yield {**each, "gridPos": {**each["gridPos"], "y": y}}, viewing
            shift += max(each["gridPos"]["y"] + each["gridPos"]["h"] for each in inner) - top


def _repeated(panel: Json, dashboard: Json, viewing: Viewing) -> Iterator[tuple[Json, Viewing]]:
    (variable,) = (each for each in dashboard["templating"]["list"] if each["name"] == panel["repeat"])
    values = viewing.choices(variable) or [viewing.variables[panel["repeat"]]]
    width = 24 // len(values)
    for number, value in enumerate(values):
        place = {**panel["gridPos"], "x": number * width, "w": width}
        yield {**panel, "gridPos": place}, replace(viewing, variables={**viewing.variables, panel["repeat"]: value})


def _fill(axes: Any, panel: Json, viewing: Viewing) -> None:
    answers = [answer for answer in viewing.answers(panel) if answer.values]
    kind = panel["type"]
    if not answers:
        nothing(axes, panel)
    elif kind in OVER_TIME:
        OVER_TIME[kind](axes, panel, answers, viewing)
    elif kind in IN_ROWS:
        columns, rows = table(answers, panel, viewing.zone)
        IN_ROWS[kind](axes, panel, columns, rows, viewing)
    else:
        raise ValueError(f"{panel['title']}: teach pictures to draw a {kind}")


def picture(dashboard: Json, viewing: Viewing, file: Path) -> None:
    mpl.rcParams["font.family"] = "DejaVu Sans"
    drawn(dashboard, viewing).savefig(file, dpi=DPI, facecolor=BACK)


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw a dashboard of grafana/dashboards as a picture.")
    parser.add_argument("dashboard", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--prometheus", default="http://localhost:9090")
    parser.add_argument("--instance", default=".+")
    parser.add_argument("--until", type=datetime.fromisoformat, help="the end of what is shown; now without")
    parser.add_argument("--since", help="as the dashboard's own range: 24h, 31d; the dashboard's without")
    parser.add_argument("--timezone", default="UTC", type=ZoneInfo)
    words = parser.parse_args()
    dashboard = json.loads(words.dashboard.read_text())
    end = (words.until or datetime.now(words.timezone)).astimezone(words.timezone)
    start = since(words.since or dashboard["time"]["from"], end)
    chosen = {**defaults(dashboard), "instance": words.instance}
    picture(dashboard, Viewing(words.prometheus, start, end.timestamp(), words.timezone, chosen), words.picture)


if __name__ == "__main__":
    main()
