"""docs/home-assistant.md has a valid query for each entity of Home Assistant's integration."""

import re
from pathlib import Path

import pytest
from support.prometheus import check_queries

from envoy_exporter.gateway_collector import families

pytestmark = pytest.mark.integration

TEXT = (Path(__file__).parents[2] / "docs" / "home-assistant.md").read_text()
ENTITIES = 150
"""Of the integration `enphase_envoy`, numbered on the page."""
MOST_USED = (
    "Current net power consumption",
    "Lifetime net energy consumption",
    "Lifetime net energy production",
    "Current battery discharge",
    "Lifetime battery energy discharged",
    "Lifetime battery energy charged",
    "Frequency net consumption CT",
    "Battery energy charged",
    "Battery energy discharged",
)
"""Names of entities as Home Assistant shows them."""


def queries(cell: str) -> list[str]:
    return re.findall(r"`([^`]*enphase_[^`]*)`", cell)


def test_home_assistant_page_has_a_query_for_each_entity(tmp_path: Path) -> None:
    rows = re.findall(r"^\| (\d+)(?: to (\d+))? \| [^|]+ \| (.+) \|$", TEXT, re.MULTILINE)
    numbers = [number for first, last, _ in rows for number in range(int(first), int(last or first) + 1)]
    assert numbers == list(range(1, ENTITIES + 1))
    declared = {family.name for family in families()}
    checked: list[str] = []
    for number, _, cell in rows:
        assert queries(cell) or "not a reading" in cell, number
        assert set(re.findall(r"enphase_\w+", cell)) <= declared, number
        checked += queries(cell)
    assert len(checked) > len(rows)
    check_queries(checked, tmp_path)


def test_home_assistant_page_has_a_query_for_most_used_entities(tmp_path: Path) -> None:
    section = TEXT[TEXT.index("## Most used entities") : TEXT.index("## Production")]
    rows = dict(re.findall(r"^\| ([A-Z][^|]+) \| ([^|]*enphase_[^|]+) \|$", section, re.MULTILINE))
    assert [name for name in MOST_USED if not any(row.startswith(name) for row in rows)] == []
    check_queries([query for cell in rows.values() for query in queries(cell)], tmp_path)


def test_home_assistant_page_begins_with_the_energy_dashboard(tmp_path: Path) -> None:
    section = TEXT[TEXT.index("## Energy dashboard") : TEXT.index("## Most used entities")]
    checked = [
        query for cell in re.findall(r"^\| [A-Z][^|]+ \| ([^|]*)", section, re.MULTILINE) for query in queries(cell)
    ]
    names = " ".join(checked)
    for part in ("production", "grid_import", "grid_export", "charged", "discharged"):
        assert f"enphase_{part}" in names or f"enphase_storage_{part}" in names
    check_queries(checked, tmp_path)
