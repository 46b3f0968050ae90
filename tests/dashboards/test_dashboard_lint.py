"""The rules of grafana/dashboard-linter, and the program itself if it is installed.

Exceptions are in grafana/dashboards/.lint, with their reasons; the linter reads that file too.
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

Findings = Iterator[tuple[str, str]]
"""The panel, or "" for the dashboard, and the error."""

SHOWS_NUMBERS = {"stat", "gauge", "timeseries", "table", "bargauge", "barchart", "piechart"}


def template_datasource(name: str) -> Findings:
    sources = [variable for variable in variables(name) if variable["type"] == "datasource"]
    if [(source["name"], source["label"]) for source in sources] != [("datasource", "Data source")]:
        yield "", "one variable for the data source, by its usual name"


def template_job(name: str) -> Findings:
    yield from template(name, "job")


def template_instance(name: str) -> Findings:
    yield from template(name, "instance")


def template(name: str, label: str) -> Findings:
    found = [variable for variable in variables(name) if variable["name"] == label]
    for variable in found:
        for key, value in (("type", "query"), ("label", label.capitalize()), ("multi", True), ("allValue", ".+")):
            if variable[key] != value:
                yield "", f"{label}: {key} is {variable[key]}"
        if variable["datasource"]["uid"] != "${datasource}":
            yield "", f"{label}: of another data source"
    if not found:
        yield "", f"no variable {label}"


def template_label_promql(name: str) -> Findings:
    for variable in variables(name):
        if variable["type"] == "query" and not re.fullmatch(r"label_values\(\w+(\{.*\})?, \w+\)", variable["query"]):
            yield "", f"{variable['name']}: {variable['query']}"


def template_on_time_change_reload(name: str) -> Findings:
    for variable in variables(name):
        if variable["type"] == "query" and variable["refresh"] != 2:
            yield "", f"{variable['name']} is not refreshed when the time range changes"


def uneditable_dashboard(name: str) -> Findings:
    if dashboards()[name]["editable"]:
        yield "", "is editable, but a provisioned dashboard cannot be saved"


def panel_datasource(name: str) -> Findings:
    for panel in panels(dashboards()[name]):
        sources = [panel.get("datasource"), *(target.get("datasource") for target in panel.get("targets", ()))]
        if any(source != {"type": "prometheus", "uid": "${datasource}"} for source in sources) and has_queries(panel):
            yield panel["title"], f"{sources}"


def panel_title_description(name: str) -> Findings:
    for panel in panels(dashboards()[name]):
        if not panel.get("title") or not panel.get("description"):
            yield panel.get("title", ""), "has no title or no description"


def panel_units(name: str) -> Findings:
    for panel in panels(dashboards()[name]):
        if panel["type"] in SHOWS_NUMBERS and not panel["fieldConfig"]["defaults"].get("unit"):
            yield panel["title"], "has no unit"


def panel_no_targets(name: str) -> Findings:
    for panel in panels(dashboards()[name]):
        if has_queries(panel) and not panel.get("targets"):
            yield panel["title"], "has no query"


def has_queries(panel: Json) -> bool:
    return panel["type"] not in {"text", "alertlist"}


def target_rate_interval(query: Query) -> Iterator[str]:
    for function, span in re.findall(r"\b(i?rate)\([^\[]*\[([^\]]*)\]", query.expression):
        if span != "$__rate_interval":
            yield f"{function} over {span}"


def target_job(query: Query) -> Iterator[str]:
    yield from target_matcher(query, "job")


def target_instance(query: Query) -> Iterator[str]:
    yield from target_matcher(query, "instance")


def target_matcher(query: Query, label: str) -> Iterator[str]:
    for selector in selectors(query.expression):
        if (label, "=~", f"${label}") not in selector.matchers:
            yield f"{selector.name} of every {label}"


def target_counter_agg(query: Query) -> Iterator[str]:
    for selector in selectors(query.expression):
        if re.search(r"_(total|sum|count|bucket)$", selector.name) and selector.within not in {
            "rate",
            "irate",
            "increase",
        }:
            yield f"{selector.name} is a counter, in {selector.within or 'no function'}"


OF_A_DASHBOARD: tuple[Callable[[str], Findings], ...] = (
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
    """Dashboard, panel and reason, by the linter's name of the rule."""
    exclusions = yaml.safe_load((FOLDER / ".lint").read_text())["exclusions"]
    return {rule: exclusion["entries"] for rule, exclusion in exclusions.items()}


def findings() -> Iterator[tuple[str, str, str, str]]:
    """Yield rule, title of the dashboard, panel and error."""
    for name, dashboard in dashboards().items():
        for rule in OF_A_DASHBOARD:
            yield from ((named(rule), dashboard["title"], panel, error) for panel, error in rule(name))
        for query in queries(name):
            for check in OF_A_TARGET:
                yield from ((named(check), dashboard["title"], query.panel, error) for error in check(query))


def named(rule: Callable[..., object]) -> str:
    """The linter's name of the rule; one of them lacks the ending `-rule`."""
    name = rule.__name__.replace("_", "-")
    return name if name == "uneditable-dashboard" else f"{name}-rule"


def test_lint_findings_are_exceptions_with_reasons() -> None:
    excepted = {
        (rule, entry["dashboard"], entry["panel"]) for rule, entries in exceptions().items() for entry in entries
    }
    left = [finding for finding in findings() if finding[:3] not in excepted]
    assert left == []


def test_lint_exceptions_are_needed_and_have_reasons() -> None:
    needed = {finding[:3] for finding in findings()}
    for rule, entries in exceptions().items():
        for entry in entries:
            assert (rule, entry["dashboard"], entry["panel"]) in needed, entry
            assert len(entry["reason"].split()) > 3, entry


@every_dashboard
def test_dashboard_passes_dashboard_linter(name: str) -> None:
    command = [linter(), "lint", "--strict", "--config", str(FOLDER / ".lint"), str(FOLDER / f"{name}.json")]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def linter() -> str:
    """The path of dashboard-linter: in PATH, or in the folder of `go install`."""
    folders = [
        os.environ.get("GOBIN", ""),
        *(f"{folder}/bin" for folder in os.environ.get("GOPATH", "").split(":") if folder),
    ]
    path = os.pathsep.join([os.environ.get("PATH", ""), *filter(None, folders), str(Path.home() / "go" / "bin")])
    program = shutil.which("dashboard-linter", path=path)
    if program is None:
        pytest.skip("dashboard-linter is missing: go install github.com/grafana/dashboard-linter@latest")
    return program
