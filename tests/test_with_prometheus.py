"""A real Prometheus that has scraped the demo for a minute with the README's scrape config."""

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
SCRAPE_INTERVAL = 10
SCRAPED_SECONDS = 70


def readme_job(address: str) -> str:
    """The README's scrape config for the exporter at this address, with a short scrape interval."""
    (block,) = re.findall(r"```yaml\n(scrape_configs:.*?)```", README.read_text(), re.DOTALL)
    config = yaml.safe_load(block.replace("localhost:9433", address))
    config["global"] = {"scrape_interval": f"{SCRAPE_INTERVAL}s", "scrape_timeout": f"{SCRAPE_INTERVAL}s"}
    return str(yaml.safe_dump(config))


@dataclass(frozen=True)
class ScrapedDemo:
    """The current data of a Prometheus that has scraped the demo."""

    prometheus: Prometheus

    def query(self, expression: str) -> dict[tuple[str, ...], float]:
        """Return the values by the labels other than the name and the job."""
        ignored = {"__name__", "job"}
        return {
            tuple(value for name, value in sorted(labels.items()) if name not in ignored): value
            for labels, values in self.prometheus.at(expression, time.time())
            for value in values.values()
        }

    def one(self, expression: str) -> float:
        (value,) = self.query(expression).values()
        return value


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScrapedDemo]:
    """The demo, scraped for a minute."""
    folder = tmp_path_factory.mktemp("prometheus")
    program("prometheus")
    with Command("--demo") as command:
        config = folder / "prometheus.yml"
        config.write_text(readme_job(command.url.removeprefix("http://")))
        with running(config, folder / "data") as prometheus:
            time.sleep(SCRAPED_SECONDS)
            yield ScrapedDemo(prometheus)


def test_scraped_demo_has_all_targets_up_and_no_dropped_samples(demo: ScrapedDemo) -> None:
    assert list(demo.query("up").values()) == [1.0, 1.0], "the gateway and the exporter"
    assert demo.one("enphase_up") == 1
    assert demo.one("sum(scrape_samples_scraped - scrape_samples_post_metric_relabeling)") == 0


def test_scraped_demo_instance_is_the_gateway_name(demo: ScrapedDemo) -> None:
    assert len(demo.query('enphase_production_power_watts{instance="demo", job="envoy"}')) == 1


def test_scraped_demo_has_production_import_and_export(demo: ScrapedDemo) -> None:
    assert demo.one("enphase_production_power_watts") > 0
    assert demo.one("enphase_production_energy_joules_total") > 0
    assert demo.one("enphase_grid_import_energy_joules_total") > 0
    assert demo.one("enphase_grid_export_energy_joules_total") > 0


def test_scraped_demo_has_details_of_inverters_and_batteries(demo: ScrapedDemo) -> None:
    for name in ("power_watts", "dc_voltage_volts", "ac_voltage_volts", "temperature_celsius", "energy_joules_total"):
        assert len(demo.query(f"enphase_inverter_{name}")) == 20, name
    for name in ("charge_ratio", "power_watts", "temperature_celsius"):
        assert len(demo.query(f"enphase_battery_unit_{name}")) == 2, name
    assert 0 <= demo.one("enphase_storage_charge_ratio") <= 1


def test_scraped_demo_layout_joins_on_the_inverters(demo: ScrapedDemo) -> None:
    """The query of docs/layout.md; each array has ten inverters."""
    join = "* on (job, instance, serial) group_left (array) enphase_inverter_layout_info"
    by_array = demo.query(f"count by (array) (enphase_inverter_power_watts {join})")
    assert by_array == {("south",): 10, ("west",): 10}
    assert demo.one("sum(enphase_inverter_listed)") == 20
    assert demo.one("sum(enphase_inverter_peak_power_watts)") == 20 * 400


WINDOW = "50s"
SLACK = 0.03
"""As a share of the power: the gauge is scraped every ten seconds, and production changes between the scrapes."""


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
def test_scraped_demo_rate_of_a_register_is_the_power(demo: ScrapedDemo, register: str, gauge: str) -> None:
    rate = demo.one(register.format(w=WINDOW))
    mean = demo.one(f"avg_over_time({gauge}[{WINDOW}])")
    scale = demo.one(f"avg_over_time(enphase_production_power_watts[{WINDOW}])")
    assert scale > 100, "the demo begins in daylight"
    assert rate == pytest.approx(mean, abs=SLACK * scale)


def test_scraped_demo_values_change(demo: ScrapedDemo) -> None:
    for gauge in ("enphase_production_power_watts", "enphase_grid_power_watts", "enphase_inverter_power_watts"):
        assert min(demo.query(f"changes({gauge}[1m])").values()) >= 1, gauge
