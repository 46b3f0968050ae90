"""A real Prometheus scrapes the demo for a minute, with the README's own job; then it is asked what it knows."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from support.process import Command
from support.prometheus import program
from support.tsdb import Prometheus, running

pytestmark = pytest.mark.integration

README = Path(__file__).parent.parent / "README.md"
SCRAPES_EVERY = 10
A_MINUTE = 70


def readme_job(address: str) -> str:
    """The README's scrape config, for the exporter at this address, scraped often enough for a minute's look."""
    (block,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", README.read_text(), re.DOTALL)
    config = yaml.safe_load(block.replace("localhost:9433", address))
    config["global"] = {"scrape_interval": f"{SCRAPES_EVERY}s", "scrape_timeout": f"{SCRAPES_EVERY}s"}
    return str(yaml.safe_dump(config))


@dataclass(frozen=True)
class Watched:
    """What a Prometheus knows now."""

    prometheus: Prometheus

    def query(self, expression: str) -> dict[tuple[str, ...], float]:
        """The values by the labels, but for the name and the job."""
        ours = {"__name__", "job"}
        return {
            tuple(value for name, value in sorted(labels.items()) if name not in ours): value
            for labels, values in self.prometheus.at(expression, time.time())
            for value in values.values()
        }

    def one(self, expression: str) -> float:
        (value,) = self.query(expression).values()
        return value


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A Prometheus that has watched the demo for a minute."""
    folder = tmp_path_factory.mktemp("prometheus")
    program("prometheus")
    with Command("--demo") as command:
        config = folder / "prometheus.yml"
        config.write_text(readme_job(command.url.removeprefix("http://")))
        with running(config, folder / "data") as prometheus:
            time.sleep(A_MINUTE)
            yield Watched(prometheus)


def test_every_target_is_up_and_no_sample_was_refused(watched: Watched) -> None:
    assert list(watched.query("up").values()) == [1.0, 1.0], "the gateway and the exporter"
    assert watched.one("enphase_up") == 1
    assert watched.one("sum(scrape_samples_scraped - scrape_samples_post_metric_relabeling)") == 0


def test_the_gateway_is_called_by_its_name(watched: Watched) -> None:
    assert len(watched.query('enphase_production_power_watts{instance="demo", job="envoy"}')) == 1


def test_production_import_and_export_are_there(watched: Watched) -> None:
    assert watched.one("enphase_production_power_watts") > 0
    assert watched.one("enphase_production_energy_joules_total") > 0
    assert watched.one("enphase_grid_import_energy_joules_total") > 0
    assert watched.one("enphase_grid_export_energy_joules_total") > 0


def test_each_inverter_and_each_battery_is_there_with_its_details(watched: Watched) -> None:
    for name in ("power_watts", "dc_voltage_volts", "ac_voltage_volts", "temperature_celsius", "energy_joules_total"):
        assert len(watched.query(f"enphase_inverter_{name}")) == 20, name
    for name in ("charge_ratio", "power_watts", "temperature_celsius"):
        assert len(watched.query(f"enphase_battery_unit_{name}")) == 2, name
    assert 0 <= watched.one("enphase_storage_charge_ratio") <= 1


def test_the_layout_joins_on_the_inverters_of_the_demo(watched: Watched) -> None:
    """The query of docs/layout.md; both sides of its roof have ten."""
    join = "* on (job, instance, serial) group_left (array) enphase_inverter_layout_info"
    by_array = watched.query(f"count by (array) (enphase_inverter_power_watts {join})")
    assert by_array == {("south",): 10, ("west",): 10}
    assert watched.one("sum(enphase_inverter_listed)") == 20
    assert watched.one("sum(enphase_inverter_peak_power_watts)") == 20 * 400


WINDOW = "50s"
SLACK = 0.03
"""Of the power: the gauge is seen every ten seconds, and the sun of the demo moves while nobody looks."""


@pytest.mark.parametrize(
    ("register", "gauge"),
    [
        ("rate(enphase_production_energy_joules_total[{w}])", "enphase_production_power_watts"),
        (
            "rate(enphase_meter_energy_delivered_joules_total{{meter='production'}}[{w}])",
            "enphase_meter_power_watts{meter='production'}",
        ),
        (
            "rate(enphase_grid_import_energy_joules_total[{w}]) - rate(enphase_grid_export_energy_joules_total[{w}])",
            "enphase_grid_power_watts",
        ),
    ],
)
def test_the_rate_of_a_register_is_the_power(watched: Watched, register: str, gauge: str) -> None:
    rate = watched.one(register.format(w=WINDOW))
    mean = watched.one(f"avg_over_time({gauge}[{WINDOW}])")
    scale = watched.one(f"avg_over_time(enphase_production_power_watts[{WINDOW}])")
    assert scale > 100, "the demo begins by day"
    assert rate == pytest.approx(mean, abs=SLACK * scale)


def test_values_move_while_one_looks(watched: Watched) -> None:
    for gauge in ("enphase_production_power_watts", "enphase_grid_power_watts", "enphase_inverter_power_watts"):
        assert min(watched.query(f"changes({gauge}[1m])").values()) >= 1, gauge
