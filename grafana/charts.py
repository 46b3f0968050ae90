"""The kinds of panel. Each gives the SDK's builder, so that what only one panel wants is said where that panel is."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import barchart, bargauge, prometheus, stat, statetimeline, table, timeseries
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
from grafana_foundation_sdk.models.prometheus import Dataquery, PromQueryFormat

from palette import NEUTRAL, Thing
from queries import Query
from variables import DATASOURCE

Size = tuple[int, int]
"""Columns, of 24; rows, of some 38 pixels."""

REFERENCES = "ABCDEFGHIJKLMNOP"

Panel = TypeVar("Panel", barchart.Panel, bargauge.Panel, stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel)


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
    # First, as rows merge only if they differ in nothing, be it their metrics' names.
    panel.with_transformation(
        DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": list(columns)}})
    )
    if len(queries) > 1:
        panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {},
                "indexByName": {name: place for place, name in enumerate(columns)},
                "renameByName": dict(columns),
            },
        )
    )
    _panel(panel, title, description, queries, unit, size, empty, PromQueryFormat.TABLE)
    return _text_as_it_is(panel, unit)


def matrix(
    title: str, description: str, query: Query, *, row: str, column: str, unit: str, size: Size, empty: str
) -> table.Panel:
    """A map of values, coloured, by two labels: the roof by row and column. Give it thresholds or a colour scheme."""
    panel = (
        table.Panel()
        .with_transformation(_sorted(column))  # columns come in the order in which they are met
        .with_transformation(
            DataTransformerConfig(
                id_val="groupingToMatrix",
                options={"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"},
            )
        )
        .with_transformation(_sorted(f"{row}\\{column}"))
        .align(common.FieldTextAlignment.CENTER)
        .min_width(50)
    )
    _panel(panel, title, description, [query], unit, size, empty, PromQueryFormat.TABLE)
    return _text_as_it_is(panel, unit).override_by_field_type("number", [BACKGROUND])


def calendar(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    period: str,
    unit: str,
    size: Size,
    reducer: str = "sum",
    empty: str = "No whole day yet",
) -> barchart.Panel:
    """A group of bars for each month ("YYYY-MM") or year ("YYYY"), of queries of periods.noon; a name each."""
    values = _values(queries)
    how = {"aggregations": [reducer], "operation": "aggregate"}
    panel = (
        barchart.Panel()
        .interval("12h")
        .max_data_points(MOST_STEPS)
        .x_field("Time")
        .show_value(common.VisibilityMode.NEVER)
        .group_width(0.8)
        .fill_opacity(80)
        .legend(_legend())
        .tooltip(part.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    )
    if len(queries) > 1:
        panel.with_transformation(
            DataTransformerConfig(id_val="joinByField", options={"byField": "Time", "mode": "outer"})
        )
    panel.with_transformation(_time_as(period)).with_transformation(
        DataTransformerConfig(
            id_val="groupBy",
            options={
                "fields": {
                    "Time": {"aggregations": [], "operation": "groupby"},
                    **dict.fromkeys(values, how),
                }
            },
        )
    ).with_transformation(_renamed({f"{value} ({reducer})": query.legend for value, query in values.items()}))
    _as_tables(_panel(panel, title, description, queries, unit, size, empty))
    for query in queries:  # by name: what is grouped no longer knows its query
        colour = {"mode": FieldColorModeId.FIXED, "fixedColor": query.colour}
        panel.override_by_name(query.legend, [DynamicConfigValue("color", colour)])
    return panel


def highest_days(
    title: str, description: str, query: Query, *, most: int, unit: str, size: Size, empty: str
) -> table.Panel:
    """The days with the highest values of a query of periods.noon, the highest first."""
    panel = (
        table.Panel()
        .interval("12h")
        .max_data_points(MOST_STEPS)
        .with_transformation(
            DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": [{"field": "Value", "desc": True}]})
        )
        .with_transformation(DataTransformerConfig(id_val="limit", options={"limitField": most}))
        .with_transformation(_time_as("ddd, D MMM YYYY"))
        .with_transformation(_renamed({"Time": "Day", "Value": query.legend}))
    )
    return _as_tables(_panel(panel, title, description, [query], unit, size, empty))


def flows(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    names: Mapping[str, Thing],
    unit: str,
    size: Size,
    empty: str,
) -> table.Panel:
    """A row for each value of the label `flow`, from the last of the alphabet: solar, home, from the grid, to it.

    A column for each query, under its legend.
    """
    heading = "Flow"
    words = {
        name: ValueMappingResult(text=thing.name, color=thing.colour, index=place)
        for place, (name, thing) in enumerate(names.items())
    }
    columns = {value: query.legend for value, query in _values(queries).items()}
    return (
        rows(title, description, queries, columns={"flow": heading, **columns}, unit=unit, size=size, empty=empty)
        .with_transformation(
            DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": [{"field": heading, "desc": True}]})
        )
        .override_by_name(
            heading,
            [
                DynamicConfigValue("mappings", [ValueMap(words)]),
                DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
            ],
        )
    )


MOST_STEPS = 10_000
"""For `.max_data_points(...)`: on a small screen Grafana would take longer steps, and miss what is between them."""


def _time_as(layout: str) -> DataTransformerConfig:
    return DataTransformerConfig(
        id_val="formatTime", options={"timeField": "Time", "outputFormat": layout, "useTimezone": True}
    )


def _renamed(names: Mapping[str, str]) -> DataTransformerConfig:
    return DataTransformerConfig(
        id_val="organize", options={"excludeByName": {}, "indexByName": {}, "renameByName": dict(names)}
    )


def _values(queries: Sequence[Query]) -> dict[str, Query]:
    """As Grafana names the values of tables."""
    if len(queries) == 1:
        return {"Value": queries[0]}
    return {f"Value #{reference}": query for reference, query in zip(REFERENCES, queries, strict=False)}


def _as_tables(panel: Panel) -> Panel:
    """Their fields have the same names whatever their queries' legends are, so transformations find them."""
    for target in panel.build().targets or ():
        if isinstance(target, Dataquery):
            target.format_val = PromQueryFormat.TABLE
    return panel


def named(values: Mapping[float, Thing]) -> ValueMap:
    """For `.mappings([...])`: 1 is shown as "open", in green."""
    return ValueMap(
        {
            f"{value:g}": ValueMappingResult(text=thing.name, color=thing.colour, index=place)
            for place, (value, thing) in enumerate(values.items())
        }
    )


def steps(*colours: tuple[float, str], below: str = NEUTRAL) -> ThresholdsConfig:
    """For `.thresholds(...)`: from each value on, its colour. What is below all, or not known, is grey."""
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(None, below), *(Threshold(value, colour) for value, colour in colours)])
    )


def in_unit(unit: str) -> list[DynamicConfigValue]:
    """A column that has another unit than its table, for `.override_by_name(...)`."""
    return [DynamicConfigValue("unit", unit)]


def coloured(values: Mapping[float, Thing]) -> list[DynamicConfigValue]:
    """A column of names in their colours, also for `.override_by_name(...)`."""
    return [*COLOURED, DynamicConfigValue("mappings", [named(values)])]


def bands(
    title: str, description: str, queries: Sequence[Query], *, unit: str, size: Size, empty: str
) -> statetimeline.Panel:
    """A band a series, whose colour is that of the step. Give it thresholds."""
    return (
        states(title, description, queries, values={}, size=size, empty=empty)
        .mappings([])
        .color_scheme(BY_STEPS)
        .unit(unit)
        .per_page(40)
    )


def column(
    unit: str, *, colours: ThresholdsConfig | None = None, values: Mapping[float, Thing] | None = None
) -> list[DynamicConfigValue]:
    """For `.override_by_name(...)` of a table: the unit, and the background by steps or by value."""
    own = [DynamicConfigValue("unit", unit)]
    if colours:
        own += [DynamicConfigValue("thresholds", colours.build()), BACKGROUND]
    if values:
        own += [DynamicConfigValue("mappings", [named(values)]), BACKGROUND]
    return own


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


BACKGROUND = DynamicConfigValue(
    "custom.cellOptions",
    common.TableColoredBackgroundCellOptions(mode=common.TableCellBackgroundDisplayMode.BASIC),
)
"""Of a table's cell. One without a value has the lowest colour: give it `steps(..., below=NOTHING)`."""

BY_STEPS = FieldColor().mode(FieldColorModeId.THRESHOLDS)
"""For `.color_scheme(...)`: the colour by the steps, not by the query."""


def _text_as_it_is(panel: table.Panel, unit: str) -> table.Panel:
    """Else Grafana writes a serial as 532 GW, and into each empty cell what the whole table says when it is empty."""
    blank = DynamicConfigValue("noValue", "")
    return (
        panel.unit(units.String)
        .override_by_field_type("string", [blank])
        .override_by_field_type("number", [blank, DynamicConfigValue("unit", unit)])
    )


def _sorted(field: str) -> DataTransformerConfig:
    return DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": [{"field": field}]})


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
