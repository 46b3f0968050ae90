"""The dashboard files: built from their source, valid for Grafana, with positions, units and descriptions."""

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.dashboards import FOLDER, PROJECT, Json, dashboards, panels, variables

pytestmark = pytest.mark.integration

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK recommends a schema behind a feature flag
    from grafana_foundation_sdk.cog import plugins
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import units
    from grafana_foundation_sdk.models.dashboard import Dashboard

UNITS = {value for name, value in vars(units).items() if name[0].isupper() and isinstance(value, str)}
TRANSFORMATIONS = {
    *(
        "merge",
        "organize",
        "filterFieldsByName",
        "filterByValue",
        "joinByField",
        "groupBy",
        "sortBy",
        "limit",
        "reduce",
    ),
    *("groupingToMatrix", "convertFieldType", "calculateField", "renameByRegex", "labelsToFields", "seriesToRows"),
    "formatTime",
}
GREY = "#9FA7B3"
PHONE_COLUMNS, COLUMNS = 3, 24
"""A number needs so many columns on a small screen."""

every_dashboard = pytest.mark.parametrize("name", dashboards())


def test_dashboards_exist() -> None:
    assert "home" in dashboards()


def test_build_writes_the_committed_files(tmp_path: Path) -> None:
    command = [sys.executable, str(PROJECT / "grafana" / "build.py"), str(tmp_path)]
    subprocess.run(command, check=True, timeout=60, cwd=tmp_path)
    built = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert built == {path.name: path.read_text() for path in FOLDER.glob("*.json")}, "make dashboards"


@every_dashboard
def test_dashboard_keys_are_known_to_the_sdk(name: str) -> None:
    """The SDK drops unknown keys: a misspelt option, or one that Grafana has removed."""
    assert list(lost(dashboards()[name], again(dashboards()[name]))) == []


@every_dashboard
def test_override_options_are_known_to_the_sdk(name: str) -> None:
    """An override names an option of the whole panel, as `custom.fillOpacity`, which the SDK does not check there."""
    for panel in panels(dashboards()[name]):
        for override in panel["fieldConfig"]["overrides"]:
            for option in override["properties"]:
                config = {option["id"].removeprefix("custom."): option["value"]}
                defaults = {"custom": config} if option["id"].startswith("custom.") else config
                whole = {"panels": [{"type": panel["type"], "fieldConfig": {"defaults": defaults, "overrides": []}}]}
                assert list(lost(whole, again(whole))) == [], panel["title"]


@every_dashboard
def test_transformations_are_known_to_grafana(name: str) -> None:
    for panel in panels(dashboards()[name]):
        assert {transformation["id"] for transformation in panel.get("transformations", ())} <= TRANSFORMATIONS, panel[
            "title"
        ]


def again(dashboard: Json) -> Any:
    """The dashboard after reading and writing by the SDK."""
    plugins.register_default_plugins()
    return json.loads(json.dumps(Dashboard.from_json(dashboard), cls=JSONEncoder))


def lost(before: Any, after: Any, path: str = "") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from lost(value, after[key], f"{path}.{key}") if key in after else [f"{path}.{key}"]
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from lost(one, other, f"{path}[{index}]")
    elif before != after:
        yield f"{path}: {before!r} became {after!r}"


@every_dashboard
def test_units_are_known_to_grafana(name: str) -> None:
    used = {unit: panel["title"] for panel in panels(dashboards()[name]) for unit in units_of(panel)}
    assert {unit: title for unit, title in used.items() if unit not in UNITS} == {}


@every_dashboard
def test_energy_is_not_in_joules(name: str) -> None:
    for panel in panels(dashboards()[name]):
        assert not units_of(panel) & {units.Joule, units.WattHour}, panel["title"]
        for target in panel.get("targets", ()):
            if "_joules" in target["expr"]:
                converted = (
                    "3.6e6" in target["expr"] or "rate(" in target["expr"] or units.PercentUnit in units_of(panel)
                )
                assert converted, f"{panel['title']}: {target['expr']}"


def units_of(panel: Json) -> set[str]:
    """The units of a panel, and of columns and series with their own."""
    config = panel["fieldConfig"]
    own = (
        option["value"]
        for override in config["overrides"]
        for option in override["properties"]
        if option["id"] == "unit"
    )
    return {config["defaults"]["unit"], *own} if "unit" in config["defaults"] else set(own)


@every_dashboard
def test_panels_are_within_the_columns_and_do_not_overlap(name: str) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in dashboards()[name]["panels"]]
    for title, place in places:
        assert place["x"] >= 0, title
        assert place["x"] + place["w"] <= COLUMNS, title
        assert place["w"] >= PHONE_COLUMNS, title
    for (one, a), (other, b) in combinations(places, 2):
        apart = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert apart or above, f"{one} and {other}"


@every_dashboard
def test_folded_rows_have_the_positions_of_open_rows(name: str) -> None:
    """When a row is opened, Grafana moves the panels below it, but none within it."""
    for row in dashboards()[name]["panels"]:
        inside = [panel["gridPos"] for panel in row.get("panels", ())]
        assert bool(inside) == row.get("collapsed", False), row["title"]
        assert all(place["y"] > row["gridPos"]["y"] and place["x"] + place["w"] <= COLUMNS for place in inside)
        assert all((a["y"], a["x"]) < (b["y"], b["x"]) for a, b in pairwise(inside)), row["title"]
        for a, b in combinations(inside, 2):
            beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
            assert beside or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"], row["title"]
    rows = dashboards()[name]["panels"]
    numbers = [panel["id"] for row in rows for panel in (row, *row.get("panels", ()))]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


@every_dashboard
def test_panels_are_in_reading_order(name: str) -> None:
    places = [panel["gridPos"] for panel in dashboards()[name]["panels"]]
    assert all((a["y"], a["x"]) < (b["y"], b["x"]) for a, b in pairwise(places))


def test_first_screen_of_home_has_production_and_alerts() -> None:
    first = {
        panel["title"] for panel in panels(dashboards()["home"]) if panel["gridPos"]["y"] + panel["gridPos"]["h"] <= 20
    }
    assert {"Production", "Active alerts"} <= first


@every_dashboard
def test_panel_has_id_description_and_text_for_no_data(name: str) -> None:
    every = dashboards()[name]["panels"]
    assert [panel["id"] for panel in every] == list(range(1, len(every) + 1))
    titles = [panel["title"] for panel in every if panel["type"] == "row"]
    assert len(titles) == len(set(titles))
    for panel in panels(dashboards()[name]):
        assert panel["description"].endswith("."), panel["title"]
        if panel["type"] != "text":
            assert panel["fieldConfig"]["defaults"]["noValue"], f"{panel['title']}: no text for no data"


@every_dashboard
def test_unknown_value_is_grey_or_transparent(name: str) -> None:
    """Grafana gives it the colour below all steps."""
    for panel in panels(dashboards()[name]):
        steps = panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", ())
        assert [step["color"] for step in steps if step["value"] is None] in ([], [GREY], ["transparent"]), panel[
            "title"
        ]


@every_dashboard
def test_dashboard_has_uid_tags_links_and_variables(name: str) -> None:
    dashboard = dashboards()[name]
    assert dashboard["uid"] == f"enphase-{name}"
    assert dashboard["tags"] == ["enphase"]
    assert "__inputs" not in dashboard
    assert [link["tags"] for link in dashboard["links"]] == [["enphase"]]
    assert dashboard["timezone"] == "browser"
    assert {"Firmware", "Alerts"} <= {annotation["name"] for annotation in dashboard["annotations"]["list"]}
    assert [variable["name"] for variable in variables(name)][:3] == ["datasource", "job", "instance"]


def test_provisioning_has_the_data_source_and_the_dashboards() -> None:
    folder = PROJECT / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    (provider,) = yaml.safe_load((folder / "dashboards" / "enphase.yml").read_text())["providers"]
    assert (provider["type"], Path(provider["options"]["path"]).name) == ("file", FOLDER.name)
