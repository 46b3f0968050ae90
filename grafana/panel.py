"""The common parts of all panels: title, queries, unit, size, and the text without data."""

from collections.abc import Sequence
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import barchart, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import common as part
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from queries import Query
from variables import DATASOURCE

Size = tuple[int, int]
"""Columns, of 24; rows, of some 38 pixels."""


REFERENCES = ascii_uppercase
"""Names of the queries of a panel, in their order."""

Panel = TypeVar("Panel", barchart.Panel, stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel)


def build_panel(
    panel: Panel,
    title: str,
    description: str,
    queries: Sequence[Query],
    unit: str,
    size: Size,
    empty: str,
    now: PromQueryFormat | None = None,
) -> Panel:
    """`now`: query only the end of the panel's time range, in this format."""
    width, height = size
    panel.title(title).description(description).datasource(DATASOURCE)
    panel.unit(unit).no_value(empty).span(width).height(height)
    for reference, query in zip(REFERENCES, queries, strict=False):
        target = prometheus.Dataquery().ref_id(reference).datasource(DATASOURCE).expr(query.expression)
        target.legend_format(query.legend)
        panel.with_target(target.instant().format(now) if now else target.range())
        if query.colour:
            colour = {"mode": FieldColorModeId.FIXED, "fixedColor": query.colour}
            panel.override_by_query(reference, [DynamicConfigValue("color", colour)])
    return panel


def fixed_colour(colour: str) -> FieldColor:
    return FieldColor().mode(FieldColorModeId.FIXED).fixed_color(colour)


def legend() -> part.VizLegendOptions:
    return (
        part.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
    )
