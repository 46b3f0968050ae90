"""The layout of the config in the metrics, and the requests that it causes."""

from pathlib import Path

import pytest
from support.exposition import parsed
from support.served_exporter import Served, write_config

from envoy_exporter.documents import DEVICE_DATA, INVENTORY, INVERTERS_V1
from envoy_simulator import PROFILES, Simulator

pytestmark = pytest.mark.integration

FIRST, SECOND, *_ = (inverter.serial for inverter in PROFILES["8.3"].design.inverters)
UNLISTED = "122000000009"
LAYOUT = f"""
    inverters:
      "{FIRST}": {{name: S1, array: south, row: 1, column: 2, peak_power: 370}}
      "{UNLISTED}": {{name: S2, array: south, row: 1, column: 3}}
    arrays: {{south: {{azimuth: 180, tilt: 35}}}}
"""


def test_layout_of_the_config_is_in_the_metrics(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway, Served(write_config(gateway, folder=tmp_path, more=LAYOUT)) as served:
        exposition = parsed(served.get("/metrics").text)
    position = {"array": "south", "row": "1"}
    assert exposition.value("enphase_inverter_layout_info", serial=FIRST, name="S1", column="2", **position) == 1
    assert exposition.value("enphase_inverter_layout_info", serial=UNLISTED, name="S2", column="3", **position) == 1
    assert exposition.of("enphase_inverter_peak_power_watts") == {(FIRST,): 370}
    assert exposition.of("enphase_inverter_listed") == {(FIRST,): 1, (UNLISTED,): 0}
    assert exposition.of("enphase_array_info") == {("south",): 1}
    assert exposition.of("enphase_array_azimuth_degrees") == {("south",): 180}
    assert exposition.of("enphase_array_tilt_degrees") == {("south",): 35}
    assert exposition.value("enphase_scrape_collector_success", collector="layout") == 1


def test_layout_gateway_down_has_no_layout_metrics(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        path = write_config(gateway, folder=tmp_path, more=LAYOUT)
    with Served(path) as served:
        exposition = parsed(served.get("/metrics").text)
    assert exposition.value("enphase_up") == 0
    assert "enphase_inverter_layout_info" not in exposition
    assert "enphase_array_info" not in exposition


def test_layout_changed_is_used_after_a_reload(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway, Served(write_config(gateway, folder=tmp_path, more=LAYOUT)) as served:
        served.get("/metrics")
        served.path.write_text(served.path.read_text().replace("name: S1", "name: chimney"))
        assert served.get("/-/reload", method="POST").status_code == 200
        names = {labels[2] for labels in parsed(served.get("/metrics").text).of("enphase_inverter_layout_info")}
    assert names == {"chimney", "S2"}


@pytest.mark.parametrize(("more", "count"), [("", 0), (LAYOUT, 1)])
def test_layout_missing_requests_no_list_of_inverters(more: str, count: int, tmp_path: Path) -> None:
    more = f"    collectors: {{inverters: false, batteries: false, iq_relay: false}}\n{more}"
    with Simulator("8.3") as gateway, Served(write_config(gateway, folder=tmp_path, more=more)) as served:
        exposition = parsed(served.get("/metrics").text)
        requests = gateway.load.requests
    assert (requests.get(DEVICE_DATA, 0), requests.get(INVENTORY, 0), requests.get(INVERTERS_V1, 0)) == (
        count,
        count,
        0,
    )
    assert (("layout",) in exposition.of("enphase_scrape_collector_success")) is bool(count)
    assert ("enphase_inverter_listed" in exposition) is bool(count)


def test_layout_collector_disabled_has_no_metrics(tmp_path: Path) -> None:
    more = f"    collectors: {{layout: false}}\n{LAYOUT}"
    with Simulator("8.3") as gateway, Served(write_config(gateway, folder=tmp_path, more=more)) as served:
        exposition = parsed(served.get("/metrics").text)
    assert "enphase_inverter_layout_info" not in exposition
    assert ("layout",) not in exposition.of("enphase_scrape_collector_success")
