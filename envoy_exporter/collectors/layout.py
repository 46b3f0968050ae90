"""The roof as the config lays it out, and which of its inverters the gateway lists.

The layout is there as long as the gateway is up, also of inverters that it does not list: what joins on it keeps
its name, and one that vanished can be missed.
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
        "Whether the gateway lists the microinverter of the layout (1), or does not or lists it as removed (0).",
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
    """Where the inverters were read, and the inverters of the inventory: a document that fails once removes none."""

    chosen: inverter_source.InverterSource = field(default_factory=inverter_source.InverterSource)
    inventory: Mapping[str, bool] = field(default_factory=dict)


def read(context: Context[LayoutMemory]) -> Result[LayoutMemory]:
    documents, settings, before = context.documents, context.settings, context.memory
    chosen = inverter_source.choose(documents, before.chosen)
    inventory = inverter_source.by_inventory(documents, before.inventory)
    listed = inverter_source.listed(documents, chosen, inventory)
    readings: list[Reading] = [
        LayoutInfo(serial=placed.serial, name=placed.name, array=placed.array, row=placed.row, column=placed.column)
        for placed in settings.inverters
    ]
    for placed in settings.inverters:
        is_listed = None if listed is None else placed.serial in listed
        readings.append(PlacedInverter(serial=placed.serial, peak_power=placed.peak_power, listed=is_listed))
    return Result((*readings, *_arrays(settings)), (), LayoutMemory(chosen, inventory))


def _arrays(settings: Settings) -> Iterator[Array]:
    """The arrays of the config, and those that only inverters name."""
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
