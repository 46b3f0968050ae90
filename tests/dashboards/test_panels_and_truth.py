"""What Home and Energy say, beside what the plants really did; and what must agree of itself."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import pytest
from dashboards.past import History
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

Answers = Mapping[str, list[Series]]


def view(history: History, name: str, site: Site, now: float) -> View:
    return View(history.prometheus, name, now, site.zone, {"job": history.job, "instance": site.instance})


def one(series: Iterable[Series]) -> Mapping[float, float]:
    (only,) = series
    return only.values


def newest(series: Series) -> float:
    return series.values[max(series.values)]


def number(answers: Answers) -> float:
    (series,) = answers["A"]
    return newest(series)


def close(value: float) -> object:
    """Within 1 %, or 20 Wh where there is next to nothing."""
    return pytest.approx(value, rel=0.01, abs=0.02)


@every_site
def test_home_says_of_a_whole_day_what_the_plant_did(history: History, site: Site) -> None:
    day = history.days[-1]
    home = view(history, "home", site, site.midnight(day + timedelta(1)) - 60)
    truth = history.truths[site.instance]
    for title, flow in {"Produced": "solar", "Used": "load", "Imported": "import", "Exported": "export"}.items():
        if flow in site.flows:
            assert number(home.of(f"Today/{title}")) == close(truth.kilowatt_hours(day, flow)), title
    if "load" in site.flows:
        assert number(home.of("Today/Self-consumption")) == pytest.approx(truth.self_consumption(day), abs=0.01)


@every_site
def test_energy_says_of_each_day_what_the_plant_did(history: History, site: Site) -> None:
    energy, truth = view(history, "energy", site, history.end), history.truths[site.instance]
    home, sun = (
        energy.of("Days/Where the home's energy came from, by day"),
        energy.of("Days/Where solar energy went, by day"),
    )
    months = {
        "solar": energy.of("Months/Produced by month")["A"],
        "load": energy.of("Months/Used by month")["A"],
        "import": energy.of("Months/From the grid by month")["A"],
        "export": energy.of("Months/To the grid by month")["A"],
    }
    for day in history.days:
        assert one(sun["D"])[site.midnight(day)] == close(truth.kilowatt_hours(day, "solar"))
        if "load" in site.flows:
            assert added(home, "ABC", site.midnight(day)) == close(truth.kilowatt_hours(day, "load"))
            assert one(sun["C"])[site.midnight(day)] == close(truth.kilowatt_hours(day, "solar_to_grid"))
        for flow in site.flows & months.keys():
            (noon,) = (value for time, value in one(months[flow]).items() if noon_of(site, day, time))
            assert noon == close(truth.kilowatt_hours(day, flow)), flow


def noon_of(site: Site, day: date, time: float) -> bool:
    return time == site.midnight(day) + 12 * HOUR


def added(answers: Answers, letters: str, time: float) -> float:
    """What is drawn upon each other at that moment; a flow that the plant has not is nothing."""
    return sum(series.values.get(time, 0.0) for letter in letters for series in answers[letter])


@every_site
def test_the_hours_of_a_day_are_together_the_day(history: History, site: Site) -> None:
    energy, truth = view(history, "energy", site, history.end), history.truths[site.instance]
    day = history.days[-1]
    begins = [site.midnight(day) + hour * HOUR for hour in range(24)]
    sun = one(energy.of("Hours/Where solar energy went, by hour")["D"])
    assert sum(sun.get(time, 0.0) for time in begins) == close(truth.kilowatt_hours(day, "solar"))
    watts = f'avg_over_time(instance:enphase_flow_watts:mean5m{{instance="{site.instance}", flow="solar"}}[1h])'
    mean = one(history.prometheus.range(watts, Steps(begins[0] + HOUR, begins[-1] + HOUR, HOUR)))
    for time in begins:  # each stands where it began; without CTs watts are minutes old
        assert sun.get(time, 0.0) == pytest.approx(mean[time + HOUR] / 1000, rel=0.1, abs=0.15)
    if "load" in site.flows:
        home = energy.of("Hours/Where the home's energy came from, by hour")
        used = sum(added(home, "ABC", time) for time in begins)
        assert used == close(truth.kilowatt_hours(day, "load"))


@every_site
def test_a_month_is_its_days_and_the_best_of_them_leads(history: History, site: Site) -> None:
    energy, truth = view(history, "energy", site, history.end), history.truths[site.instance]
    month = {series.labels["flow"]: newest(series) for series in energy.of("So far/This month")["A"]}
    assert month.keys() == site.flows
    known = [day for day in truth.joules if day <= history.days[-1]]
    for flow in site.flows:  # the evening before began with the first scrape
        assert month[flow] == pytest.approx(
            sum(truth.kilowatt_hours(day, flow) for day in known), rel=0.02, abs=0.02
        ), flow
    best = max(truth.kilowatt_hours(day, "solar") for day in history.days)
    assert max(one(energy.of("Records/Best days of the sun")["A"]).values()) == close(best)


@measured_sites
def test_a_price_that_one_chooses_is_paid_and_earned_for_each_kilowatt_hour(history: History, site: Site) -> None:
    truth = history.truths[site.instance]
    energy = view(history, "energy", site, history.end).choosing(import_price="0.25", export_price="0.10")
    money = energy.of("Money, in $currency/Money by day, in $currency")
    for day in history.days:
        load, bought, sold = (truth.kilowatt_hours(day, flow) for flow in ("load", "import", "export"))
        saved, earned, paid = (one(money[letter])[site.midnight(day)] for letter in "ABC")
        assert earned == close(0.10 * sold)
        assert -paid == close(0.25 * bought)
        assert saved == close(0.25 * (load - bought))


@measured_sites
def test_a_bill_is_what_was_paid_less_what_was_earned(history: History, site: Site) -> None:
    energy = view(history, "energy", site, history.end)
    for looking in (energy, energy.choosing(import_price="0.25", export_price="0.10")):
        answers = looking.of("Money, in $currency/Money this month, in $currency")["A"]
        this = {series.labels["flow"]: newest(series) for series in answers}
        assert this["bill"] == pytest.approx(this["import"] - this["export"])
        assert min(this["import"], this["export"], this["saved"]) > 0


@measured_sites
def test_arrows_add_up_to_their_flow_at_every_moment(history: History, site: Site) -> None:
    home = view(history, "home", site, history.end)
    sun, house = home.of("Flows/Where solar power goes"), home.of("Flows/Where the home's power comes from")
    produced = one(sun["D"])
    assert len(produced) > 100
    for time, watts in produced.items():
        assert added(sun, "ABC", time) == pytest.approx(watts, rel=0.001, abs=0.5)
    used = number(home.of("Now/Home"))
    assert added(house, "ABC", max(one(house["A"]))) == pytest.approx(used, rel=0.001, abs=0.5)


@measured_sites
def test_what_comes_in_now_goes_out_now(history: History, site: Site) -> None:
    home = view(history, "home", site, history.end)
    solar, load = number(home.of("Now/Solar")), number(home.of("Now/Home"))
    grid, battery = (signed(home.of(f"Now/{title}")) for title in ("Grid", "Battery"))
    assert solar + grid + battery == pytest.approx(load, rel=0.001, abs=0.5)


def signed(answers: Answers) -> float:
    """Of a tile that says either A, which comes, or B, which goes; nothing where there is neither."""
    told = [
        (1 - 2 * "AB".index(letter)) * value
        for letter in "AB"
        for series in answers[letter]
        for value in series.values.values()
    ]
    assert len(told) <= 1
    return sum(told)


@measured_sites
def test_shares_are_shares(history: History, site: Site) -> None:
    home = view(history, "home", site, history.end)
    used, bought = number(home.of("Today/Used")), number(home.of("Today/Imported"))
    share = number(home.of("Today/Self-sufficiency"))
    assert 0 <= number(home.of("Today/Self-consumption")) <= 1
    assert 1 - bought / used - 0.001 <= share <= 1  # what the battery took of it was not used yet


def test_all_is_what_each_is(history: History) -> None:
    for title in ("Now/Solar", "Now/Home", "Today/Produced", "Today/Used", "Today/Imported", "Today/Exported"):
        together = View(history.prometheus, "home", history.end, SITES[0].zone)
        each = (together.choosing(instance=site.instance).of(title)["A"] for site in EVERY)
        assert number(together.of(title)) == pytest.approx(sum(sum(one(found).values()) for found in each if found)), (
            title
        )


@measured_sites
def test_voltage_and_frequency_are_those_of_the_mains(history: History, site: Site) -> None:
    grid = view(history, "grid-and-battery", site, history.end)
    volts = [series.values for series in grid.of("Grid/Voltage of the phases")["A"]]
    assert len(volts) == site.profile.design.phases
    for values in volts:
        assert [*values.values()] == pytest.approx([site.profile.volts] * len(values), rel=0.03)
    assert number(grid.of("Now/Frequency")) == pytest.approx(site.profile.hertz, abs=0.1)


@sites_with_a_net_meter
def test_power_by_phase_adds_up_to_what_home_says_of_the_grid(history: History, site: Site) -> None:
    grid = view(history, "grid-and-battery", site, history.end).choosing(meter=NET)
    power = sum(newest(series) for series in grid.of("Grid/Power by phase")["A"])
    assert power == pytest.approx(signed(view(history, "home", site, history.end).of("Now/Grid")), rel=0.15, abs=300)


@sites_with_batteries
def test_a_battery_gives_above_the_line_and_takes_below_it(history: History, site: Site) -> None:
    panel = view(history, "grid-and-battery", site, history.end).of("Battery/Power")
    given, taken = (one(panel[letter]).values() for letter in "AB")
    assert min(given) >= 0 >= max(taken)
    assert max(given) > 100
    assert min(taken) < -100


@sites_with_batteries
def test_what_a_battery_does_is_what_its_power_says(history: History, site: Site) -> None:
    watts = signed(view(history, "home", site, history.end).of("Now/Battery"))
    doing = {-1: "charging", 1: "discharging", 0: "idle or full"}[(watts > 0) - (watts < 0)]
    looking = view(history, "grid-and-battery", site, history.end)
    (panel,) = (each for each in panels(dashboards()["grid-and-battery"]) if each["title"] == "What each battery does")
    (names,) = (each["options"] for each in panel["fieldConfig"]["defaults"]["mappings"])
    answers = looking.of("Each battery/What each battery does")
    shown = [newest(series) for letter in "AB" for series in answers[letter]]
    assert {names[f"{value:g}"]["text"] for value in shown} == {doing}


@of_sites(site for site in EVERY if site.arrays)
def test_the_sides_of_a_roof_are_those_of_the_config(history: History, site: Site) -> None:
    told = view(history, "panels", site, history.end).of("Sides of the roof/Sides")
    found = [{series.labels["array"]: newest(series) for series in told[letter]} for letter in "ABCD"]
    placed, sides = site.settings.inverters, site.settings.arrays
    assert found == [
        Counter(each.array for each in placed),
        {side.name: sum(each.peak_power or 0 for each in placed if each.array == side.name) for side in sides},
        {side.name: side.azimuth for side in sides},
        {side.name: side.tilt for side in sides},
    ]
