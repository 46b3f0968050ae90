"""The parts around a chart: axes, legend, and the colours of the page."""

from collections.abc import Sequence
from typing import Any

from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from support.dashboard_view import View

from fields import GRID
from formats import written

Json = Any
TEXT, FAINT, BACK, CARD = "#CCCCDC", "#8E8E9A", "#111217", "#181B1F"
PIXELS_A_LETTER = 6.4
A_DAY = 86400
"""The unit of matplotlib's dates, in seconds; they too begin in 1970."""


def limits(axes: Axes, panel: Json) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    if defaults.get("min") is not None:
        axes.set_ylim(bottom=defaults["min"])
    if defaults.get("max") is not None:
        axes.set_ylim(top=defaults["max"])
    style = defaults.get("custom", {}).get("thresholdsStyle", {}).get("mode", "off")
    if style != "off":
        for step in defaults["thresholds"]["steps"]:
            if step["value"] is not None:
                axes.axhline(step["value"], color=step["color"], linewidth=0.8, linestyle="--")


def style_axes(axes: Axes, panel: Json, view: View, count: int) -> None:
    field = panel["fieldConfig"]["defaults"]
    axes.set_facecolor(CARD)
    axes.grid(color=GRID, linewidth=0.5)
    axes.tick_params(colors=FAINT, labelsize=7, length=0)
    axes.yaxis.set_major_locator(MaxNLocator(max(2, panel["gridPos"]["h"] // 2)))
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: written(float(value), {**field, "mappings": ()}, view.now))
    )
    time_axis(axes, panel, view)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if panel["options"].get("legend", {}).get("showLegend", True) and count:
        legend(
            axes,
            panel,
            [(str(handle.get_label()), colour_drawn(handle)) for handle in axes.get_legend_handles_labels()[0]],
        )


def colour_drawn(handle: Any) -> Any:
    return handle.get_color() if hasattr(handle, "get_color") else handle.patches[0].get_edgecolor()


def legend(axes: Axes, panel: Json, entries: Sequence[tuple[str, Any]]) -> None:
    """Draw the names in a row below, as far as they fit, and the number of the others."""
    room = panel["gridPos"]["w"] * 60 - 40
    x, shown = 0.0, 0
    height = axes.get_window_extent().height
    for name, colour in entries:
        width = PIXELS_A_LETTER * len(name) + 30
        if x + width > room - 40:
            break
        at = x / room
        axes.text(at, -34 / height, "—", color=colour, fontsize=9, weight="bold", transform=axes.transAxes, va="center")
        axes.text(at + 16 / room, -34 / height, name, color=TEXT, fontsize=7, transform=axes.transAxes, va="center")
        x, shown = x + width, shown + 1
    if shown < len(entries):
        more = f"and {len(entries) - shown} more"
        axes.text(x / room, -34 / height, more, color=FAINT, fontsize=7, transform=axes.transAxes, va="center")


def time_axis(axes: Axes, panel: Json, view: View) -> None:
    locator = dates.AutoDateLocator(tz=view.zone, minticks=3, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(
        dates.ConciseDateFormatter(locator, tz=view.zone, show_offset=False)  # type: ignore[no-untyped-call]
    )
    axes.set_xlim(view.start(panel) / A_DAY, view.now / A_DAY)


def draw_no_data(axes: Axes, panel: Json) -> None:
    text = panel["fieldConfig"]["defaults"].get("noValue", "No data")
    axes.axis("off")
    axes.text(0.5, 0.5, text, color=FAINT, ha="center", va="center", fontsize=9, wrap=True, transform=axes.transAxes)
