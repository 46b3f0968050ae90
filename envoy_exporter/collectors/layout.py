"""The configured layout, and which of its inverters the gateway lists.

The layout is exposed while the gateway is up, also for inverters that the gateway does not list. So joined series keep
their names, and a missing inverter can be found.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from envoy_exporter.families import Reading, gauge, info, label

from . import inverter_source
from .collector import Collector, Context, PlacedArray, Result, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutInfo:
    serial: str = label()
    name: str | None = label()
    array: str | None = label()
    row: str | None = label()
    column: str | None = label()
    known: bool = info(
        "enphase_inverter_layout_info",
        "Position of a microinverter in the configured layout, for joins on its serial number.",
        fields=("inverters",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedInverter:
    serial: str = label()
    peak_power: float | None = gauge(
        "enphase_inverter_peak_power_watts",
        "Peak power (Wp) of the module at the microinverter, as configured in the layout.",
        fields=("peak_power",),
    )
    listed: bool | None = gauge(
        "enphase_inverter_listed",
        "Whether the gateway lists the microinverter of the layout (1); 0 if it is not listed, or listed as removed.",
        fields=("sn", "active", "serialNumber", "serial_num", "admin_state"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    array: str = label()
    known: bool = info("enphase_array_info", "Array of the layout that has microinverters.", fields=("arrays",))
    azimuth: float | None = gauge(
        "enphase_array_azimuth_degrees",
        "Azimuth of the array as configured, clockwise from north: 90 is east, 180 south, 270 west.",
        fields=("azimuth",),
    )
    tilt: float | None = gauge(
        "enphase_array_tilt_degrees", "Tilt of the array as configured: 0 is horizontal, 90 vertical.", fields=("tilt",)
    )


@dataclass(frozen=True, slots=True)
class LayoutMemory:
    """The list in which the inverters were read, and those of the inventory, so that a failure removes none."""

    source: str | None = None
    inventory: Mapping[str, bool] = field(default_factory=dict)


def read(context: Context[LayoutMemory]) -> Result[LayoutMemory]:
    documents, settings, before = context.documents, context.settings, context.memory
    source = inverter_source.choose(documents, before.source)
    inventory = inverter_source.by_inventory(documents, before.inventory)
    listed = inverter_source.listed(documents, source, inventory)
    readings: list[Reading] = [
        LayoutInfo(serial=placed.serial, name=placed.name, array=placed.array, row=placed.row, column=placed.column)
        for placed in settings.inverters
    ]
    for placed in settings.inverters:
        is_listed = None if listed is None else placed.serial in listed
        readings.append(PlacedInverter(serial=placed.serial, peak_power=placed.peak_power, listed=is_listed))
    return Result((*readings, *_arrays(settings)), (), LayoutMemory(source, inventory))


def _arrays(settings: Settings) -> Iterator[Array]:
    """The configured arrays, and those that only inverters name."""
    named = (inverter.array for inverter in settings.inverters)
    arrays = {name: PlacedArray(name=name) for name in named if name is not None}
    arrays |= {array.name: array for array in settings.arrays}
    for array in arrays.values():
        yield Array(array=array.name, azimuth=array.azimuth, tilt=array.tilt)


COLLECTOR = Collector(
    name="layout",
    enabled_by_default=True,
    readings=(LayoutInfo, PlacedInverter, Array),
    rules=(),
    memory=LayoutMemory(),
    read=read,
)
