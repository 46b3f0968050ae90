"""The rows of `numbers.table`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """A line of the table, with the place under which it stands."""

    family: str
    labels: str
    place: str
    field: str
    factor: str
    condition: str


@dataclass(frozen=True)
class Table:
    rows: tuple[Row, ...]
    names: Mapping[str, str]

    @classmethod
    def read(cls, file: Path) -> "Table":
        rows: list[Row] = []
        names: dict[str, str] = {}
        place = shared = ""
        for whole in file.read_text(encoding="utf-8").splitlines():
            line = re.sub(r"\$(\w+)(?!\w* =)", lambda match: names[match[1]], whole.partition(" #")[0])
            cells = [cell.strip() for cell in line.split("|")] if "|" in line else [line.strip()]
            if line.startswith("$"):
                name, _, meaning = line.partition("=")
                names[name.strip("$ ")] = meaning.strip()
            elif line.startswith("at "):
                place, _, shared = (part.strip() for part in line.removeprefix("at ").partition("; "))
            elif cells[0].startswith("enphase_"):
                family, labels, field, factor, condition = cells
                rows.append(Row(family, f"{shared} {labels}", place, field, factor, condition))
        return cls(tuple(rows), names)
