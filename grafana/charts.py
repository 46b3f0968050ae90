"""Panels of current values and of values over time. Each function returns the SDK's builder, for further options."""

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common as part
from grafana_foundation_sdk.builders import stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.models import common, units
from grafana_foundation_sdk.models.dashboard import (
    FieldColorModeId,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from field_options import COLOUR_BY_STEPS, value_mapping
from palette import NEUTRAL, NameAndColour
from panel import Size, build_panel, fixed_colour, legend
from periods import NO_DAY_YET
from queries import Query


def number(title: str, description: str, queries: Sequence[Query], *, unit: str, size: Size, empty: str) -> stat.Panel:
    """The value at the end of the panel's time range: never a value of hours ago. Several values show their names."""
    panel = (
        stat.Panel()
        .graph_mode(common.BigValueGraphMode.NONE)
        .reduce_options(part.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_scheme(fixed_colour(NEUTRAL))
    )
    return build_panel(panel, title, description, queries, unit, size, empty, PromQueryFormat.TIME_SERIES)


def lines(
    title: str, description: str, queries: Sequence[Query], *, unit: str, size: Size, empty: str = "No data"
) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC))
        .line_width(1)
        .fill_opacity(5)
        .show_points(common.VisibilityMode.NEVER)
        .legend(legend())
        .tooltip(part.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING))
        .interval("1m")
    )
    return build_panel(panel, title, description, queries, unit, size, empty)


def stacked(
    title: str, description: str, queries: Sequence[Query], *, unit: str, size: Size, empty: str = "No data"
) -> timeseries.Panel:
    """Stacked areas, the first at the bottom; their sum must be meaningful."""
    return (
        lines(title, description, queries, unit=unit, size=size, empty=empty)
        .fill_opacity(60)
        .line_width(0)
        .stacking(part.StackingConfig().mode(common.StackingMode.NORMAL).group("A"))
        .tooltip(part.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
        .min(0)
    )


def days(
    title: str, description: str, queries: Sequence[Query], *, unit: str, size: Size, empty: str = NO_DAY_YET
) -> timeseries.Panel:
    """A bar for each local day, of queries of periods.day or whole_day. Add `.stacking(...)` if bars add up."""
    return (
        lines(title, description, queries, unit=unit, size=size, empty=empty)
        .draw_style(common.GraphDrawStyle.BARS)
        .bar_alignment(common.BarAlignment.AFTER)
        .fill_opacity(70)
        .interval("1d")
    )


def states(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    values: Mapping[float, NameAndColour],
    size: Size,
    empty: str,
) -> statetimeline.Panel:
    """Bands in which each value has its name and colour."""
    panel = (
        statetimeline.Panel()
        .mappings([value_mapping(values)])
        .color_scheme(fixed_colour(NEUTRAL))
        .show_value(common.VisibilityMode.NEVER)
        .row_height(0.8)
        .legend(legend())
        .tooltip(part.VizTooltipOptions().mode(common.TooltipDisplayMode.SINGLE))
        .interval("1m")
    )
    return build_panel(panel, title, description, queries, units.NoUnit, size, empty)


def bands(
    title: str, description: str, queries: Sequence[Query], *, unit: str, size: Size, empty: str
) -> statetimeline.Panel:
    """A band for each series, with the colour of the step. Give it thresholds."""
    return (
        states(title, description, queries, values={}, size=size, empty=empty)
        .mappings([])
        .color_scheme(COLOUR_BY_STEPS)
        .unit(unit)
        .per_page(40)
    )
