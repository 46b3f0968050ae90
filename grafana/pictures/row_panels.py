"""Panels of rows: tables and bar charts."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from support.dashboard_view import View

from fields import Json, colour_of, field_of
from formats import written
from frame import CARD, PIXELS_A_LETTER, TEXT, colour_drawn, legend, limits, style_axes
from tables import Frame, Rows


def cells(axes: Axes, panel: Json, frame: Frame, view: View) -> None:
    """Draw a table, with as many rows as the panel has room for."""
    axes.axis("off")
    height = panel["gridPos"]["h"] * 38 - 46
    shown = frame.rows[: max(1, int(height / 26) - 1)]
    fields = {column: _column(panel, column, frame.rows) for column in frame.columns}
    columns = [column for column in frame.columns if not fields[column].get("custom.hidden")]
    width = 1 / max(1, len(columns))
    line = 1 / (max(1.0, height / 26))
    letters = int(panel["gridPos"]["w"] * 60 * width / PIXELS_A_LETTER)
    for place, column in enumerate(columns):
        axes.text(place * width + 0.005, 1 - line / 2, column[:letters], color="#6E9FFF", fontsize=7.5, va="center")
        for down, row in enumerate(shown, 1):
            field = fields[column]
            value = row.get(column, "")
            value = field.get("noValue", "") if value == "" else value
            y = 1 - (down + 1) * line
            background = str((field.get("custom.cellOptions") or {}).get("type", "")).startswith("color-background")
            if background and value != "":
                colour = colour_of(field, value, place)
                axes.fill_between(
                    [place * width, (place + 1) * width], y, y + line, color=colour, linewidth=0.5, edgecolor=CARD
                )
            coloured = (field.get("custom.cellOptions") or {}).get("type") == "color-text" and isinstance(value, float)
            ink = colour_of(field, value, place) if coloured else ("white" if background else TEXT)
            middle = field.get("custom.align") == "center"
            x = (place + 0.5) * width if middle else place * width + 0.005
            text = written(value, field, view.now)[:letters] if value != "" else ""
            axes.text(x, y + line / 2, text, color=ink, fontsize=7.5, va="center", ha="center" if middle else "left")
    axes.set(xlim=(0, 1), ylim=(0, 1))


def _column(panel: Json, name: str, rows: Rows) -> dict[str, Any]:
    """The options of a table's column: colours by thresholds, unless overridden."""
    kind = "number" if any(isinstance(row.get(name), float) for row in rows) else "string"
    return {"color": {"mode": "thresholds"}, **field_of(panel, name, kind=kind)}


def columns_chart(axes: Axes, panel: Json, frame: Frame, view: View) -> None:
    """Draw a bar chart: the first text column is the axis, each number column a bar."""
    rows = frame.rows
    name = panel["options"].get("xField") or next(
        column for column in frame.columns if rows and isinstance(rows[0].get(column), str)
    )
    numbers_of = [
        column for column in frame.columns if column != name and any(isinstance(row.get(column), float) for row in rows)
    ]
    upright = panel["options"].get("orientation") != "horizontal"
    stacked = panel["options"].get("stacking") == "normal"
    base = [0.0] * len(rows)
    draw: Callable[..., Any] = axes.bar if upright else partial(_barh, axes)
    share = 0.8 if stacked else 0.8 / max(1, len(numbers_of))
    for place, column in enumerate(numbers_of):
        field = field_of(panel, column)
        values = [float(row.get(column) or 0) for row in rows]
        at = [number + (0 if stacked else place * share) for number in range(len(rows))]
        fixed = field.get("color", {}).get("mode") != "thresholds"
        colour: Any = colour_of(field, None, place) if fixed else [colour_of(field, value, 0) for value in values]
        draw(
            at,
            values,
            share,
            base if stacked else None,
            color=colour,
            edgecolor=colour,
            label=field.get("displayName", column),
        )
        base = [value + under for value, under in zip(values, base, strict=True)] if stacked else base
    style_axes(axes, panel, view, 0)
    middle = [number + (0 if stacked else share * (len(numbers_of) - 1) / 2) for number in range(len(rows))]
    if upright:
        axes.set_xticks(middle, [str(row.get(name, "")) for row in rows])
        axes.set_xlim(-0.6, len(rows))
    else:
        axes.set_yticks(middle, [str(row.get(name, "")) for row in rows])
        axes.invert_yaxis()
    limits(axes, panel)
    handles = axes.get_legend_handles_labels()[0]
    if len(handles) > 1:
        legend(axes, panel, [(str(handle.get_label()), colour_drawn(handle)) for handle in handles])


def _barh(
    axes: Axes, at: Sequence[float], values: Sequence[float], share: float, base: Sequence[float] | None, **more: Any
) -> None:
    axes.barh(at, values, share, left=base, **more)


IN_ROWS: Mapping[str, Callable[[Axes, Json, Frame, View], None]] = {
    "table": cells,
    "barchart": columns_chart,
}
