"""What a scrape selects, and the comment for several gateways."""

import subprocess
from collections.abc import Iterator

import pytest
from support.exposition import parsed, parsed_openmetrics
from support.prometheus import program
from support.served_exporter import ServedExporter, write_config

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedExporter]:
    with (
        Simulator("8.3") as gateway,
        ServedExporter(write_config(gateway, folder=tmp_path_factory.mktemp("home"))) as served,
    ):
        yield served


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedExporter]:
    with Simulator("8.3") as house, Simulator("5.0") as barn:
        path = write_config(house, barn, folder=tmp_path_factory.mktemp("farm"))
        with ServedExporter(path) as served:
            yield served


def families(served: ServedExporter, query: str) -> set[str]:
    return {name for name, _ in parsed(served.get(f"/probe?target=home&{query}").text).samples}


def test_exclude_omits_the_families_of_these_collectors(home: ServedExporter) -> None:
    everything = families(home, "")
    without = families(home, "exclude[]=batteries&exclude[]=meters")
    omitted = everything - without
    assert {"enphase_battery_unit_info", "enphase_meter_power_watts"} <= omitted
    assert without < everything
    assert "enphase_production_power_watts" in without
    assert "enphase_up" in without


def test_exclude_disabled_collector_changes_nothing(home: ServedExporter) -> None:
    assert families(home, "exclude[]=layout") == families(home, "")


def test_exclude_all_collectors_leaves_the_state_of_the_gateway(home: ServedExporter) -> None:
    names = home.exporter.served.gateways["home"].collector.names
    left = families(home, "&".join(f"exclude[]={name}" for name in names))
    assert {"enphase_up", "enphase_scrape_collector_success"} <= left
    assert "enphase_production_power_watts" not in left


@pytest.mark.parametrize("path", ["/metrics?", "/probe?target=home&"])
@pytest.mark.parametrize("query", ["collect[]=meters&exclude[]=batteries", "exclude[]=kettles"])
def test_exclude_with_collect_or_unknown_is_400(home: ServedExporter, path: str, query: str) -> None:
    response = home.get(path + query)
    assert response.status_code == 400
    assert response.text.count("\n") == 1


def test_metrics_several_gateways_comment_names_their_paths(farm: ServedExporter) -> None:
    text = farm.get("/metrics").text
    comment = text.splitlines()[0]
    assert comment.startswith("# ")
    assert "/sd" in comment
    assert "/probe" in comment
    assert parsed(text).value("enphase_exporter_gateways") == 2


def test_metrics_openmetrics_and_single_gateway_have_no_comment(farm: ServedExporter, home: ServedExporter) -> None:
    """OpenMetrics allows only HELP, TYPE, UNIT and EOF after a number sign."""
    openmetrics = farm.get("/metrics", accept=OPENMETRICS).text
    assert parsed_openmetrics(openmetrics).value("enphase_exporter_gateways") == 2
    for text in (openmetrics, home.get("/metrics").text, farm.get("/telemetry").text):
        assert {line.split()[1] for line in text.splitlines() if line.startswith("#")} <= {
            "HELP",
            "TYPE",
            "UNIT",
            "EOF",
        }


def test_metrics_comment_is_accepted_by_promtool(farm: ServedExporter) -> None:
    text = farm.get("/metrics").text
    checked = subprocess.run(
        [program("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False
    )
    assert "gateways are configured" not in checked.stderr
    assert "error while linting" not in checked.stderr
