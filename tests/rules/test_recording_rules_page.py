"""docs/recording-rules.md: its table of recorded series is the rule files' own, and its queries are valid."""

import re
from collections import defaultdict
from pathlib import Path

import pytest
from support.prometheus import check_queries
from support.rules import FILES, rules_in

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "recording-rules.md").read_text()
ROWS = re.findall(r"^\| `([a-z]+:[^`]+)` \| ([^|]*) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
UNITS = {
    "kilowatt_hours": "kWh",
    "watts": "W",
    "joules": "J",
    "seconds": "s",
    "hours": "h",
    "ratio": "ratio",
    "bool": "0 or 1",
    "money": "currency",
    "price_per_kilowatt_hour": "currency",
}
"""By the ending of a name, before its last colon; the longest match counts."""


def unit(name: str) -> str:
    if name.endswith(":bool"):
        return UNITS["bool"]
    metric = name.split(":")[1].removesuffix("_per_hour").removesuffix("_mean15m").removesuffix("_of_median")
    return UNITS[max((ending for ending in UNITS if metric.endswith(ending)), key=len)]


def test_recording_rules_page_lists_each_series_with_its_files() -> None:
    files = defaultdict(set)
    for file in FILES:
        for rule in rules_in(file):
            if "record" in rule:
                files[rule["record"]].add(file.name)
    assert {name: set(re.findall(r"`([^`]+)`", cell)) for name, _, _, cell, _ in ROWS} == files
    assert len(ROWS) == len(files)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row[0]))
def test_recording_rules_page_row_has_the_unit_of_the_name(row: tuple[str, ...]) -> None:
    assert row[2].strip() == unit(row[0])


def test_recording_rules_page_names_only_recorded_series() -> None:
    recorded = {rule["record"] for rule in rules_in(*FILES) if "record" in rule}
    assert set(re.findall(r"\b(?:instance|inverter|array):enphase_\w+(?::\w+)?", PAGE)) <= recorded


@pytest.mark.integration
def test_recording_rules_page_queries_are_valid(tmp_path: Path) -> None:
    (block,) = re.findall(r"```promql\n(.*?)```", PAGE, re.DOTALL)
    check_queries(block.splitlines(), tmp_path)
