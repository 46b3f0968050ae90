"""Enlighten's `array_layout_x.json`, as a homeowner saves it from the browser: which panel is where.

Nobody specified that file. What is usable in it is taken, what is odd is left out and told.
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

_LONGEST_LABEL = 56
"""So much of a label is kept that a number behind it still fits into what the config takes."""


@dataclass(slots=True)
class Roof:
    """What the file says, and in words what was left out of it."""

    inverters: dict[InverterSerial, Inverter] = field(default_factory=dict)
    arrays: dict[LabelText, Array] = field(default_factory=dict)
    odd: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Module:
    serial: InverterSerial
    at: Point | None


def read(content: Json) -> Roof:
    """Total: any JSON in, no exception out."""
    roof = Roof()
    for number, each in enumerate(entries.objects(entries.entry(content).get("arrays")), 1):
        name = _name(each.get("label"), number, roof.arrays)
        roof.arrays[name] = Array(
            azimuth=_azimuth(each, name, roof.odd),
            tilt=_tilt(each, name, roof.odd),
        )
        modules = list(_modules(each.get("modules"), name, roof))
        places = positions([module.at for module in modules if module.at is not None])
        taken: set[tuple[int, int]] = set()
        for module in modules:
            row, column = places.get(module.at, (0, 0)) if module.at is not None else (0, 0)
            if module.at is not None and (row, column) in taken:
                roof.odd.append(f"{name}: {module.serial} lies where another module does: it gets no row and column")
                row = column = 0
            taken.add((row, column))
            roof.inverters[module.serial] = Inverter(
                array=name,
                row=Position(str(row)) if row else None,
                column=Position(str(column)) if column else None,
            )
    return roof


def positions(points: Sequence[Point]) -> dict[Point, tuple[int, int]]:
    """The row and column of each module by its x and y: row 1 at the smallest y (the top), column 1 at the smallest x.

    Modules whose coordinates differ by less than half a module are in one row, or column.
    """
    half = _module_size(points) / 2
    columns, rows = _ranks([x for x, _ in points], half), _ranks([y for _, y in points], half)
    return {(x, y): (rows[y], columns[x]) for x, y in points}


def _module_size(points: Sequence[Point]) -> float:
    """The smallest distance of a module from its nearest neighbour, but for pairs that lie upon each other."""
    nearest = sorted(
        min(max(abs(x - u), abs(y - v)) for j, (u, v) in enumerate(points) if j != i)
        for i, (x, y) in enumerate(points)
        if len(points) > 1
    )
    usual = nearest[len(nearest) // 4] if nearest else 0.0
    return next((distance for distance in nearest if distance >= usual / 3), 0.0)


def _ranks(values: Sequence[float], half: float) -> dict[float, int]:
    """Each value with the number of its cluster; none is wider than half a module, so no neighbours share one."""
    ranks: dict[float, int] = {}
    rank, begins = 0, float("-inf")
    for value in sorted(values):
        if value - begins > half:
            rank, begins = rank + 1, value
        ranks[value] = rank
    return ranks


def _modules(content: Json, array: str, roof: Roof) -> Iterator[_Module]:
    """Those that have an inverter with a usable serial, each serial once."""
    documents: set[str] = set()
    for number, each in enumerate(entries.objects(content), 1):
        where = f"{array}, module {number}"
        inverter = entries.entry(each.get("inverter"))
        serial = FieldReader(inverter, "").serial("serial_num")
        if serial is None or not is_inverter_serial(serial):
            why = "an inverter without a usable serial_num" if inverter else "no inverter"
            roof.odd.append(f"{where} has {why}: left out")
        elif serial in documents or serial in roof.inverters:
            roof.odd.append(f"{where}: {serial} stands in the file twice, the first counts")
        else:
            documents.add(serial)
            x, y = (_number(each.get(axis), -MAX_NUMBER, MAX_NUMBER) for axis in ("x", "y"))
            if x is None or y is None:
                roof.odd.append(f"{where}: {serial} has no usable x and y: it gets no row and column")
            yield _Module(InverterSerial(serial), None if x is None or y is None else (x, y))


def _name(label: Json, number: int, taken: Mapping[LabelText, Array]) -> LabelText:
    """The array's label, made different from those before it."""
    name = clean(label)[:_LONGEST_LABEL].strip() if isinstance(label, str) else ""
    name = name or f"Array {number}"
    while name in taken:
        name = f"{name} ({number})"
    return LabelText(name)


def _azimuth(array: Entry, name: str, odd: list[str]) -> Azimuth | None:
    degrees = _degrees(array, "azimuth", 360, name, odd)
    return None if degrees is None else Azimuth(degrees)


def _tilt(array: Entry, name: str, odd: list[str]) -> Tilt | None:
    degrees = _degrees(array, "tilt", 90, name, odd)
    return None if degrees is None else Tilt(degrees)


def _degrees(array: Entry, key: str, most: float, name: str, odd: list[str]) -> float | None:
    degrees = _number(array.get(key), 0, most)
    if degrees is None and array.get(key) is not None:
        odd.append(f"{name}: its {key} is no number of degrees from 0 to {most}: left out")
    return None if degrees is None else round(degrees, 2)


def _number(value: Json, low: float, high: float) -> float | None:
    """Also one that is written as text."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,12}(?:\.[0-9]{1,12})?\s*", value):
        value = float(value)
    return FieldReader({"": value}, "").number("", low=low, high=high)
