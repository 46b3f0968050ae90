"""Options of fields: colours by steps or by value, units, lines."""

from collections.abc import Mapping
from typing import TypeVar

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

from palette import NEUTRAL, NameAndColour

Value = TypeVar("Value", bound=float | str)


def value_mapping(values: Mapping[Value, NameAndColour]) -> ValueMap:
    """For `.mappings([...])`: 1 is shown as "open", in green; or "import" as "Grid import"."""
    texts = (value if isinstance(value, str) else f"{value:g}" for value in values)
    return ValueMap(
        {
            text: ValueMappingResult(text=shown.name, color=shown.colour, index=index)
            for index, (text, shown) in enumerate(zip(texts, values.values(), strict=True))
        }
    )


def steps(*colours: tuple[float, str], below: str = NEUTRAL) -> ThresholdsConfig:
    """For `.thresholds(...)`: the colour from each value on. Values below all, and unknown ones, are grey."""
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(None, below), *(Threshold(value, colour) for value, colour in colours)])
    )


def coloured_names(values: Mapping[Value, NameAndColour]) -> list[DynamicConfigValue]:
    """A column of names in their colours, for `.override_by_name(...)`."""
    return [*COLOURED, DynamicConfigValue("mappings", [value_mapping(values)])]


def field_unit(
    unit: str, *, colours: ThresholdsConfig | None = None, values: Mapping[float, NameAndColour] | None = None
) -> list[DynamicConfigValue]:
    """For `.override_by_name(...)`: the field's own unit; in a table its background too, by steps or by value."""
    exporter_metric = [DynamicConfigValue("unit", unit)]
    if colours:
        exporter_metric += [DynamicConfigValue("thresholds", colours.build()), BACKGROUND]
    if values:
        exporter_metric += [DynamicConfigValue("mappings", [value_mapping(values)]), BACKGROUND]
    return exporter_metric


OUTLINE = [
    DynamicConfigValue("custom.stacking", {"mode": common.StackingMode.NONE, "group": "A"}),
    DynamicConfigValue("custom.fillOpacity", 0),
    DynamicConfigValue("custom.lineWidth", 1),
]
"""For `.override_by_name("Production", OUTLINE)`: a line over stacked areas."""


DASHED = [
    DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}),
    DynamicConfigValue("custom.fillOpacity", 0),
]
"""For `.override_by_query("B", DASHED)`: a limit beside measured values."""


COLOURED = [DynamicConfigValue("custom.cellOptions", {"type": "color-text"})]
"""For `.override_by_name("Charge", COLOURED)`: a column of a table, in the colours of steps or of names."""


BACKGROUND = DynamicConfigValue(
    "custom.cellOptions",
    common.TableColoredBackgroundCellOptions(mode=common.TableCellBackgroundDisplayMode.BASIC),
)
"""Background of a table's cell. A cell without a value has the lowest colour: give it `steps(..., below=NOTHING)`."""


COLOUR_BY_STEPS = FieldColor().mode(FieldColorModeId.THRESHOLDS)
"""For `.color_scheme(...)`: the colour by the steps, not by the query."""
