"""Values of Home, Energy, Grid and battery and Panels compared with the energy and power of the simulated systems."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import pytest
from dashboards.site_history import History
from dashboards.sites import OTHERS, SITES, Site
from support.dashboard_view import View
from support.dashboards import dashboards, panels
from support.tsdb import Series, Steps

from envoy_simulator.profiles import NET

pytestmark = pytest.mark.integration

EVERY = (*SITES, *OTHERS)
MEASURED = tuple(site for site in EVERY if "load" in site.flows)
HOUR = 3600.0


def of_sites(sites: Iterable[Site]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("site", [*sites], ids=lambda site: site.instance)


every_site = of_sites(EVERY)
sites_with_a_net_meter = of_sites(site for site in MEASURED if NET in site.profile.meters)
sites_with_batteries = of_sites(site for site in EVERY if site.batteries)
measured_sites = of_sites(MEASURED)

Results = Mapping[str, list[Series]]


def view(history: History, name: str, site: Site, now: float) -> View:
    return View(history.prometheus, name, now, site.zone, {"job": history.job, "instance": site.instance})


def one(series: Iterable[Series]) -> Mapping[float, float]:
    (only,) = series
    return only.values


def newest(series: Series) -> float:
    return series.values[max(series.values)]


def number(results: Results) -> float:
    (series,) = results["A"]
    return newest(series)


def close(value: float) -> object:
    """Within 1 %, or 20 Wh for small values."""
    return pytest.approx(value, rel=0.01, abs=0.02)


@every_site
def test_home_today_at_the_end_of_a_day_is_the_true_energy(history: History, site: Site) -> None:
    day = history.days[-1]
    home = view(history, "home", site, site.midnight(day + timedelta(1)) - 60)
    truth = history.truths[site.instance]
    for title, flow in {
        "Production today": "solar",
        "Consumption today": "load",
        "Grid import today": "import",
        "Grid export today": "export",
    }.items():
        if flow in site.flows:
            assert number(home.of(f"Today/{title}")) == close(truth.kilowatt_hours(day, flow)), title
    if "load" in site.flows:
        assert number(home.of("Today/Self-consumption")) == pytest.approx(truth.self_consumption(day), abs=0.01)


@every_site
def test_energy_of_each_day_is_the_true_energy(history: History, site: Site) -> None:
    energy, truth = view(history, "energy", site, history.end), history.truths[site.instance]
    consumption, production = (
        energy.of("Days/Consumption by source, by day"),
        energy.of("Days/Production by destination, by day"),
    )
    months = {
        "solar": energy.of("Months/Production by month")["A"],
        "load": energy.of("Months/Consumption by month")["A"],
        "import": energy.of("Months/Grid import by month")["A"],
        "export": energy.of("Months/Grid export by month")["A"],
    }
    for day in history.days:
        assert one(production["D"])[site.midnight(day)] == close(truth.kilowatt_hours(day, "solar"))
        if "load" in site.flows:
            assert added(consumption, "ABC", site.midnight(day)) == close(truth.kilowatt_hours(day, "load"))
            assert one(production["C"])[site.midnight(day)] == close(truth.kilowatt_hours(day, "solar_to_grid"))
        for flow in site.flows & months.keys():
            (noon,) = (value for time, value in one(months[flow]).items() if noon_of(site, day, time))
            assert noon == close(truth.kilowatt_hours(day, flow)), flow


def noon_of(site: Site, day: date, time: float) -> bool:
    return time == site.midnight(day) + 12 * HOUR


def added(results: Results, letters: str, time: float) -> float:
    """The sum of stacked series at that time; a missing flow counts as 0."""
    return sum(series.values.get(time, 0.0) for letter in letters for series in results[letter])


@every_site
def test_energy_of_the_hours_of_a_day_adds_up_to_the_day(history: History, site: Site) -> None:
    energy, truth = view(history, "energy", site, history.end), history.truths[site.instance]
    day = history.days[-1]
    begins = [site.midnight(day) + hour * HOUR for hour in range(24)]
    production = one(energy.of("Hours/Production by destination, by hour")["D"])
    assert sum(production.get(time, 0.0) for time in begins) == close(truth.kilowatt_hours(day, "solar"))
    watts = f'avg_over_time(instance:enphase_flow_watts:mean5m{{instance="{site.instance}", flow="solar"}}[1h])'
    mean = one(history.prometheus.range(watts, Steps(begins[0] + HOUR, begins[-1] + HOUR, HOUR)))
    for time in begins:  # each is at its beginning; without CTs watts are minutes old
        assert production.get(time, 0.0) == pytest.approx(mean[time + HOUR] / 1000, rel=0.1, abs=0.15)
    if "load" in site.flows:
        consumption = energy.of("Hours/Consumption by source, by hour")
        used = sum(added(consumption, "ABC", time) for time in begins)
        assert used == close(truth.kilowatt_hours(day, "load"))


@every_site
def test_energy_of_this_month_is_its_days_and_the_record_its_best(history: History, site: Site) -> None:
    energy, truth = view(history, "energy", site, history.end), history.truths[site.instance]
    month = {series.labels["flow"]: newest(series) for series in energy.of("So far/This month")["A"]}
    assert month.keys() == site.flows
    known = [day for day in truth.joules if day <= history.days[-1]]
    for flow in site.flows:  # the evening before began at the first scrape
        assert month[flow] == pytest.approx(
            sum(truth.kilowatt_hours(day, flow) for day in known), rel=0.02, abs=0.02
        ), flow
    best = max(truth.kilowatt_hours(day, "solar") for day in history.days)
    assert max(one(energy.of("Records/Highest production days")["A"]).values()) == close(best)


@measured_sites
def test_energy_selected_price_applies_to_each_kilowatt_hour(history: History, site: Site) -> None:
    truth = history.truths[site.instance]
    energy = view(history, "energy", site, history.end).choosing(import_price="0.25", export_price="0.10")
    money = energy.of("Money, in $currency/Costs and savings by day, in $currency")
    for day in history.days:
        load, bought, sold = (truth.kilowatt_hours(day, flow) for flow in ("load", "import", "export"))
        saved, earned, paid = (one(money[letter])[site.midnight(day)] for letter in "ABC")
        assert earned == close(0.10 * sold)
        assert -paid == close(0.25 * bought)
        assert saved == close(0.25 * (load - bought))


@measured_sites
def test_energy_bill_is_import_cost_minus_export_earnings(history: History, site: Site) -> None:
    energy = view(history, "energy", site, history.end)
    for selection in (energy, energy.choosing(import_price="0.25", export_price="0.10")):
        results = selection.of("Money, in $currency/Costs and savings this month, in $currency")["A"]
        values = {series.labels["flow"]: newest(series) for series in results}
        assert values["bill"] == pytest.approx(values["import"] - values["export"])
        assert min(values["import"], values["export"], values["saved"]) > 0


@measured_sites
def test_home_parts_add_up_to_their_flow(history: History, site: Site) -> None:
    home = view(history, "home", site, history.end)
    production, consumption = home.of("Flows/Production by destination"), home.of("Flows/Consumption by source")
    produced = one(production["D"])
    assert len(produced) > 100
    for time, watts in produced.items():
        assert added(production, "ABC", time) == pytest.approx(watts, rel=0.001, abs=0.5)
    used = number(home.of("Now/Consumption"))
    assert added(consumption, "ABC", max(one(consumption["A"]))) == pytest.approx(used, rel=0.001, abs=0.5)


@measured_sites
def test_home_sources_equal_consumption(history: History, site: Site) -> None:
    home = view(history, "home", site, history.end)
    solar, load = number(home.of("Now/Production")), number(home.of("Now/Consumption"))
    grid, battery = (signed(home.of(f"Now/{title}")) for title in ("Grid", "Battery"))
    assert solar + grid + battery == pytest.approx(load, rel=0.001, abs=0.5)


def signed(results: Results) -> float:
    """The value of a tile with either A (a source, positive) or B (negative); 0 with neither."""
    values = [
        (1 - 2 * "AB".index(letter)) * value
        for letter in "AB"
        for series in results[letter]
        for value in series.values.values()
    ]
    assert len(values) <= 1
    return sum(values)


@measured_sites
def test_home_shares_are_between_0_and_1(history: History, site: Site) -> None:
    home = view(history, "home", site, history.end)
    consumed, imported = number(home.of("Today/Consumption today")), number(home.of("Today/Grid import today"))
    share = number(home.of("Today/Self-sufficiency"))
    assert 0 <= number(home.of("Today/Self-consumption")) <= 1
    assert 1 - imported / consumed - 0.001 <= share <= 1  # import in the battery is not consumed yet


def test_home_with_all_gateways_is_the_sum_of_each(history: History) -> None:
    for title in (
        "Now/Production",
        "Now/Consumption",
        "Today/Production today",
        "Today/Consumption today",
        "Today/Grid import today",
        "Today/Grid export today",
    ):
        together = View(history.prometheus, "home", history.end, SITES[0].zone)
        parts = (together.choosing(instance=site.instance).of(title)["A"] for site in EVERY)
        assert number(together.of(title)) == pytest.approx(sum(sum(one(found).values()) for found in parts if found)), (
            title
        )


@measured_sites
def test_grid_voltage_and_frequency_are_those_of_the_system(history: History, site: Site) -> None:
    grid = view(history, "grid-and-battery", site, history.end)
    volts = [series.values for series in grid.of("Grid/Voltage over time")["A"]]
    assert len(volts) == site.profile.design.phases
    for values in volts:
        assert [*values.values()] == pytest.approx([site.profile.volts] * len(values), rel=0.03)
    assert number(grid.of("Now/Frequency")) == pytest.approx(site.profile.hertz, abs=0.1)


@sites_with_a_net_meter
def test_grid_power_by_phase_adds_up_to_grid_of_home(history: History, site: Site) -> None:
    grid = view(history, "grid-and-battery", site, history.end).choosing(meter=NET)
    power = sum(newest(series) for series in grid.of("Grid/Power by phase")["A"])
    assert power == pytest.approx(signed(view(history, "home", site, history.end).of("Now/Grid")), rel=0.15, abs=300)


@sites_with_batteries
def test_battery_power_discharging_is_positive_and_charging_negative(history: History, site: Site) -> None:
    panel = view(history, "grid-and-battery", site, history.end).of("Battery/Battery power")
    discharging, charging = (one(panel[letter]).values() for letter in "AB")
    assert min(discharging) >= 0 >= max(charging)
    assert max(discharging) > 100
    assert min(charging) < -100


@sites_with_batteries
def test_battery_activity_agrees_with_its_power(history: History, site: Site) -> None:
    watts = signed(view(history, "home", site, history.end).of("Now/Battery"))
    activity = {-1: "charging", 1: "discharging", 0: "idle or full"}[(watts > 0) - (watts < 0)]
    grid = view(history, "grid-and-battery", site, history.end)
    (panel,) = (panel for panel in panels(dashboards()["grid-and-battery"]) if panel["title"] == "Battery activity")
    (names,) = (mapping["options"] for mapping in panel["fieldConfig"]["defaults"]["mappings"])
    results = grid.of("Each battery/Battery activity")
    shown = [newest(series) for letter in "AB" for series in results[letter]]
    assert {names[f"{value:g}"]["text"] for value in shown} == {activity}


@of_sites(site for site in EVERY if site.arrays)
def test_panels_arrays_are_those_of_the_config(history: History, site: Site) -> None:
    results = view(history, "panels", site, history.end).of("Arrays/Arrays")
    shown = [{series.labels["array"]: newest(series) for series in results[letter]} for letter in "ABCD"]
    inverters, arrays = site.settings.inverters, site.settings.arrays
    assert shown == [
        Counter(inverter.array for inverter in inverters),
        {
            array.name: sum(inverter.peak_power or 0 for inverter in inverters if inverter.array == array.name)
            for array in arrays
        },
        {array.name: array.azimuth for array in arrays},
        {array.name: array.tilt for array in arrays},
    ]
