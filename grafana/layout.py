"""Where panels stand: 24 columns, in reading order, without arithmetic by hand."""

from collections.abc import Iterable
from dataclasses import dataclass

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import GridPos, Panel, RowPanel

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Row:
    """A heading, and the panels under it from left to right, each with its own width and height."""

    title: str
    panels: tuple[Builder[Panel], ...]


def place(rows: Iterable[Row]) -> list[Panel | RowPanel]:
    """Each panel as high up as it fits, then as far left; numbered in reading order."""
    placed: list[Panel | RowPanel] = []
    top = 0
    for row in rows:
        placed.append(RowPanel(title=row.title, grid_pos=GridPos(x=0, y=top, w=COLUMNS, h=1)))
        floor = [top + 1] * COLUMNS
        for panel in (builder.build() for builder in row.panels):
            position = panel.grid_pos
            if position is None or not 0 < position.w <= COLUMNS:
                raise ValueError(f"{panel.title}: give it a width of 1 to {COLUMNS} columns")
            position.y, position.x = min((max(floor[x : x + position.w]), x) for x in range(COLUMNS - position.w + 1))
            floor[position.x : position.x + position.w] = [position.y + position.h] * position.w
            placed.append(panel)
        top = max(floor)
    for number, each in enumerate(placed, 1):
        each.id_val = number
    return placed
