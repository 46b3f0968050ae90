"""The fields of panels after Grafana's transformations: columns, units and colours."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.dashboards import Json, dashboards, panels

from results import Result
from tables import table

UTC = ZoneInfo("UTC")
FLOWS = {"Production", "Consumption", "Grid import", "Grid export", "Battery charging", "Battery discharging"}
SHARES = {"Solar to home", "Solar to battery", "Solar to grid", "Battery to home", "Grid to home"}
"""The parts of flows that a dashboard shows."""

every_dashboard = pytest.mark.parametrize("name", dashboards())


def merged_tables() -> list[Any]:
    """The panels that merge the frames of several queries into one."""
    return [
        pytest.param(panel, id=f"{name}/{panel['title']}")
        for name in dashboards()
        for panel in panels(dashboards()[name])
        if "merge" in transformation_ids(panel)
    ]


def transformation_ids(panel: Json) -> list[str]:
    return [transformation["id"] for transformation in panel.get("transformations", ())]


def options(panel: Json, transformation_id: str) -> Iterator[Json]:
    for transformation in panel.get("transformations", ()):
        if transformation["id"] == transformation_id:
            yield transformation["options"]


@pytest.mark.parametrize("panel", merged_tables())
def test_merged_table_drops_time_after_the_merge(panel: Json) -> None:
    """Every frame has `Time`, also the one of a query without results; `merge` needs a field that all frames have."""
    merge = transformation_ids(panel).index("merge")
    before, after = panel["transformations"][:merge], panel["transformations"][merge + 1 :]
    for transformation in before:
        assert transformation["id"] == "filterFieldsByName"
        assert "Time" in transformation["options"]["include"]["names"]
    assert [step["options"]["excludeByName"] for step in after if step["id"] == "organize"] == [{"Time": True}]


@pytest.mark.parametrize("panel", merged_tables())
def test_merged_table_with_an_empty_query_keeps_all_columns(panel: Json) -> None:
    """Without `Time`, Grafana 11.6, 12.0 and 13.2 kept only the columns of the first frame."""
    references = [target["refId"] for target in panel["targets"]]
    (organize,) = options(panel, "organize")
    labels = [column for column in organize["indexByName"] if not column.startswith("Value")]
    for empty in (None, *references):
        results = [
            Result("", reference, {label: f"a {label}" for label in labels}, (60.0,), (float(number),))
            for number, reference in enumerate(references)
            if reference != empty
        ]
        frame = table(results, panel, UTC)
        assert set(frame.columns) == set(organize["renameByName"].values()), empty
        assert len(frame.rows) == 1, empty


@every_dashboard
def test_numeric_text_has_no_unit(name: str) -> None:
    """Grafana parses it: the year 2025 in kWh is 2.03 MWh (grafana#70218), and a serial number in W is gigawatts."""
    for panel in panels(dashboards()[name]):
        for column in text_columns(panel):
            assert unit_of(panel, column) == "string", f"{panel['title']}: {column}"


def text_columns(panel: Json) -> Iterator[str]:
    """The labels of a table, and formatted times that are a number, by their displayed names."""
    names: dict[str, str] = {}
    for organize in options(panel, "organize"):
        names |= organize["renameByName"]
    yield from (shown for column, shown in names.items() if column != "Time" and not column.startswith("Value"))
    for formatted in options(panel, "formatTime"):
        if is_number(formatted["outputFormat"]):
            yield names.get(str(formatted["timeField"]), str(formatted["timeField"]))


def is_number(layout: str) -> bool:
    """Whether a date in this format of Moment.js is a number."""
    for token, format_code in (("YYYY", "%Y"), ("MMM", "%b"), ("MM", "%m"), ("ddd", "%a"), ("DD", "%d"), ("D", "%d")):
        layout = layout.replace(token, format_code)
    try:
        float(datetime(2025, 6, 14, tzinfo=UTC).strftime(layout))
    except ValueError:
        return False
    return True


def unit_of(panel: Json, column: str) -> str | None:
    """The unit of a text field: the panel's, or that of the last override that matches."""
    unit: str | None = panel["fieldConfig"]["defaults"].get("unit")
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"] in ({"id": "byName", "options": column}, {"id": "byType", "options": "string"}):
            unit = next((option["value"] for option in override["properties"] if option["id"] == "unit"), unit)
    return unit


@every_dashboard
def test_series_colours_are_by_position_not_by_name(name: str) -> None:
    """`palette-classic-by-name` hashes the name: in Grafana 13 `east` and `west` have one colour."""
    for panel in panels(dashboards()[name]):
        assert "palette-classic-by-name" not in colour_modes(panel), panel["title"]


def colour_modes(panel: Json) -> set[str]:
    config = panel["fieldConfig"]
    colours = [config["defaults"].get("color", {})]
    colours += [
        option["value"]
        for override in config["overrides"]
        for option in override["properties"]
        if option["id"] == "color"
    ]
    return {colour.get("mode", "") for colour in colours}


def test_flows_have_different_colours_on_all_dashboards() -> None:
    colours = defaultdict(set)
    for name in dashboards():
        for panel in panels(dashboards()[name]):
            for flow, colour in fixed_colours(panel):
                colours[flow].add(colour)
    for flows in (FLOWS, SHARES):
        assert len({frozenset(colours[flow]) for flow in flows}) == len(flows)
        assert {flow: len(colours[flow]) for flow in flows} == dict.fromkeys(flows, 1)


def fixed_colours(panel: Json) -> Iterator[tuple[str, str]]:
    """The names of the panel's queries with their fixed colours."""
    names = {target["refId"]: target.get("legendFormat", "") for target in panel["targets"]}
    for override in panel["fieldConfig"]["overrides"]:
        for option in override["properties"]:
            if option["id"] == "color" and override["matcher"]["id"] == "byFrameRefID":
                yield names[override["matcher"]["options"]], option["value"]["fixedColor"]
