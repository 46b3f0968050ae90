"""The written history: promtool makes blocks of it, and every number is what the exporter would report."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client.openmetrics import parser
from simulator.helpers import NOON_IN_JUNE
from support.exposition import Key, key
from support.prometheus import run
from support.simulated_history import SimulatedHistory

from envoy_simulator import PROFILES
from envoy_simulator.history import END, history, instants
from envoy_simulator.reports import ReportSequence, latest_reports
from envoy_simulator.system_model import SystemModel

pytestmark = pytest.mark.integration

HOUR, DAY = 3600.0, 86400.0
TARGET = {"job": "envoy", "instance": "home"}
END_OF_SUMMER_TIME = datetime(2025, 10, 26, tzinfo=ZoneInfo("Europe/Vienna")).timestamp()
REQUIRED = {
    *("enphase_up", "enphase_gateway_info", "enphase_production_power_watts"),
    *("enphase_grid_power_watts", "enphase_grid_import_energy_joules_total", "enphase_grid_export_energy_joules_total"),
    *("enphase_production_energy_joules_total", "enphase_production_energy_lifetime_joules"),
    *("enphase_consumption_power_watts", "enphase_consumption_energy_lifetime_joules"),
    *("enphase_net_consumption_power_watts", "enphase_net_consumption_energy_balance_joules"),
    *("enphase_inverter_info", "enphase_inverter_reporting", "enphase_inverter_power_watts"),
    *("enphase_inverter_last_report_timestamp_seconds", "enphase_inverter_energy_joules_total"),
    *("enphase_storage_power_watts", "enphase_storage_charge_ratio", "enphase_battery_units"),
    *("enphase_battery_unit_power_watts", "enphase_battery_unit_discharged_energy_joules_total"),
    *("enphase_meter_power_watts", "enphase_meter_phase_power_watts"),
    *("enphase_gateway_utc_offset_seconds", "enphase_tariff_price_per_kilowatt_hour", "enphase_meter_enabled"),
}
"""Metrics that the history must have for every system for which the exporter has them."""
PARTIAL = {"enphase_tariff_price_per_kilowatt_hour"}
"""Metrics of which the history has a part only: of the tariff, the single rate."""


def written(profile: str, start: float, times: list[float], *, inverters: bool = True) -> dict[float, dict[Key, float]]:
    """The samples of the history at these instants, without the labels of the target."""
    system = SystemModel(PROFILES[profile].design, start=start)
    of = PROFILES[profile]
    moments = (instants(of, system, time, time + 1) for time in times)
    text = "".join(
        text for moment_instants in moments for text in history(of, moment_instants, TARGET, inverters=inverters)
    )
    found: dict[float, dict[Key, float]] = {time: {} for time in times}
    for line in text.splitlines():
        (family,) = parser.text_string_to_metric_families(f"{line}\n{END}")  # type: ignore[no-untyped-call]
        (sample,) = family.samples
        labels = {name: text for name, text in sample.labels.items() if name not in TARGET}
        assert set(TARGET.items()) <= set(sample.labels.items())
        assert key(sample.name, **labels) not in found[float(sample.timestamp)]
        found[float(sample.timestamp)][key(sample.name, **labels)] = sample.value
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_history_matches_the_exporter_for_the_same_system(profile: str) -> None:
    start = NOON_IN_JUNE - 2 * DAY
    times = [NOON_IN_JUNE + hours * HOUR + 60 for hours in (0.0, 0.5, 5.1, 9.0, 13.2, 18.75)]
    found = written(profile, start, times)
    past = SimulatedHistory(profile, SystemModel(PROFILES[profile].design, start=start))
    for time in times:
        reported = past.samples(time)
        samples = {sample: value for sample, value in found[time].items() if sample[0] != "up"}
        assert {sample: reported.get(sample) for sample in samples} == samples
        for sample in reported.keys() - samples.keys():
            optional = sample[0] not in REQUIRED - PARTIAL or ("meter", "backfeed") in sample[1]
            assert optional, sample


def test_history_utc_offset_follows_summer_time() -> None:
    found = written("8.2-three", END_OF_SUMMER_TIME, [END_OF_SUMMER_TIME + hours * HOUR for hours in (0.0, 2.9, 3.0)])
    assert [samples[key("enphase_gateway_utc_offset_seconds")] for samples in found.values()] == [7200, 7200, 3600]


@pytest.mark.parametrize("every", [60.0, 1000.0])
@pytest.mark.parametrize("profile", ["5.0", "8.3"])
def test_report_sequence_matches_latest_reports(profile: str, every: float) -> None:
    system = SystemModel(PROFILES[profile].design, start=NOON_IN_JUNE)
    interval = PROFILES[profile].report_interval
    in_turn = ReportSequence(system, interval)
    for count in range(0, int(1.3 * DAY / every), 1):
        time = NOON_IN_JUNE + 6 * HOUR + count * every
        reports = tuple(in_turn.at(time))
        if count % 37 == 0:
            assert reports == latest_reports(system, interval, time)


def test_history_absent_value_has_no_line() -> None:
    by_night = NOON_IN_JUNE + 11 * HOUR
    (samples,) = written("8.3", NOON_IN_JUNE, [by_night]).values()
    names = {name for name, _ in samples}
    assert "enphase_inverter_reporting" in names
    assert "enphase_inverter_power_watts" not in names
    assert "enphase_battery_unit_power_watts" in names


def test_history_without_inverters_has_the_site_only() -> None:
    (samples,) = written("8.3", NOON_IN_JUNE, [NOON_IN_JUNE], inverters=False).values()
    assert not [name for name, _ in samples if name.startswith("enphase_inverter")]
    assert key("enphase_production_power_watts", source="eim") in samples


def test_history_series_have_the_requested_interval() -> None:
    system = SystemModel(PROFILES["7.6"].design, start=NOON_IN_JUNE)
    moments = instants(PROFILES["7.6"], system, NOON_IN_JUNE, NOON_IN_JUNE + 600, every=120)
    lines = history(PROFILES["7.6"], moments, TARGET)
    stamps = [float(line.split()[-1]) for text in lines for line in text.splitlines() if line.startswith("up{")]
    assert stamps[0] == NOON_IN_JUNE
    assert {after - before for before, after in pairwise(stamps)} == {120}
    assert len(stamps) == 5


def test_history_is_accepted_by_promtool(tmp_path: Path) -> None:
    system = SystemModel(PROFILES["8.2"].design, start=NOON_IN_JUNE)
    file = tmp_path / "history.txt"
    with file.open("w") as out:
        moments = instants(PROFILES["8.2"], system, NOON_IN_JUNE, NOON_IN_JUNE + 3 * HOUR)
        out.writelines(history(PROFILES["8.2"], moments, TARGET))
        out.write(END)
    run("promtool", "tsdb", "create-blocks-from", "openmetrics", file, tmp_path / "data")
    listed = run("promtool", "tsdb", "list", tmp_path / "data")
    counts = [line.split() for line in listed.splitlines()[1:]]
    assert sum(int(count[4]) for count in counts) == file.read_text().count("\n") - 1
