"""The layout of a roof in exporter.yml: what contradicts itself in it, and how it is written."""

import difflib
import json
from collections.abc import Iterator, Mapping

from .convert import Problem
from .model import Array, Gateway, Inverter, InverterSerial, LabelText

_FIELDS = ("name", "array", "row", "column", "peak_power")
_SIDES = ("azimuth", "tilt")


def problems(gateway: Gateway) -> Iterator[Problem]:
    """An array that `arrays` does not have, where it is given; a place with two inverters. Paths below the gateway."""
    taken: dict[tuple[str | None, str, str], str] = {}
    for serial, each in gateway.inverters.items():
        if gateway.arrays and each.array is not None and each.array not in gateway.arrays:
            near = difflib.get_close_matches(each.array, gateway.arrays, 1)
            advice = f"did you mean {near[0]}?" if near else f"there are {', '.join(gateway.arrays)}"
            yield ("inverters", serial, "array"), f"{each.array} is not in arrays; {advice}"
        if each.row is None or each.column is None:
            continue
        place = each.array, each.row, each.column
        if place in taken:
            yield ("inverters", serial), f"is at the same array, row and column as {taken[place]}"
        taken.setdefault(place, serial)


def section(inverters: Mapping[InverterSerial, Inverter], arrays: Mapping[LabelText, Array]) -> str:
    """Both maps as YAML, a line each, indented to stand below a gateway; what is not known is named in a comment."""
    lines = ["    inverters:"] if inverters else []
    lines += [f"      {_quoted(serial)}: {_entry(each, _FIELDS)}" for serial, each in inverters.items()]
    lines += ["    arrays:"] if arrays else []
    lines += [f"      {_quoted(name)}: {_entry(each, _SIDES)}" for name, each in arrays.items()]
    return "".join(f"{line}\n" for line in lines)


def _entry(each: Inverter | Array, fields: tuple[str, ...]) -> str:
    values = {name: getattr(each, name) for name in fields}
    given = ", ".join(f"{name}: {_written(value)}" for name, value in values.items() if value is not None)
    missing = ", ".join(name for name, value in values.items() if value is None)
    return f"{{{given}}}" + (f"  # {missing}" if missing else "")


def _written(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return value if value.isascii() and value.isdigit() else _quoted(value)


def _quoted(text: str) -> str:
    """As JSON quotes it, which YAML reads too. Letters beyond ASCII stay: YAML would halve some of their escapes."""
    return json.dumps(text, ensure_ascii=False)
