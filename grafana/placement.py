"""Positions of panels: 24 columns, in reading order."""

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
    folded: bool = False
    """Shows only its heading, and queries nothing, until it is opened: for equipment that many systems lack."""


def place_panels(rows: Iterable[Row]) -> list[Panel | RowPanel]:
    """Each panel as high up as it fits, then as far left; numbered in reading order, those of folded rows last."""
    placed: list[Panel | RowPanel] = []
    top = 0
    hidden: list[Panel] = []
    for row in rows:
        heading = RowPanel(title=row.title, grid_pos=GridPos(x=0, y=top, w=COLUMNS, h=1), collapsed=row.folded)
        placed.append(heading)
        floor = [top + 1] * COLUMNS
        for panel in (builder.build() for builder in row.panels):
            position = panel.grid_pos
            if position is None or not 0 < position.w <= COLUMNS:
                raise ValueError(f"{panel.title}: the width must be 1 to {COLUMNS} columns")
            position.y, position.x = min((max(floor[x : x + position.w]), x) for x in range(COLUMNS - position.w + 1))
            floor[position.x : position.x + position.w] = [position.y + position.h] * position.w
            (heading.panels if row.folded else placed).append(panel)
        hidden += heading.panels
        top = top + 1 if row.folded else max(floor)
    for number, item in enumerate([*placed, *hidden], 1):
        item.id_val = number
    return placed
