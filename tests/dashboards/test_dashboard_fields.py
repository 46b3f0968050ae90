"""The fields of panels, as Grafana's transformations, units and colours make them."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.dashboards import Json, dashboards, panels

from answers import Answer
from tables import table

UTC = ZoneInfo("UTC")


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
    assert [each["options"]["excludeByName"] for each in after if each["id"] == "organize"] == [{"Time": True}]


@pytest.mark.parametrize("panel", merged_tables())
def test_merged_table_with_an_empty_query_keeps_all_columns(panel: Json) -> None:
    """What Grafana 11.6, 12.0 and 13.2 did without `Time`: only the first frame's columns were left."""
    references = [target["refId"] for target in panel["targets"]]
    (organize,) = options(panel, "organize")
    labels = [column for column in organize["indexByName"] if not column.startswith("Value")]
    for empty in (None, *references):
        answers = [
            Answer("", reference, {label: f"a {label}" for label in labels}, (60.0,), (float(number),))
            for number, reference in enumerate(references)
            if reference != empty
        ]
        frame = table(answers, panel, UTC)
        assert set(frame.columns) == set(organize["renameByName"].values()), empty
        assert len(frame.rows) == 1, empty
