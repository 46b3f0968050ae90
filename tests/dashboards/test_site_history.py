"""The history on which the dashboards are tested is complete."""

from datetime import timedelta

import pytest
from dashboards.site_history import EXPORTER, History
from support.rules import recording_rules
from support.tsdb import Steps

from envoy_exporter.gateway_collector import families

pytestmark = pytest.mark.integration

IN_NO_SITE = {
    "enphase_token_renewals_total",  # their tokens are configured
    "enphase_inverter_phase_voltage_volts",  # of inverters on several phases; there is no capture of one
    "enphase_inverter_channel_power_watts",  # of inverters with several channels, likewise
    "enphase_inverter_channel_energy_joules_total",
    "enphase_inverter_channel_dc_voltage_volts",
    "enphase_inverter_channel_dc_current_amperes",
    "enphase_battery_unit_max_power_watts",  # of AC batteries without an inventory
    "enphase_enpower_operating",  # absent from firmware 8 on
}
UNRECORDED = {
    "inverter:enphase_inverter_performance_ratio:7d",  # it takes four days, and there are two
}


def test_history_has_every_site_up_at_all_times(history: History) -> None:
    series = history.prometheus.range(f'enphase_up{{job="{history.job}"}}', Steps(history.start, history.end, 60))
    assert {labels["instance"] for labels, _ in series} == {site.instance for site in (*history.sites, *history.others)}
    minutes = int((history.end - history.start) // 60) + 1
    assert {len(values) for _, values in series} == {minutes}


def test_history_has_every_family_of_the_sites(history: History) -> None:
    names = {*history.prometheus.label_values("__name__", '{__name__=~"enphase_.+"}', history.dense, history.end)}
    assert {family.name for family in families()} - names == IN_NO_SITE


def test_history_has_the_metrics_of_the_exporter(history: History) -> None:
    own = f'{{job="{history.job}", instance="{EXPORTER}"}}'
    (gateways,) = history.prometheus.at(f"enphase_exporter_gateways{own}", history.end)
    assert [*gateways.values.values()] == [len((*history.sites, *history.others))]
    assert history.prometheus.at(
        f"rate(enphase_exporter_gateway_request_duration_seconds_count{own}[10m])", history.end
    )


def test_history_has_samples_of_every_recording_rule(history: History) -> None:
    names = {*history.prometheus.label_values("__name__", '{__name__=~".+:.+"}', history.start, history.end)}
    assert {rule.record for rule in recording_rules()} - names <= UNRECORDED


def test_history_has_inverters_on_every_array(history: History) -> None:
    for site in history.sites:
        series = history.prometheus.at(
            f'count by (array) (enphase_inverter_layout_info{{instance="{site.instance}"}})', history.end
        )
        assert {labels["array"] for labels, _ in series} == {*site.arrays}


def test_history_of_whole_days_is_the_true_energy(history: History) -> None:
    day = history.days[-1]
    for site in (*history.sites, *history.others):
        truth = history.truths[site.instance]
        energy = f'instance:enphase_flow_kilowatt_hours:day{{instance="{site.instance}", flow="solar"}}[1h]'
        (recorded,) = history.prometheus.at(energy, site.midnight(day + timedelta(1)) + 3599)
        assert [*recorded.values.values()] == pytest.approx([truth.kilowatt_hours(day, "solar")], rel=0.01)
        assert truth.kilowatt_hours(day + timedelta(1), "solar") > 1
