"""Draws a dashboard from the results of its queries.

It is an illustration, not made by Grafana, whose fonts and details differ; the queries, positions, sizes, colours,
units and transformations are the dashboard's own.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from support.dashboard_view import PIXELS_A_COLUMN, View
from support.dashboards import dashboards

from frame import BACK, CARD, TEXT, draw_no_data
from results import results
from row_panels import IN_ROWS
from series_panels import OVER_TIME
from tables import table

Json = Any
WIDTH, ROW, GAP, DPI = 24 * PIXELS_A_COLUMN, 38, 8, 100

SO_FAR = {"now/d": "Today so far", "now/M": "This month so far", "now/y": "This year so far"}
"""The text that Grafana shows beside the title of a panel with its own time range."""


def picture(view: View, file: Path) -> Figure:
    """Draw the whole dashboard, with folded rows open, into a file; return the figure."""
    mpl.rcParams["font.family"] = "DejaVu Sans"
    figure = _drawn(view)
    figure.savefig(file, dpi=DPI, facecolor=BACK)
    return figure


def _drawn(view: View) -> Figure:
    """The axes of a panel have its id as their label."""
    panels = list(_panels(view))
    height = ROW * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel, _ in panels) + GAP
    figure = Figure(figsize=(WIDTH / DPI, height / DPI), dpi=DPI, facecolor=BACK)
    for panel, panel_view in panels:
        place = panel["gridPos"]
        left, top = place["x"] * PIXELS_A_COLUMN + GAP, place["y"] * ROW + GAP
        wide, high = place["w"] * PIXELS_A_COLUMN - GAP, place["h"] * ROW - GAP
        title = panel_view.substitute(panel["title"], panel)
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
            ),
            label=str(panel["id"]),
        )
        axes.set_facecolor(CARD)
        _fill(axes, panel, panel_view)
    return figure


def _panels(view: View) -> Iterator[tuple[Json, View]]:
    """Yield the panels of open and folded rows, and a repeated panel once for each value of its variable."""
    shift = 0
    for panel in dashboards()[view.dashboard]["panels"]:
        place = panel["gridPos"]
        opened = {**panel, "gridPos": {**place, "y": place["y"] + shift}}
        inner = panel.get("panels") or ()
        if not panel.get("repeat"):
            yield opened, view
        else:
            yield from _repeated(opened, view)
        if inner:
            # Their positions are those of the open row, which moves all panels below it.
            top = min(folded["gridPos"]["y"] for folded in inner)
            for folded in inner:
                y = folded["gridPos"]["y"] - top + place["y"] + 1 + shift
                yield {**folded, "gridPos": {**folded["gridPos"], "y": y}}, view
            shift += max(folded["gridPos"]["y"] + folded["gridPos"]["h"] for folded in inner) - top


def _repeated(panel: Json, view: View) -> Iterator[tuple[Json, View]]:
    variable = panel["repeat"]
    views = [view.choosing(**{variable: value}) for value in view.options(variable)] or [view]
    width = 24 // len(views)
    for number, repeated in enumerate(views):
        yield {**panel, "gridPos": {**panel["gridPos"], "x": number * width, "w": width}}, repeated


def _fill(axes: Any, panel: Json, view: View) -> None:
    found = list(results(view, panel))
    kind = panel["type"]
    if not found:
        draw_no_data(axes, panel)
    elif kind in OVER_TIME:
        OVER_TIME[kind](axes, panel, found, view)
    elif kind in IN_ROWS:
        frame = table(found, panel, view.zone)
        IN_ROWS[kind](axes, panel, frame, view)
    else:
        raise ValueError(f"{panel['title']}: panels of type {kind} are not supported; add it to grafana/pictures/")
