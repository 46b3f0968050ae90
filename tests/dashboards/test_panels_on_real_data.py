"""Every panel, variable and annotation of every dashboard, queried like Grafana, for each of eight sites and all."""

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
from dashboards.bounds import Bounds, Systems, beyond, columns, drawn, named_values, unit
from dashboards.site_history import History
from dashboards.sites import OTHERS, SITES, Site
from support.dashboard_view import QueryResult, View, legend
from support.dashboards import dashboards

pytestmark = pytest.mark.integration

EVERY = (*SITES, *OTHERS)
ALL = ""
EXPECTED: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "panels_on_real_data.yml").read_text()
)

ResultsOf = Callable[..., list[QueryResult]]

every_dashboard = pytest.mark.parametrize("name", dashboards())
every_site = pytest.mark.parametrize("site", EVERY, ids=lambda site: site.instance)


@pytest.fixture(scope="module")
def results_of(history: History) -> ResultsOf:
    """Returns the panels of a dashboard for one site, or for all; each is queried once."""

    @cache
    def query_panels(name: str, instance: str = ALL) -> list[QueryResult]:
        return [*view(history, name, instance).panels()]

    return query_panels


def view(history: History, name: str, instance: str = ALL) -> View:
    """In the time zone of the site; for all sites, of Brussels."""
    if instance == ALL:
        return View(history.prometheus, name, history.end, ZoneInfo("Europe/Brussels"))
    (site,) = (site for site in EVERY if site.instance == instance)
    selected = {"job": history.job, "instance": instance}
    whole = View(history.prometheus, name, history.end, site.zone, selected)
    if name == "grid-and-battery":  # Grafana selects the first value if the saved one does not exist
        meters = whole.options("meter")
        return whole.choosing(meter="net-consumption" if "net-consumption" in meters else next(iter(meters), ""))
    return whole


def first(parts: Mapping[str, Iterable[str]], place: str) -> str | None:
    """The heading of the first part with a pattern that matches."""
    return next((part for part, patterns in parts.items() for pattern in patterns if fnmatchcase(place, pattern)), None)


def has(site: Site, need: str) -> bool:
    """Whether the site has the equipment of an expression such as `a and not b or c`."""
    return any(
        all((word.removeprefix("not ") in site.has) != word.startswith("not ") for word in alternative.split(" and "))
        for alternative in need.split(" or ")
    )


def has_data(place: str, site: Site) -> bool:
    """Whether the panel is expected to have data of this site."""
    if first(EXPECTED["silent"], place):
        return False
    if sites := first(EXPECTED["firmware"], place):
        return site.instance in sites.split()
    need = first(EXPECTED["needs"], place)
    return need is None or has(site, need)


@every_site
@every_dashboard
def test_panel_has_data_only_of_sites_with_its_equipment(name: str, site: Site, results_of: ResultsOf) -> None:
    results = results_of(name, site.instance)
    with_data = {result.place for result in results if result.values}
    assert with_data == {result.place for result in results if has_data(result.place, site)}


@every_dashboard
def test_query_has_data_of_some_site(name: str, results_of: ResultsOf) -> None:
    """Finds a misspelt query among ten of a panel."""
    with_data = {str(result) for site in EVERY for result in results_of(name, site.instance) if result.values}
    silent = {str(result) for result in results_of(name)} - with_data
    expected = {
        str(result)
        for result in results_of(name)
        if first(EXPECTED["silent"], result.place) or first(EXPECTED["silent_queries"], str(result))
    }
    assert silent == expected


@pytest.mark.parametrize("instance", [ALL, *(site.instance for site in EVERY)])
@every_dashboard
def test_value_is_within_the_bounds_of_its_unit(
    name: str, instance: str, results_of: ResultsOf, history: History
) -> None:
    wrong = {}
    for result in results_of(name, instance):
        systems = Systems(
            tuple(site for site in EVERY if instance in {ALL, site.instance}),
            history.end,
            (history.end - history.start) / 3600,
        )
        if found := beyond(result.values, limits(result, systems), drawn(result.panel)):
            wrong[str(result)] = (min(found), max(found))
    assert wrong == {}


def limits(result: QueryResult, systems: Systems) -> Bounds:
    for pattern, own in EXPECTED["bounds"].items():
        if fnmatchcase(str(result), pattern):
            low, high = own
            return low, high
    shown = unit(result.panel, result.letter)
    return (-inf, inf) if shown is None else systems.bounds(shown)


@every_dashboard
def test_state_timeline_value_has_a_name(name: str, results_of: ResultsOf) -> None:
    unnamed = {
        str(result): found
        for result in results_of(name)
        if (names := named_values(result.panel)) and (found := {*result.values} - names)
    }
    assert unnamed == {}


@every_dashboard
def test_table_column_has_data(name: str, results_of: ResultsOf) -> None:
    tables: dict[str, set[str]] = {}
    for result in results_of(name):
        if columns(result.panel) and not first(EXPECTED["silent"], result.place):
            tables.setdefault(result.place, {*(columns(result.panel) or ())}).difference_update(fields(result))
    missing = {place: columns_left for place, columns_left in tables.items() if columns_left}
    assert missing == {}


def fields(result: QueryResult) -> set[str]:
    """The fields of a table by Grafana's names; the value field always exists."""
    value = "Value" if len(result.panel["targets"]) == 1 else f"Value #{result.letter}"
    return {value}.union(*(series.labels for series in result.series))


@every_dashboard
def test_legend_labels_exist_in_the_results(name: str, results_of: ResultsOf) -> None:
    missing = {
        str(result): lost
        for result in results_of(name)
        if result.series
        and (lost := {*legend_labels(result)} - set().union(*(series.labels for series in result.series)))
    }
    assert missing == {}


def legend_labels(result: QueryResult) -> list[str]:
    return re.findall(r"{{(\w+)}}", result.target.get("legendFormat", ""))


@every_site
@every_dashboard
def test_panel_lines_have_different_names(name: str, site: Site, results_of: ResultsOf) -> None:
    names = Counter(
        (result.place, legend(result.target, series))
        for result in results_of(name, site.instance)
        for series in result.series
        if result.panel["type"] in {"timeseries", "state-timeline", "stat"}
    )
    assert [shown for shown, count in names.items() if count > 1] == []


@every_dashboard
def test_annotations_without_changes_and_alerts_are_empty(name: str, history: History) -> None:
    assert [*view(history, name).marks()] == [("Firmware", []), ("Alerts", [])]


@every_dashboard
def test_variables_list_each_job_and_site(name: str, history: History) -> None:
    everything = view(history, name)
    assert everything.options("job") == [history.job]
    assert {*everything.choosing(job=history.job).options("instance")} == {site.instance for site in EVERY}
    assert everything.choosing(job="another").options("instance") == []


@every_site
def test_variable_array_lists_each_array(site: Site, history: History) -> None:
    assert {*view(history, "panels", site.instance).options("array")} == {*site.arrays}


def test_panels_with_a_selected_array_show_only_its_inverters(history: History) -> None:
    for site in SITES:
        for array in site.arrays:
            panels = view(history, "panels", site.instance).choosing(array=array)
            serials = {inverter.serial for inverter in site.settings.inverters if inverter.array == array}
            for title in ("Panels/Panels, the lowest first", "Over the day/Power by panel"):
                assert {series.labels["serial"] for series in panels.of(title)["A"]} == serials


@every_site
def test_variable_meter_lists_each_meter(site: Site, history: History) -> None:
    options = view(history, "grid-and-battery", site.instance).options("meter")
    assert {*options} == {*site.profile.meters}


def test_expected_patterns_match_existing_panels(results_of: ResultsOf) -> None:
    queries = {str(result) for name in dashboards() for result in results_of(name)}
    places = {result.place for name in dashboards() for result in results_of(name)}
    of_places = {
        result
        for part in ("needs", "firmware", "silent")
        for patterns in EXPECTED[part].values()
        for result in patterns
    }
    of_queries = {*EXPECTED["bounds"]}.union(*EXPECTED["silent_queries"].values())
    assert {result for result in of_places if not any(fnmatchcase(place, result) for place in places)} == set()
    assert {result for result in of_queries if not any(fnmatchcase(query, result) for query in queries)} == set()
