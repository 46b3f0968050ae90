"""The queries of docs/layout.md, evaluated by promtool over the metrics of the exporter."""

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
BLOCKS = re.findall(r"^```promql\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
BY_ARRAY, PER_WATT_PEAK, VANISHED = BLOCKS

LAYOUT = (
    PlacedInverter(serial="122000000001", name="S1", array="south", row="1", column="1", peak_power=400),
    PlacedInverter(serial="122000000002", name="S2", array="south", row="1", column="2", peak_power=400),
    PlacedInverter(serial="122000000003", name="W1", array="west", row="1", column="1", peak_power=320),
    PlacedInverter(serial="122000000004", name="W2", array="west", row="1", column="2", peak_power=320),
)
WATTS = {"122000000001": 300, "122000000002": 200, "122000000003": 80}
"""The fourth is not listed."""


def exposed() -> Exposition:
    listed: list[Json] = [{"serialNumber": serial, "lastReportWatts": watts} for serial, watts in WATTS.items()]
    for inverter in listed:
        assert isinstance(inverter, dict)
        inverter["lastReportDate"] = 1_781_000_000
    responses, settings = documents({INVERTERS_V1: listed}, absent=(DEVICE_DATA,)), Settings(inverters=LAYOUT)
    metrics = []
    for collector in (inverters.COLLECTOR, layout.COLLECTOR):
        metrics += collect(collector.readings, read_documents(collector, responses, settings).readings)[0]
    return parsed(Format.TEXT.render(metrics).decode())


def series(name: str, /, **labels: str) -> str:
    return name + "{" + ", ".join(f"{label}={json.dumps(value)}" for label, value in sorted(labels.items())) + "}"


def promtool_errors(expression: str, expected: dict[str, float], folder: Path) -> str:
    """The output of promtool if the result differs from the expected samples. The input has two gateways."""
    input_series = [
        {"series": series(name, job="envoy", instance=instance, **dict(labels)), "values": str(value)}
        for (name, labels), value in exposed().samples.items()
        for instance in ("home", "barn")
    ]
    expected_samples = [{"labels": labels, "value": value} for labels, value in expected.items()]
    query = {"expr": expression, "eval_time": "0m", "exp_samples": expected_samples}
    test = {"interval": "1m", "input_series": input_series, "promql_expr_test": [query]}
    file = folder / "test.yml"
    file.write_text(json.dumps({"rule_files": [], "tests": [test]}))
    command = [program("promtool"), "test", "rules", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return "" if result.returncode == 0 else result.stdout + result.stderr


def for_both_gateways(name: str, samples: dict[tuple[tuple[str, str], ...], float]) -> dict[str, float]:
    return {
        series(name, job="envoy", instance=instance, **dict(labels)): value
        for labels, value in samples.items()
        for instance in ("home", "barn")
    }


def position(number: int) -> tuple[tuple[str, str], ...]:
    inverter = LAYOUT[number]
    assert inverter.name
    assert inverter.array
    assert inverter.row
    assert inverter.column
    return (
        ("serial", inverter.serial),
        ("name", inverter.name),
        ("array", inverter.array),
        ("row", inverter.row),
        ("column", inverter.column),
    )


def test_layout_query_power_by_array_sums_inverters(tmp_path: Path) -> None:
    expected = for_both_gateways("", {(("array", "south"),): 500, (("array", "west"),): 80})
    assert promtool_errors(BY_ARRAY, expected, tmp_path) == ""


def test_layout_query_watts_per_watt_peak_has_the_position(tmp_path: Path) -> None:
    expected = for_both_gateways("", {position(0): 0.75, position(1): 0.5, position(2): 0.25})
    assert promtool_errors(PER_WATT_PEAK, expected, tmp_path) == ""


def test_layout_query_missing_inverter_has_its_name(tmp_path: Path) -> None:
    expected = for_both_gateways("enphase_inverter_layout_info", {position(3): 1})
    assert promtool_errors(VANISHED, expected, tmp_path) == ""


@pytest.mark.parametrize("query", [BY_ARRAY, PER_WATT_PEAK, VANISHED], ids=["by array", "per Wp", "vanished"])
def test_promtool_wrong_expectation_is_reported(query: str, tmp_path: Path) -> None:
    assert "got" in promtool_errors(query, for_both_gateways("", {(("array", "north"),): 1}), tmp_path)
