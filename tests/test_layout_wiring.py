"""The layout of the config on its way to the metrics, and what it costs the gateway."""

from pathlib import Path

import pytest
from support.exposition import parsed
from support.served_exporter import Served, write_config

from envoy_exporter.documents import DEVICE_DATA, INVENTORY, INVERTERS_V1
from envoy_simulator import PROFILES, Simulator

pytestmark = pytest.mark.integration

FIRST, SECOND, *_ = (each.serial for each in PROFILES["8.3"].design.inverters)
GONE = "122000000009"
ROOF = f"""
    inverters:
      "{FIRST}": {{name: S1, array: south, row: 1, column: 2, peak_power: 370}}
      "{GONE}": {{name: S2, array: south, row: 1, column: 3}}
    arrays: {{south: {{azimuth: 180, tilt: 35}}}}
"""


def test_what_the_config_lays_out_is_in_the_metrics(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway, Served(write_config(gateway, folder=tmp_path, more=ROOF)) as served:
        shown = parsed(served.get("/metrics").text)
    place = {"array": "south", "row": "1"}
    assert shown.value("enphase_inverter_layout_info", serial=FIRST, name="S1", column="2", **place) == 1
    assert shown.value("enphase_inverter_layout_info", serial=GONE, name="S2", column="3", **place) == 1
    assert shown.of("enphase_inverter_peak_power_watts") == {(FIRST,): 370}
    assert shown.of("enphase_inverter_listed") == {(FIRST,): 1, (GONE,): 0}
    assert shown.of("enphase_array_info") == {("south",): 1}
    assert shown.of("enphase_array_azimuth_degrees") == {("south",): 180}
    assert shown.of("enphase_array_tilt_degrees") == {("south",): 35}
    assert shown.value("enphase_scrape_collector_success", collector="layout") == 1


def test_nothing_of_it_is_said_of_a_gateway_that_is_down(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        path = write_config(gateway, folder=tmp_path, more=ROOF)
    with Served(path) as served:
        shown = parsed(served.get("/metrics").text)
    assert shown.value("enphase_up") == 0
    assert "enphase_inverter_layout_info" not in shown
    assert "enphase_array_info" not in shown


def test_a_layout_that_is_changed_is_in_force_after_a_reload(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway, Served(write_config(gateway, folder=tmp_path, more=ROOF)) as served:
        served.get("/metrics")
        served.path.write_text(served.path.read_text().replace("name: S1", "name: chimney"))
        assert served.get("/-/reload", method="POST").status_code == 200
        names = {labels[2] for labels in parsed(served.get("/metrics").text).of("enphase_inverter_layout_info")}
    assert names == {"chimney", "S2"}


@pytest.mark.parametrize(("more", "asked"), [("", 0), (ROOF, 1)])
def test_without_the_devices_a_list_is_asked_for_only_if_there_is_a_layout(
    more: str, asked: int, tmp_path: Path
) -> None:
    more = f"    collectors: {{inverters: false, batteries: false, iq_relay: false}}\n{more}"
    with Simulator("8.3") as gateway, Served(write_config(gateway, folder=tmp_path, more=more)) as served:
        shown = parsed(served.get("/metrics").text)
        requests = gateway.load.requests
    assert (requests.get(DEVICE_DATA, 0), requests.get(INVENTORY, 0), requests.get(INVERTERS_V1, 0)) == (
        asked,
        asked,
        0,
    )
    assert (("layout",) in shown.of("enphase_scrape_collector_success")) is bool(asked)
    assert ("enphase_inverter_listed" in shown) is bool(asked)


def test_the_layout_can_be_switched_off(tmp_path: Path) -> None:
    more = f"    collectors: {{layout: false}}\n{ROOF}"
    with Simulator("8.3") as gateway, Served(write_config(gateway, folder=tmp_path, more=more)) as served:
        shown = parsed(served.get("/metrics").text)
    assert "enphase_inverter_layout_info" not in shown
    assert ("layout",) not in shown.of("enphase_scrape_collector_success")
