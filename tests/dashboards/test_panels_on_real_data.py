"""Every panel, variable and mark of every dashboard, looked at as in Grafana, of each of eight sites and of all."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from math import inf
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from dashboards.bounds import Bounds, Plants, beyond, columns, drawn, named_values, unit
from dashboards.past import History
from dashboards.sites import OTHERS, SITES, Site
from support.dashboard_view import QueryResult, View, legend
from support.dashboards import dashboards

pytestmark = pytest.mark.integration

EVERY = (*SITES, *OTHERS)
ALL = ""
EXPECTED: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "panels_on_real_data.yml").read_text()
)

Look = Callable[..., list[QueryResult]]

every_dashboard = pytest.mark.parametrize("name", dashboards())
every_site = pytest.mark.parametrize("site", EVERY, ids=lambda site: site.instance)


@pytest.fixture(scope="module")
def look(history: History) -> Look:
    """What somebody sees who has chosen one site, or All; each asked for but once."""

    @cache
    def seen(name: str, instance: str = ALL) -> list[QueryResult]:
        return [*view(history, name, instance).panels()]

    return seen


def view(history: History, name: str, instance: str = ALL) -> View:
    """With the clock of the site; of all of them, with that of a family in Flanders."""
    if instance == ALL:
        return View(history.prometheus, name, history.end, ZoneInfo("Europe/Brussels"))
    (site,) = (each for each in EVERY if each.instance == instance)
    chosen = {"job": history.job, "instance": instance}
    whole = View(history.prometheus, name, history.end, site.zone, chosen)
    if name == "grid-and-battery":  # Grafana falls back on the first, if what is saved is not there
        meters = whole.options("meter")
        return whole.choosing(meter="net-consumption" if "net-consumption" in meters else next(iter(meters), ""))
    return whole


def first(parts: Mapping[str, Iterable[str]], place: str) -> str | None:
    """The heading of the first part with a pattern that fits."""
    return next((part for part, patterns in parts.items() for each in patterns if fnmatchcase(place, each)), None)


def has(site: Site, need: str) -> bool:
    """`a and not b or c`."""
    return any(
        all((word.removeprefix("not ") in site.has) != word.startswith("not ") for word in each.split(" and "))
        for each in need.split(" or ")
    )


def speaks(place: str, site: Site) -> bool:
    """Has the panel something to say of this site."""
    if first(EXPECTED["silent"], place):
        return False
    if sites := first(EXPECTED["firmware"], place):
        return site.instance in sites.split()
    need = first(EXPECTED["needs"], place)
    return need is None or has(site, need)


@every_site
@every_dashboard
def test_a_panel_speaks_of_the_plants_that_have_what_it_is_about_and_of_no_others(
    name: str, site: Site, look: Look
) -> None:
    seen = look(name, site.instance)
    speaking = {each.place for each in seen if each.values}
    assert speaking == {each.place for each in seen if speaks(each.place, site)}


@every_dashboard
def test_every_query_brings_something_of_some_plant(name: str, look: Look) -> None:
    """So that of a panel of ten queries none is misspelt."""
    speaking = {str(each) for site in EVERY for each in look(name, site.instance) if each.values}
    silent = {str(each) for each in look(name)} - speaking
    expected = {
        str(each)
        for each in look(name)
        if first(EXPECTED["silent"], each.place) or first(EXPECTED["silent_queries"], str(each))
    }
    assert silent == expected


@pytest.mark.parametrize("instance", [ALL, *(site.instance for site in EVERY)])
@every_dashboard
def test_every_value_is_a_number_that_can_be_true(name: str, instance: str, look: Look, history: History) -> None:
    wrong = {}
    for each in look(name, instance):
        plants = Plants(
            tuple(site for site in EVERY if instance in {ALL, site.instance}),
            history.end,
            (history.end - history.start) / 3600,
        )
        if found := beyond(each.values, limits(each, plants), drawn(each.panel)):
            wrong[str(each)] = (min(found), max(found))
    assert wrong == {}


def limits(seen: QueryResult, plants: Plants) -> Bounds:
    for pattern, own in EXPECTED["bounds"].items():
        if fnmatchcase(str(seen), pattern):
            low, high = own
            return low, high
    shown = unit(seen.panel, seen.letter)
    return (-inf, inf) if shown is None else plants.bounds(shown)


@every_dashboard
def test_every_band_has_a_name_for_what_it_shows(name: str, look: Look) -> None:
    unnamed = {
        str(each): found
        for each in look(name)
        if (names := named_values(each.panel)) and (found := {*each.values} - names)
    }
    assert unnamed == {}


@every_dashboard
def test_every_column_of_a_table_is_filled_from_what_comes_back(name: str, look: Look) -> None:
    tables: dict[str, set[str]] = {}
    for each in look(name):
        if columns(each.panel) and not first(EXPECTED["silent"], each.place):
            tables.setdefault(each.place, {*(columns(each.panel) or ())}).difference_update(there(each))
    missing = {place: fields for place, fields in tables.items() if fields}
    assert missing == {}


def there(seen: QueryResult) -> set[str]:
    """The fields of a table, as Grafana calls them; a value is there whether or not it is known of a plant."""
    value = "Value" if len(seen.panel["targets"]) == 1 else f"Value #{seen.letter}"
    return {value}.union(*(series.labels for series in seen.series))


@every_dashboard
def test_every_label_of_a_legend_comes_back(name: str, look: Look) -> None:
    missing = {
        str(each): lost
        for each in look(name)
        if each.series and (lost := {*words(each)} - set().union(*(series.labels for series in each.series)))
    }
    assert missing == {}


def words(seen: QueryResult) -> list[str]:
    return re.findall(r"{{(\w+)}}", seen.target.get("legendFormat", ""))


@every_site
@every_dashboard
def test_no_two_lines_of_a_panel_have_one_name(name: str, site: Site, look: Look) -> None:
    names = Counter(
        (each.place, legend(each.target, series))
        for each in look(name, site.instance)
        for series in each.series
        if each.panel["type"] in {"timeseries", "state-timeline", "stat"}
    )
    assert [shown for shown, count in names.items() if count > 1] == []


@every_dashboard
def test_nothing_is_marked_where_no_firmware_changed_and_no_alert_fired(name: str, history: History) -> None:
    assert [*view(history, name).marks()] == [("Firmware", []), ("Alerts", [])]


@every_dashboard
def test_one_can_choose_each_job_and_each_site(name: str, history: History) -> None:
    seen = view(history, name)
    assert seen.options("job") == [history.job]
    assert {*seen.choosing(job=history.job).options("instance")} == {site.instance for site in EVERY}
    assert seen.choosing(job="another").options("instance") == []


@every_site
def test_one_can_choose_each_side_of_a_roof(site: Site, history: History) -> None:
    assert {*view(history, "panels", site.instance).options("array")} == {*site.arrays}


def test_who_chooses_a_side_of_the_roof_sees_its_inverters_and_no_others(history: History) -> None:
    for site in SITES:
        for array in site.arrays:
            panels = view(history, "panels", site.instance).choosing(array=array)
            serials = {each.serial for each in site.settings.inverters if each.array == array}
            for title in ("Panel by panel/Each panel, the weakest first", "Through the day/Power of each panel"):
                assert {series.labels["serial"] for series in panels.of(title)["A"]} == serials


@every_site
def test_one_can_choose_each_meter(site: Site, history: History) -> None:
    options = view(history, "grid-and-battery", site.instance).options("meter")
    assert {*options} == {*site.profile.meters}


def test_every_pattern_of_what_is_expected_fits_something(look: Look) -> None:
    queries = {str(each) for name in dashboards() for each in look(name)}
    places = {each.place for name in dashboards() for each in look(name)}
    of_places = {
        each for part in ("needs", "firmware", "silent") for patterns in EXPECTED[part].values() for each in patterns
    }
    of_queries = {*EXPECTED["bounds"]}.union(*EXPECTED["silent_queries"].values())
    assert {each for each in of_places if not any(fnmatchcase(place, each) for place in places)} == set()
    assert {each for each in of_queries if not any(fnmatchcase(query, each) for query in queries)} == set()
