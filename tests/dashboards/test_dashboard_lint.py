"""The rules of grafana/dashboard-linter, and the program itself where it is installed.

Exceptions stand in grafana/dashboards/.lint, with their reasons; both read that file.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from support.dashboards import FOLDER, Json, Query, dashboards, panels, queries, selectors, variables

Found = Iterator[tuple[str, str]]
"""The panel that it is about, or "", and what is wrong."""

SHOWS_NUMBERS = {"stat", "gauge", "timeseries", "table", "bargauge", "barchart", "piechart"}


def template_datasource(name: str) -> Found:
    sources = [each for each in variables(name) if each["type"] == "datasource"]
    if [(each["name"], each["label"]) for each in sources] != [("datasource", "Data source")]:
        yield "", "one variable for the data source, by its usual name"


def template_job(name: str) -> Found:
    yield from template(name, "job")


def template_instance(name: str) -> Found:
    yield from template(name, "instance")


def template(name: str, label: str) -> Found:
    found = [each for each in variables(name) if each["name"] == label]
    for variable in found:
        for key, value in (("type", "query"), ("label", label.capitalize()), ("multi", True), ("allValue", ".+")):
            if variable[key] != value:
                yield "", f"{label}: {key} is {variable[key]}"
        if variable["datasource"]["uid"] != "${datasource}":
            yield "", f"{label}: of another data source"
    if not found:
        yield "", f"no variable {label}"


def template_label_promql(name: str) -> Found:
    for variable in variables(name):
        if variable["type"] == "query" and not re.fullmatch(r"label_values\(\w+(\{.*\})?, \w+\)", variable["query"]):
            yield "", f"{variable['name']}: {variable['query']}"


def template_on_time_change_reload(name: str) -> Found:
    for variable in variables(name):
        if variable["type"] == "query" and variable["refresh"] != 2:
            yield "", f"{variable['name']} is not asked for anew"


def uneditable_dashboard(name: str) -> Found:
    if dashboards()[name]["editable"]:
        yield "", "what is provisioned cannot be saved"


def panel_datasource(name: str) -> Found:
    for panel in panels(dashboards()[name]):
        sources = [panel.get("datasource"), *(target.get("datasource") for target in panel.get("targets", ()))]
        if any(source != {"type": "prometheus", "uid": "${datasource}"} for source in sources) and asks(panel):
            yield panel["title"], f"{sources}"


def panel_title_description(name: str) -> Found:
    for panel in panels(dashboards()[name]):
        if not panel.get("title") or not panel.get("description"):
            yield panel.get("title", ""), "has no title or no description"


def panel_units(name: str) -> Found:
    for panel in panels(dashboards()[name]):
        if panel["type"] in SHOWS_NUMBERS and not panel["fieldConfig"]["defaults"].get("unit"):
            yield panel["title"], "has no unit"


def panel_no_targets(name: str) -> Found:
    for panel in panels(dashboards()[name]):
        if asks(panel) and not panel.get("targets"):
            yield panel["title"], "asks nothing"


def asks(panel: Json) -> bool:
    return panel["type"] not in {"text", "alertlist"}


def target_rate_interval(each: Query) -> Iterator[str]:
    for function, span in re.findall(r"\b(i?rate)\([^\[]*\[([^\]]*)\]", each.expression):
        if span != "$__rate_interval":
            yield f"{function} over {span}"


def target_job(each: Query) -> Iterator[str]:
    yield from target_matcher(each, "job")


def target_instance(each: Query) -> Iterator[str]:
    yield from target_matcher(each, "instance")


def target_matcher(each: Query, label: str) -> Iterator[str]:
    for selector in selectors(each.expression):
        if (label, "=~", f"${label}") not in selector.matchers:
            yield f"{selector.name} of every {label}"


def target_counter_agg(each: Query) -> Iterator[str]:
    for selector in selectors(each.expression):
        if re.search(r"_(total|sum|count|bucket)$", selector.name) and selector.within not in {
            "rate",
            "irate",
            "increase",
        }:
            yield f"{selector.name} is a counter, in {selector.within or 'no function'}"


OF_A_DASHBOARD: tuple[Callable[[str], Found], ...] = (
    template_datasource,
    template_job,
    template_instance,
    template_label_promql,
    template_on_time_change_reload,
    uneditable_dashboard,
    panel_datasource,
    panel_title_description,
    panel_units,
    panel_no_targets,
)
OF_A_TARGET: tuple[Callable[[Query], Iterator[str]], ...] = (
    target_rate_interval,
    target_job,
    target_instance,
    target_counter_agg,
)

every_dashboard = pytest.mark.parametrize("name", dashboards())


def exceptions() -> dict[str, list[dict[str, str]]]:
    """By the linter's name of the rule: which dashboard, which panel, why."""
    exclusions = yaml.safe_load((FOLDER / ".lint").read_text())["exclusions"]
    return {rule: each["entries"] for rule, each in exclusions.items()}


def found() -> Iterator[tuple[str, str, str, str]]:
    """Rule, title of the dashboard, panel, what is wrong."""
    for name, dashboard in dashboards().items():
        for rule in OF_A_DASHBOARD:
            yield from ((named(rule), dashboard["title"], panel, said) for panel, said in rule(name))
        for each in queries(name):
            for check in OF_A_TARGET:
                yield from ((named(check), dashboard["title"], each.panel, said) for said in check(each))


def named(rule: Callable[..., object]) -> str:
    """As the linter names it, which forgot the ending once."""
    name = rule.__name__.replace("_", "-")
    return name if name == "uneditable-dashboard" else f"{name}-rule"


def test_what_the_rules_find_is_an_exception_with_a_reason() -> None:
    excepted = {
        (rule, entry["dashboard"], entry["panel"]) for rule, entries in exceptions().items() for entry in entries
    }
    left = [each for each in found() if each[:3] not in excepted]
    assert left == []


def test_every_exception_is_needed_and_has_its_reason() -> None:
    needed = {each[:3] for each in found()}
    for rule, entries in exceptions().items():
        for entry in entries:
            assert (rule, entry["dashboard"], entry["panel"]) in needed, entry
            assert len(entry["reason"].split()) > 3, entry


@every_dashboard
def test_the_linter_itself_finds_nothing_else(name: str) -> None:
    command = [linter(), "lint", "--strict", "--config", str(FOLDER / ".lint"), str(FOLDER / f"{name}.json")]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def linter() -> str:
    """On the path, or where `go install` puts it."""
    folders = [
        os.environ.get("GOBIN", ""),
        *(f"{each}/bin" for each in os.environ.get("GOPATH", "").split(":") if each),
    ]
    path = os.pathsep.join([os.environ.get("PATH", ""), *filter(None, folders), str(Path.home() / "go" / "bin")])
    program = shutil.which("dashboard-linter", path=path)
    if program is None:
        pytest.skip("dashboard-linter is missing: go install github.com/grafana/dashboard-linter@latest")
    return program
