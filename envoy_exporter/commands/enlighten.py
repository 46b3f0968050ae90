"""Reads Enlighten's `array_layout_x.json`, which a homeowner saves from the browser: the positions of the panels.

The format of the file is not documented. Usable entries are read; the others are skipped, with a warning.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from envoy_exporter import entries
from envoy_exporter.config import Array, Inverter, is_inverter_serial
from envoy_exporter.config.model import Azimuth, InverterSerial, LabelText, Position, Tilt
from envoy_exporter.documents import Entry, Json
from envoy_exporter.fields import MAX_NUMBER, FieldReader, clean

Point = tuple[float, float]

_MAX_LABEL_LENGTH = 56
"""Leaves room for a number behind the label, within the length that the config accepts."""


@dataclass(slots=True)
class EnlightenLayout:
    """The layout in the file, and a warning for each entry that was skipped."""

    inverters: dict[InverterSerial, Inverter] = field(default_factory=dict)
    arrays: dict[LabelText, Array] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Module:
    serial: InverterSerial
    point: Point | None


def read(content: Json) -> EnlightenLayout:
    """The layout in any JSON; raises nothing."""
    layout = EnlightenLayout()
    for number, entry in enumerate(entries.objects(entries.entry(content).get("arrays")), 1):
        name = _name(entry.get("label"), number, layout.arrays)
        azimuth = _degrees(entry, "azimuth", 360, name, layout.warnings)
        tilt = _degrees(entry, "tilt", 90, name, layout.warnings)
        layout.arrays[name] = Array(
            azimuth=None if azimuth is None else Azimuth(azimuth), tilt=None if tilt is None else Tilt(tilt)
        )
        modules = list(_modules(entry.get("modules"), name, layout))
        cells = positions([module.point for module in modules if module.point is not None])
        occupied: set[tuple[int, int]] = set()
        for module in modules:
            cell = None if module.point is None else cells[module.point]
            if cell in occupied:
                layout.warnings.append(f"{name}: {module.serial} overlaps another module; row and column omitted")
                cell = None
            if cell is not None:
                occupied.add(cell)
            layout.inverters[module.serial] = Inverter(
                array=name,
                row=Position(str(cell[0])) if cell else None,
                column=Position(str(cell[1])) if cell else None,
            )
    return layout


def positions(points: Sequence[Point]) -> dict[Point, tuple[int, int]]:
    """The row and column of each module from its x and y: row 1 at the smallest y (top), column 1 at the smallest x.

    Modules whose coordinates differ by less than half a module are in the same row or column.
    """
    half = _module_size(points) / 2
    columns, rows = _ranks([x for x, _ in points], half), _ranks([y for _, y in points], half)
    return {(x, y): (rows[y], columns[x]) for x, y in points}


def _module_size(points: Sequence[Point]) -> float:
    """The smallest distance between neighbouring modules, without pairs that overlap."""
    nearest = sorted(
        min(
            max(abs(x - other_x), abs(y - other_y)) for place, (other_x, other_y) in enumerate(points) if place != index
        )
        for index, (x, y) in enumerate(points)
        if len(points) > 1
    )
    typical = nearest[len(nearest) // 4] if nearest else 0.0
    return next((distance for distance in nearest if distance >= typical / 3), 0.0)


def _ranks(values: Sequence[float], half: float) -> dict[float, int]:
    """The cluster number of each value. No cluster is wider than half a module, so neighbours never share one."""
    ranks: dict[float, int] = {}
    rank, start = 0, float("-inf")
    for value in sorted(values):
        if value - start > half:
            rank, start = rank + 1, value
        ranks[value] = rank
    return ranks


def _modules(content: Json, array: str, layout: EnlightenLayout) -> Iterator[_Module]:
    """The modules whose inverter has a usable serial number, each serial number once."""
    serials = set(layout.inverters)
    for number, entry in enumerate(entries.objects(content), 1):
        module = f"{array}, module {number}"
        inverter = entries.entry(entry.get("inverter"))
        serial = FieldReader(inverter, "").serial("serial_num")
        if serial is None or not is_inverter_serial(serial):
            problem = "invalid serial_num of the inverter" if inverter else "no inverter"
            layout.warnings.append(f"{module}: {problem}; module skipped")
        elif serial in serials:
            layout.warnings.append(f"{module}: duplicate inverter {serial}; module skipped")
        else:
            serials.add(InverterSerial(serial))
            x, y = (_number(entry.get(axis), -MAX_NUMBER, MAX_NUMBER) for axis in ("x", "y"))
            if x is None or y is None:
                layout.warnings.append(f"{module}: invalid x or y of {serial}; row and column omitted")
            yield _Module(InverterSerial(serial), None if x is None or y is None else (x, y))


def _name(label: Json, number: int, arrays: Mapping[LabelText, Array]) -> LabelText:
    """The label of the array, with a number if another array has the same."""
    name = clean(label)[:_MAX_LABEL_LENGTH].strip() if isinstance(label, str) else ""
    name = name or f"Array {number}"
    while name in arrays:
        name = f"{name} ({number})"
    return LabelText(name)


def _degrees(array: Entry, key: str, maximum: float, name: str, warnings: list[str]) -> float | None:
    degrees = _number(array.get(key), 0, maximum)
    if degrees is None and array.get(key) is not None:
        warnings.append(f"{name}: {key} is out of range (0 to {maximum} degrees); {key} omitted")
    return None if degrees is None else round(degrees, 2)


def _number(value: Json, low: float, high: float) -> float | None:
    """The number, which may be text in the file."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,12}(?:\.[0-9]{1,12})?\s*", value):
        value = float(value)
    return FieldReader({"": value}, "").number("", low=low, high=high)
