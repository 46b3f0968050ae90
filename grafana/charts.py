"""The kinds of panel. Each gives the SDK's builder, so that what only one panel wants is said where that panel is."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import common as part
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models import common, units
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from palette import NEUTRAL, Thing
from queries import Query
from variables import DATASOURCE

Size = tuple[int, int]
"""Columns, of 24; rows, of some 38 pixels."""

Panel = TypeVar("Panel", bargauge.Panel, stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel)


def number(title: str, description: str, queries: Sequence[Query], *, unit: str, size: Size, empty: str) -> stat.Panel:
    """What is true at the end of the panel's time: never a value of hours ago. Several have their names."""
    panel = (
        stat.Panel()
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(part.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(_fixed(NEUTRAL))
    )
    return _panel(panel, title, description, queries, unit, size, empty, PromQueryFormat.TIME_SERIES)


def lines(
    title: str, description: str, queries: Sequence[Query], *, unit: str, size: Size, empty: str = "No data"
) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .line_width(1)
        .fill_opacity(5)
        .show_points(common.VisibilityMode.NEVER)
        .legend(_legend())
        .tooltip(part.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
        .interval("1m")
    )
    return _panel(panel, title, description, queries, unit, size, empty)


def stacked(
    title: str, description: str, queries: Sequence[Query], *, unit: str, size: Size, empty: str = "No data"
) -> timeseries.Panel:
    """Areas on each other, the first at the bottom, whose sum means something."""
    return (
        lines(title, description, queries, unit=unit, size=size, empty=empty)
        .fill_opacity(60)
        .line_width(0)
        .stacking(part.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
        .tooltip(part.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
        .min(0)
    )


def days(
    title: str, description: str, queries: Sequence[Query], *, unit: str, size: Size, empty: str = "No whole day yet"
) -> timeseries.Panel:
    """A bar for each local day, of queries `by_day`. Add `.stacking(...)` where bars add up."""
    return (
        lines(title, description, queries, unit=unit, size=size, empty=empty)
        .draw_style(common.GraphDrawStyle.BARS)
        .bar_alignment(common.BarAlignment.AFTER)
        .fill_opacity(70)
        .interval("1d")
    )


def states(
    title: str, description: str, queries: Sequence[Query], *, values: Mapping[float, Thing], size: Size, empty: str
) -> statetimeline.Panel:
    """Bands in which each value has its name and colour."""
    panel = (
        statetimeline.Panel()
        .mappings([named(values)])
        .color_scheme(_fixed(NEUTRAL))
        .show_value(common.VisibilityMode.NEVER)
        .row_height(0.8)
        .legend(_legend())
        .tooltip(part.VizTooltipOptions().mode(common.TooltipDisplayMode.SINGLE))
        .interval("1m")
    )
    return _panel(panel, title, description, queries, units.NoUnit, size, empty)


def ranking(
    title: str, description: str, queries: Sequence[Query], *, unit: str, size: Size, empty: str
) -> bargauge.Panel:
    """A bar for each series, in the order in which the query has them: sort there."""
    panel = (
        bargauge.Panel()
        .orientation(common.VizOrientation.HORIZONTAL)
        .display_mode(common.BarGaugeDisplayMode.BASIC)
        .value_mode(common.BarGaugeValueMode.TEXT)
        .reduce_options(part.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(_fixed(NEUTRAL))
        .min(0)
    )
    return _panel(panel, title, description, queries, unit, size, empty, PromQueryFormat.TIME_SERIES)


def rows(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    columns: Mapping[str, str],
    unit: str,
    size: Size,
    empty: str,
) -> table.Panel:
    """A table of labels and `Value` (`Value #A`, `Value #B` of several queries), under the names in `columns`."""
    panel = table.Panel()
    if len(queries) > 1:
        panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": list(columns)}})
    ).with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {},
                "indexByName": {name: place for place, name in enumerate(columns)},
                "renameByName": dict(columns),
            },
        )
    )
    return _panel(panel, title, description, queries, unit, size, empty, PromQueryFormat.TABLE)


def matrix(
    title: str, description: str, query: Query, *, row: str, column: str, unit: str, size: Size, empty: str
) -> table.Panel:
    """A map of values, coloured, by two labels: the roof by row and column. Give it thresholds or a colour scheme."""
    panel = (
        table.Panel()
        .with_transformation(
            DataTransformerConfig(
                id_val="groupingToMatrix",
                options={"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"},
            )
        )
        .cell_options(common.TableColoredBackgroundCellOptions(mode=common.TableCellBackgroundDisplayMode.BASIC))
        .align(common.FieldTextAlignment.CENTER)
    )
    return _panel(panel, title, description, [query], unit, size, empty, PromQueryFormat.TABLE)


def named(values: Mapping[float, Thing]) -> ValueMap:
    """For `.mappings([...])`: 1 is shown as "open", in green."""
    return ValueMap(
        {
            f"{value:g}": ValueMappingResult(text=thing.name, color=thing.colour, index=place)
            for place, (value, thing) in enumerate(values.items())
        }
    )


def steps(*colours: tuple[float, str]) -> ThresholdsConfig:
    """For `.thresholds(...)`: from each value on, its colour. What is below all, or not known, is grey."""
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(None, NEUTRAL), *(Threshold(value, colour) for value, colour in colours)])
    )


def in_unit(unit: str) -> list[DynamicConfigValue]:
    """A column that has another unit than its table, for `.override_by_name(...)`."""
    return [DynamicConfigValue("unit", unit)]


def coloured(values: Mapping[float, Thing]) -> list[DynamicConfigValue]:
    """A column of names in their colours, also for `.override_by_name(...)`."""
    return [*COLOURED, DynamicConfigValue("mappings", [named(values)])]


OUTLINE = [
    DynamicConfigValue("custom.stacking", {"mode": common.StackingMode.NONE, "group": "A"}),
    DynamicConfigValue("custom.fillOpacity", 0),
    DynamicConfigValue("custom.lineWidth", 1),
]
"""For `.override_by_name("Solar", OUTLINE)`: a line over stacked areas."""

DASHED = [
    DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}),
    DynamicConfigValue("custom.fillOpacity", 0),
]
"""For `.override_by_query("B", DASHED)`: a limit, beside what is measured."""

COLOURED = [DynamicConfigValue("custom.cellOptions", {"type": "color-text"})]
"""For `.override_by_name("Charge", COLOURED)`: a column of a table, in the colours of steps or of names."""

BY_STEPS = FieldColor().mode(FieldColorModeId.THRESHOLDS)
"""For `.color_scheme(...)`: the colour by the steps, not by the query."""


def _panel(
    panel: Panel,
    title: str,
    description: str,
    queries: Sequence[Query],
    unit: str,
    size: Size,
    empty: str,
    now: PromQueryFormat | None = None,
) -> Panel:
    """`now`: only at the end of the panel's time, and in which format."""
    width, height = size
    panel.title(title).description(description).datasource(DATASOURCE)
    panel.unit(unit).no_value(empty).span(width).height(height)
    for place, query in enumerate(queries):
        reference = chr(ord("A") + place)
        target = prometheus.Dataquery().ref_id(reference).datasource(DATASOURCE).expr(query.expression)
        target.legend_format(query.legend)
        panel.with_target(target.instant().format(now) if now else target.range())
        if query.colour:
            colour = {"mode": FieldColorModeId.FIXED, "fixedColor": query.colour}
            panel.override_by_query(reference, [DynamicConfigValue("color", colour)])
    return panel


def _fixed(colour: str) -> FieldColor:
    return FieldColor().mode(FieldColorModeId.FIXED).fixed_color(colour)


def _legend() -> part.VizLegendOptions:
    return (
        part.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
    )
