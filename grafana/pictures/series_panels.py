"""Panels of series: numbers, curves, bands and bars."""

from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from support.dashboard_view import View

from fields import GRID, Json, colour_of, field_of
from formats import written
from frame import A_DAY, TEXT, legend, limits, style_axes, time_axis
from results import Result


def numbers(axes: Axes, panel: Json, results: Sequence[Result], view: View) -> None:
    axes.axis("off")
    count = len(results)
    upright = panel["gridPos"]["w"] <= panel["gridPos"]["h"] * 1.5
    named = count > 1 or panel["options"].get("textMode") == "value_and_name"
    for place, result in enumerate(results):
        field = field_of(panel, result.name, result.reference)
        value = result.values[-1]
        colour, ink = colour_of(field, value, place), TEXT
        middle = (place + 0.5) / count
        x, y = (0.5, 1 - middle) if upright else (middle, 0.5)
        if str(panel["options"].get("colorMode", "")).startswith("background"):
            axes.axhspan(1 - (place + 1) / count, 1 - place / count, color=colour)
            axes.set(xlim=(0, 1), ylim=(0, 1))
            colour = ink = "white"
        size = max(8.0, min(20.0, 26.0 / (count**0.5), panel["gridPos"]["w"] * 5.2))
        at: dict[str, Any] = {"ha": "center", "va": "center", "transform": axes.transAxes}
        text = result.name if panel["options"].get("textMode") == "name" else written(value, field, view.now)
        axes.text(x, y + (0.08 if named else 0), text, color=colour, fontsize=size, **at)
        if named:
            axes.text(x, y - 0.24 / (count if upright else 1), result.name, color=ink, fontsize=7.5, **at)


def curves(axes: Axes, panel: Json, results: Sequence[Result], view: View) -> None:
    """Draw lines, areas, stacks and bars over time."""
    stacks: dict[tuple[str, bool], dict[float, float]] = {}
    step = view.step(panel)
    for place, result in enumerate(results):
        field = field_of(panel, result.name, result.reference)
        colour = colour_of(field, None, place)
        mirrored = -1 if field.get("custom.transform") == "negative-Y" else 1
        values = [mirrored * value for value in result.values]
        days = [time / A_DAY for time in result.times]
        base = [0.0] * len(values)
        stacking = field.get("custom.stacking") or {}
        if stacking.get("mode", "none") != "none":
            stack = stacks.setdefault((str(stacking.get("group")), sum(values) < 0), {})
            base = [stack.get(time, 0.0) for time in result.times]
            values = [value + lower for value, lower in zip(values, base, strict=True)]
            stack.update(zip(result.times, values, strict=True))
        if field.get("custom.drawStyle") == "bars":
            heights = [value - lower for value, lower in zip(values, base, strict=True)]
            filled = to_rgba(colour, float(field.get("custom.fillOpacity", 100)) / 100)
            axes.bar(
                days,
                heights,
                width=0.8 * step / A_DAY,
                bottom=base,
                color=filled,
                edgecolor=colour,
                linewidth=0.8,
                align="edge",
                label=result.name,
            )
            continue
        days, values, base = _with_gaps(days, values, base, 5 * step / A_DAY)
        width = float(field.get("custom.lineWidth", 1))
        style = "--" if (field.get("custom.lineStyle") or {}).get("fill") == "dash" else "-"
        draw_style = "steps-post" if str(field.get("custom.lineInterpolation", "")).startswith("step") else "default"
        axes.plot(
            days,
            values,
            color=colour,
            linewidth=max(width, 0.6),
            linestyle=style,
            drawstyle=draw_style,
            label=result.name,
        )
        opacity = float(field.get("custom.fillOpacity", 0)) / 100
        if opacity:
            axes.fill_between(
                days,
                base,
                values,
                color=colour,
                alpha=opacity,
                linewidth=0,
                step="post" if "steps" in draw_style else None,
            )
    limits(axes, panel)
    style_axes(axes, panel, view, len(results))


def _with_gaps(
    days: Sequence[float], values: Sequence[float], base: Sequence[float], longest: float
) -> tuple[list[float], list[float], list[float]]:
    """Insert a gap into the line where samples are missing."""
    points: list[tuple[float, float, float]] = []
    for point in zip(days, values, base, strict=True):
        if points and point[0] - points[-1][0] > longest:
            points.append((point[0], nan, nan))
        points.append(point)
    return [point[0] for point in points], [point[1] for point in points], [point[2] for point in points]


def bands(axes: Axes, panel: Json, results: Sequence[Result], view: View) -> None:
    """Draw a state timeline."""
    step = view.step(panel)
    colours_by_name: dict[str, str] = {}
    for place, result in enumerate(results):
        field = field_of(panel, result.name, result.reference)
        colours = [colour_of(field, value, place) for value in result.values]
        for value, colour in zip(result.values, colours, strict=True):
            colours_by_name.setdefault(written(value, field, view.now), colour)
        # In one call, because each call is slow.
        axes.barh(-place, step / A_DAY, left=[time / A_DAY for time in result.times], color=colours, height=0.8)
    style_axes(axes, panel, view, 0)
    axes.xaxis_date(tz=view.zone)
    time_axis(axes, panel, view)
    axes.set_yticks([-place for place in range(len(results))], [result.name for result in results])
    axes.set_ylim(0.6 - len(results), 0.6)
    axes.grid(visible=False)
    legend(axes, panel, list(colours_by_name.items()))


def bars_of(axes: Axes, panel: Json, results: Sequence[Result], view: View) -> None:
    """Draw a bar gauge: one bar for each result, its name at the left, its value at the right."""
    axes.axis("off")
    most = max(1e-9, float(panel["fieldConfig"]["defaults"].get("max") or max(result.values[-1] for result in results)))
    room = max(1, int((panel["gridPos"]["h"] * 38 - 40) / 18))
    for place, result in enumerate(results[:room]):
        field = field_of(panel, result.name, result.reference)
        value = result.values[-1]
        axes.barh(-place, 0.6, left=0.25, color=GRID, height=0.7)
        axes.barh(-place, 0.6 * max(0, value) / most, left=0.25, color=colour_of(field, value, place), height=0.7)
        axes.text(0.24, -place, result.name[:28], color=TEXT, fontsize=7, ha="right", va="center")
        axes.text(0.99, -place, written(value, field, view.now), color=TEXT, fontsize=7.5, ha="right", va="center")
    axes.set(xlim=(0, 1), ylim=(-max(len(results[:room]), 2) + 0.4, 0.6))


OVER_TIME: Mapping[str, Callable[[Axes, Json, Sequence[Result], View], None]] = {
    "stat": numbers,
    "gauge": numbers,
    "timeseries": curves,
    "state-timeline": bands,
    "bargauge": bars_of,
}
