"""How fields look: colours by steps or by value, units, lines."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

from palette import NEUTRAL, Thing


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
