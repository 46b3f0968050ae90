"""The layout in exporter.yml: the positions of the inverters. Checks it, and writes it as YAML."""

import json
from collections.abc import Iterator, Mapping

from .convert import Problem, unknown
from .model import Array, Gateway, Inverter, InverterSerial, LabelText

_INVERTER_FIELDS = ("name", "array", "row", "column", "peak_power")
_ARRAY_FIELDS = ("azimuth", "tilt")


def problems(gateway: Gateway) -> Iterator[Problem]:
    """Arrays that are not in `arrays`, if that is set, and positions with two inverters. Paths below the gateway."""
    occupied: dict[tuple[str | None, str, str], str] = {}
    for serial, inverter in gateway.inverters.items():
        if gateway.arrays and inverter.array is not None and inverter.array not in gateway.arrays:
            yield ("inverters", serial, "array"), unknown("array", inverter.array, gateway.arrays)
        if inverter.row is None or inverter.column is None:
            continue
        position = inverter.array, inverter.row, inverter.column
        other = occupied.setdefault(position, serial)
        if other != serial:
            yield ("inverters", serial), f"duplicate array, row and column, already used by {other}"


def as_yaml(inverters: Mapping[InverterSerial, Inverter], arrays: Mapping[LabelText, Array]) -> str:
    """The layout as YAML, indented to be pasted below a gateway; a comment lists the keys that are not known."""
    lines = ["    inverters:"] if inverters else []
    lines += [
        f"      {_quoted(serial)}: {_entry(inverter, _INVERTER_FIELDS)}" for serial, inverter in inverters.items()
    ]
    lines += ["    arrays:"] if arrays else []
    lines += [f"      {_quoted(name)}: {_entry(array, _ARRAY_FIELDS)}" for name, array in arrays.items()]
    return "".join(f"{line}\n" for line in lines)


def _entry(entry: Inverter | Array, fields: tuple[str, ...]) -> str:
    values = {name: getattr(entry, name) for name in fields}
    known = ", ".join(f"{name}: {_scalar(value)}" for name, value in values.items() if value is not None)
    missing = ", ".join(name for name, value in values.items() if value is None)
    return f"{{{known}}}" + (f"  # {missing}" if missing else "")


def _scalar(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return value if value.isascii() and value.isdigit() else _quoted(value)


def _quoted(text: str) -> str:
    """The text as a JSON string, which YAML reads too. Not in ASCII: YAML reads an escaped surrogate pair as two."""
    return json.dumps(text, ensure_ascii=False)
