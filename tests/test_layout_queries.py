"""The queries of docs/layout.md, put to Prometheus's own engine over what the exporter shows."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from support.documents import documents, read_documents
from support.exposition import Exposition, parsed
from support.prometheus import program

from envoy_exporter.collectors import inverters, layout
from envoy_exporter.collectors.collector import PlacedInverter, Settings
from envoy_exporter.documents import DEVICE_DATA, INVERTERS_V1, Json
from envoy_exporter.families import collect
from envoy_exporter.web.exposition import Format

pytestmark = pytest.mark.integration

PAGE = Path(__file__).parent.parent / "docs" / "layout.md"
BY_ARRAY, PER_WATT_PEAK, VANISHED = re.findall(r"```promql\n(.*?)```", PAGE.read_text(), re.DOTALL)

ROOF = (
    PlacedInverter(serial="122000000001", name="S1", array="south", row="1", column="1", peak_power=400),
    PlacedInverter(serial="122000000002", name="S2", array="south", row="1", column="2", peak_power=400),
    PlacedInverter(serial="122000000003", name="W1", array="west", row="1", column="1", peak_power=320),
    PlacedInverter(serial="122000000004", name="W2", array="west", row="1", column="2", peak_power=320),
)
WATTS = {"122000000001": 300, "122000000002": 200, "122000000003": 80}
"""The fourth is not listed."""


def exposed() -> Exposition:
    listed: list[Json] = [{"serialNumber": serial, "lastReportWatts": watts} for serial, watts in WATTS.items()]
    for each in listed:
        assert isinstance(each, dict)
        each["lastReportDate"] = 1_781_000_000
    seen, settings = documents({INVERTERS_V1: listed}, absent=(DEVICE_DATA,)), Settings(inverters=ROOF)
    metrics = []
    for collector in (inverters.COLLECTOR, layout.COLLECTOR):
        metrics += collect(collector.readings, read_documents(collector, seen, settings).readings)[0]
    return parsed(Format.TEXT.render(metrics).decode())


def series(name: str, /, **labels: str) -> str:
    return name + "{" + ", ".join(f"{label}={json.dumps(value)}" for label, value in sorted(labels.items())) + "}"


def answered(expression: str, expected: dict[str, float], folder: Path) -> str:
    """What promtool says against the expected samples, two gateways' series beside each other; nothing if it agrees."""
    told = [
        {"series": series(name, job="envoy", instance=instance, **dict(labels)), "values": str(value)}
        for (name, labels), value in exposed().samples.items()
        for instance in ("home", "barn")
    ]
    wanted = [{"labels": labels, "value": value} for labels, value in expected.items()]
    question = {"expr": expression, "eval_time": "0m", "exp_samples": wanted}
    test = {"interval": "1m", "input_series": told, "promql_expr_test": [question]}
    file = folder / "test.yml"
    file.write_text(json.dumps({"rule_files": [], "tests": [test]}))
    command = [program("promtool"), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def of_both(name: str, samples: dict[tuple[tuple[str, str], ...], float]) -> dict[str, float]:
    return {
        series(name, job="envoy", instance=instance, **dict(labels)): value
        for labels, value in samples.items()
        for instance in ("home", "barn")
    }


def place(number: int) -> tuple[tuple[str, str], ...]:
    each = ROOF[number]
    assert each.name
    assert each.array
    assert each.row
    assert each.column
    return (
        ("serial", each.serial),
        ("name", each.name),
        ("array", each.array),
        ("row", each.row),
        ("column", each.column),
    )


def test_the_power_by_array(tmp_path: Path) -> None:
    expected = of_both("", {(("array", "south"),): 500, (("array", "west"),): 80})
    assert answered(BY_ARRAY, expected, tmp_path) == ""


def test_watts_per_watt_peak_with_the_place(tmp_path: Path) -> None:
    assert answered(PER_WATT_PEAK, of_both("", {place(0): 0.75, place(1): 0.5, place(2): 0.25}), tmp_path) == ""


def test_an_inverter_that_vanished_is_named(tmp_path: Path) -> None:
    assert answered(VANISHED, of_both("enphase_inverter_layout_info", {place(3): 1}), tmp_path) == ""


@pytest.mark.parametrize("query", [BY_ARRAY, PER_WATT_PEAK, VANISHED], ids=["by array", "per Wp", "vanished"])
def test_promtool_would_say_if_a_query_were_wrong(query: str, tmp_path: Path) -> None:
    assert "got" in answered(query, of_both("", {(("array", "north"),): 1}), tmp_path)
