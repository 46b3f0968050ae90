"""Panels made of rows: tables, maps, and bars by month or year."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import barchart, table
from grafana_foundation_sdk.builders import common as part
from grafana_foundation_sdk.models import common, units
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
)
from grafana_foundation_sdk.models.prometheus import Dataquery, PromQueryFormat

from field_options import BACKGROUND, coloured_names
from palette import NameAndColour
from panel import REFERENCES, Panel, Size, build_panel, legend
from periods import NO_DAY_YET
from queries import Query


def table_panel(
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
    # Before the merge, because rows merge only where all their labels agree. `Time` stays until after it: merge needs a
    # field that all frames have, and the frame of a query without results has only `Time` and its value.
    panel.with_transformation(
        DataTransformerConfig(id_val="filterFieldsByName", options={"include": {"names": [TIME, *columns]}})
    )
    if len(queries) > 1:
        panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {TIME: True},
                "indexByName": {name: index for index, name in enumerate(columns)},
                "renameByName": dict(columns),
            },
        )
    )
    build_panel(panel, title, description, queries, unit, size, empty, PromQueryFormat.TABLE)
    return _keep_text_unformatted(panel, unit)


def matrix(
    title: str, description: str, query: Query, *, row: str, column: str, unit: str, size: Size, empty: str
) -> table.Panel:
    """A coloured map of values by two labels, such as row and column. Give it thresholds or a colour scheme."""
    panel = (
        table.Panel()
        .with_transformation(_sort_by(column))  # columns appear in the order of the rows
        .with_transformation(
            DataTransformerConfig(
                id_val="groupingToMatrix",
                options={"rowField": row, "columnField": column, "valueField": "Value", "emptyValue": "null"},
            )
        )
        .with_transformation(_sort_by(f"{row}\\{column}"))
        .align(common.FieldTextAlignment.CENTER)
        .min_width(50)
    )
    build_panel(panel, title, description, [query], unit, size, empty, PromQueryFormat.TABLE)
    return _keep_text_unformatted(panel, unit).override_by_field_type("number", [BACKGROUND])


def calendar(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    period: str,
    unit: str,
    size: Size,
    reducer: str = "sum",
    empty: str = NO_DAY_YET,
) -> barchart.Panel:
    """A group of bars for each month ("YYYY-MM") or year ("YYYY"), of queries of periods.noon, each with a name."""
    values = _value_columns(queries)
    how = {"aggregations": [reducer], "operation": "aggregate"}
    panel = (
        barchart.Panel()
        .interval("12h")
        .max_data_points(MOST_STEPS)
        .x_field(TIME)
        .show_value(common.VisibilityMode.NEVER)
        .group_width(0.8)
        .fill_opacity(80)
        .legend(legend())
        .tooltip(part.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
    )
    if len(queries) > 1:
        panel.with_transformation(
            DataTransformerConfig(id_val="joinByField", options={"byField": TIME, "mode": "outer"})
        )
    panel.with_transformation(_format_time(period)).with_transformation(
        DataTransformerConfig(
            id_val="groupBy",
            options={
                "fields": {
                    TIME: {"aggregations": [], "operation": "groupby"},
                    **dict.fromkeys(values, how),
                }
            },
        )
    ).with_transformation(_rename_columns({f"{value} ({reducer})": query.legend for value, query in values.items()}))
    _request_tables(build_panel(panel, title, description, queries, unit, size, empty))
    panel.override_by_name(TIME, [DynamicConfigValue("unit", units.String)])  # otherwise the year 2025 is 2.03 MWh
    for query in queries:  # by name: grouped fields have no query
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
        .with_transformation(_format_time("ddd, D MMM YYYY"))
        .with_transformation(_rename_columns({TIME: "Day", "Value": query.legend}))
    )
    return _request_tables(build_panel(panel, title, description, [query], unit, size, empty))


def flows(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    names: Mapping[str, NameAndColour],
    unit: str,
    size: Size,
    empty: str,
) -> table.Panel:
    """A row for each value of the label `flow`, in descending order: solar, load, import, export.

    A column for each query, under its legend.
    """
    heading = "Flow"
    columns = {value: query.legend for value, query in _value_columns(queries).items()}
    return (
        table_panel(
            title, description, queries, columns={"flow": heading, **columns}, unit=unit, size=size, empty=empty
        )
        .with_transformation(
            DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": [{"field": heading, "desc": True}]})
        )
        .override_by_name(heading, coloured_names(names))
    )


TIME = "Time"
"""The field that Grafana adds to every frame."""

MOST_STEPS = 10_000
"""For `.max_data_points(...)`: on a small screen Grafana would use longer steps, and miss samples between them."""


def _format_time(layout: str) -> DataTransformerConfig:
    return DataTransformerConfig(
        id_val="formatTime", options={"timeField": TIME, "outputFormat": layout, "useTimezone": True}
    )


def _rename_columns(names: Mapping[str, str]) -> DataTransformerConfig:
    return DataTransformerConfig(
        id_val="organize", options={"excludeByName": {}, "indexByName": {}, "renameByName": dict(names)}
    )


def _value_columns(queries: Sequence[Query]) -> dict[str, Query]:
    """The names that Grafana gives to the values of tables."""
    if len(queries) == 1:
        return {"Value": queries[0]}
    return {f"Value #{reference}": query for reference, query in zip(REFERENCES, queries, strict=False)}


def _request_tables(panel: Panel) -> Panel:
    """Sets the table format: its fields have the same names whatever the legends are, so transformations find them."""
    for target in panel.build().targets or ():
        if isinstance(target, Dataquery):
            target.format_val = PromQueryFormat.TABLE
    return panel


def _keep_text_unformatted(panel: table.Panel, unit: str) -> table.Panel:
    """Otherwise Grafana writes a serial as 532 GW, and the panel's noValue into each empty cell."""
    blank = DynamicConfigValue("noValue", "")
    return (
        panel.unit(units.String)
        .override_by_field_type("string", [blank])
        .override_by_field_type("number", [blank, DynamicConfigValue("unit", unit)])
    )


def _sort_by(field: str) -> DataTransformerConfig:
    return DataTransformerConfig(id_val="sortBy", options={"fields": {}, "sort": [{"field": field}]})
