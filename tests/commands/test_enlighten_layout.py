"""Rows and columns from the layout drawing of Enlighten, for modules of any size and order."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envoy_exporter import config
from envoy_exporter.app import COLLECTORS
from envoy_exporter.commands import enlighten
from envoy_exporter.commands.layout import combined
from envoy_exporter.config import Array, Inverter
from envoy_exporter.config.model import Azimuth, InverterSerial, LabelText, PeakWatts, Position, Tilt
from envoy_exporter.documents import Json

pytestmark = pytest.mark.integration

Cell = tuple[int, int]
"""Row and column, from 1."""


def module(serial: object, x: object = 0, y: object = 0) -> dict[str, Json]:
    inverter = {"inverter_id": 1, "serial_num": serial}
    return {"module_id": 1, "rotation": 0, "x": x, "y": y, "inverter": inverter}  # type: ignore[dict-item]


def array(*modules: Json, label: Json = "South", **more: Json) -> dict[str, Json]:
    return {"array_id": 1, "label": label, "x": 0, "y": 0, "azimuth": 180, "tilt": 25, "modules": [*modules], **more}


def drawing(*arrays: Json) -> dict[str, Json]:
    return {"system_id": 1, "rotation": 0, "dimensions": {"x_min": 0}, "arrays": [*arrays], "haiku": "leaves fall"}


def positions(layout: enlighten.EnlightenLayout) -> dict[str, tuple[str | None, ...]]:
    return {serial: (entry.array, entry.row, entry.column) for serial, entry in layout.inverters.items()}


def test_enlighten_drawing_has_arrays_rows_and_columns() -> None:
    south = array(
        module("122000000001", 0, 0),
        module("122000000002", 100, 0),
        module("122000000003", 0, 170),
        module(122000000004, 100, 170),
    )
    west = array(module("122000000005", 990, 400), label="West", azimuth=258, tilt=22.5)
    layout = enlighten.read(drawing(south, west))
    assert positions(layout) == {
        "122000000001": ("South", "1", "1"),
        "122000000002": ("South", "1", "2"),
        "122000000003": ("South", "2", "1"),
        "122000000004": ("South", "2", "2"),
        "122000000005": ("West", "1", "1"),
    }
    assert layout.arrays == {
        "South": Array(azimuth=Azimuth(180), tilt=Tilt(25)),
        "West": Array(azimuth=Azimuth(258), tilt=Tilt(22.5)),
    }
    assert layout.warnings == []


@st.composite
def grids(draw: st.DrawFn) -> dict[Cell, tuple[float, float]]:
    """A complete grid of modules, each at most an eighth of its shorter side away from its exact place."""
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    across = draw(st.floats(1, 1000))
    down = across * draw(st.floats(0.4, 2.5))
    beside = [pitch for pitch, count in ((across, columns), (down, rows)) if count > 1]
    jitter = st.floats(-1, 1).map(lambda share: share * min(beside, default=1.0) / 8)
    left, top = draw(st.floats(-1e4, 1e4)), draw(st.floats(-1e4, 1e4))
    return {
        (row, column): (left + column * across + draw(jitter), top + row * down + draw(jitter))
        for row in range(1, rows + 1)
        for column in range(1, columns + 1)
    }


@settings(max_examples=300, deadline=None)
@given(grids(), st.randoms())
def test_positions_grid_with_jitter_is_recovered(grid: dict[Cell, tuple[float, float]], random: object) -> None:
    cells = list(grid)
    random.shuffle(cells)  # type: ignore[attr-defined]
    found = enlighten.positions([grid[cell] for cell in cells])
    assert {cell: found[grid[cell]] for cell in cells} == {cell: cell for cell in cells}


@given(grids().filter(lambda grid: len(grid) > 4), st.data())
@settings(max_examples=200, deadline=None)
def test_positions_grid_with_holes_never_share_a_cell(
    grid: dict[Cell, tuple[float, float]], data: st.DataObject
) -> None:
    """A hole may shift the number of a row or a column, but never merges two modules."""
    remaining = data.draw(st.lists(st.sampled_from(list(grid)), min_size=len(grid) // 2, unique=True))
    found = enlighten.positions([grid[cell] for cell in remaining])
    assert len(set(found.values())) == len(remaining)


def test_positions_gap_for_a_chimney_keeps_rows_and_columns() -> None:
    cells = [(row, column) for row in (1, 2, 3) for column in (1, 2, 3, 4) if (row, column) not in {(2, 2), (2, 3)}]
    found = enlighten.positions([(column * 100.0, row * 170.0) for row, column in cells])
    assert found == {(column * 100.0, row * 170.0): (row, column) for row, column in cells}


def test_positions_overlapping_modules_do_not_split_rows() -> None:
    points = [(100.0 * column, 170.0 * row + column) for row in range(3) for column in range(4)]
    found = enlighten.positions([*points, (0.5, 0.5)])
    assert [found[point] for point in points] == [(row, column) for row in (1, 2, 3) for column in (1, 2, 3, 4)]


def test_positions_rows_shifted_by_half_a_module_share_columns() -> None:
    points = [(x + shift, y) for y, shift in ((0.0, 0.0), (170.0, 50.0)) for x in (0.0, 100.0, 200.0)]
    found = enlighten.positions(points)
    assert [found[point] for point in points] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]


@pytest.mark.parametrize(
    ("invalid", "warning"),
    [
        ({"x": 1, "y": 1}, r"South, module 2: no inverter"),
        ({"inverter": None}, r"South, module 2: no inverter"),
        (module("12 34"), r"South, module 2: .*serial_num"),
        (module(None), r"South, module 2: .*serial_num"),
        (module("12"), r"South, module 2: .*serial_num"),
        (module("122000000001"), r"South, module 2: duplicate .*122000000001"),
        (module("122000000002", x="left"), r"South, module 2: invalid .*122000000002"),
        (module("122000000002", x=10**400), r"South, module 2: invalid .*122000000002"),
        (module("122000000002"), r"South: 122000000002 overlaps"),
    ],
)
def test_enlighten_invalid_module_is_skipped_with_a_warning(invalid: Json, warning: str) -> None:
    layout = enlighten.read(drawing(array(module("122000000001"), invalid, module("122000000003", 100, 0))))
    (line,) = layout.warnings
    assert re.match(warning, line)
    assert positions(layout)["122000000001"] == ("South", "1", "1")
    assert positions(layout)["122000000003"] == ("South", "1", "2")


def test_enlighten_invalid_angles_are_omitted_with_a_warning() -> None:
    layout = enlighten.read(drawing(array(module("122000000001"), azimuth=-5, tilt="steep")))
    assert layout.arrays == {"South": Array()}
    assert [" ".join(line.split()[:2]) for line in layout.warnings] == ["South: azimuth", "South: tilt"]
    assert all("out of range" in line for line in layout.warnings)


def test_enlighten_numbers_as_text_are_read() -> None:
    layout = enlighten.read(
        drawing(array(module("122000000001", "0", "0"), module("122000000002", "98.5", 0), tilt="25.5"))
    )
    assert layout.arrays[LabelText("South")].tilt == Tilt(25.5)
    assert positions(layout)["122000000002"] == ("South", "1", "2")


def test_enlighten_arrays_with_equal_or_no_labels_get_numbers() -> None:
    labels: list[Json] = ["A", "A", None, "", "\x00", "A (2)", "x" * 100, "x" * 100]
    arrays = [array(module(str(122000000000 + n)), label=label) for n, label in enumerate(labels)]
    names = list(enlighten.read(drawing(*arrays)).arrays)
    assert len(set(names)) == len(labels)
    assert names[:5] == ["A", "A (2)", "Array 3", "Array 4", "Array 5"]
    assert max(map(len, names)) <= 64


def test_enlighten_label_equal_to_a_numbered_label_is_kept_apart() -> None:
    arrays = [array(module(str(122000000000 + n)), label=label) for n, label in enumerate(["A", "A (3)", "A"])]
    assert len(enlighten.read(drawing(*arrays)).arrays) == 3


def test_enlighten_inverter_in_two_arrays_stays_in_the_first() -> None:
    layout = enlighten.read(drawing(array(module("122000000001")), array(module("122000000001"), label="West")))
    assert positions(layout) == {"122000000001": ("South", "1", "1")}
    (warning,) = layout.warnings
    assert warning.startswith("West, module 1: duplicate inverter 122000000001")


ANYTHING: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([10**400, "\ud800", "1" * 12]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["arrays", "modules", "inverter", "serial_num", "x", "y", "label", "azimuth", "tilt"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)
MODULES = st.lists(st.builds(module, ANYTHING | st.integers(1000, 1010), ANYTHING, ANYTHING) | ANYTHING, max_size=4)
ARRAYS = st.builds(
    lambda modules, label, azimuth, tilt: array(*modules, label=label, azimuth=azimuth, tilt=tilt),
    MODULES,
    ANYTHING,
    ANYTHING | st.floats(0, 360),
    ANYTHING | st.floats(0, 90),
)


def loaded(section: str, folder: Path) -> config.Gateway:
    path = folder / "exporter.yml"
    path.write_text(f"gateways:\n  - host: a\n{section}", encoding="utf-8")
    (gateway,) = config.from_file(path, COLLECTORS).gateways
    return gateway


CONFIGURED = {
    InverterSerial("1000"): Inverter(array=LabelText("South"), row=Position("1"), column=Position("1")),
    InverterSerial("1001"): Inverter(row=Position("1"), column=Position("1"), peak_power=PeakWatts(370.25)),
    InverterSerial("1002"): Inverter(name=LabelText('ä "b": #c 😀'), array=LabelText("yes"), row=Position("01")),
}


@settings(max_examples=300, deadline=None)
@given(
    content=ANYTHING | st.lists(ARRAYS, max_size=3).map(lambda arrays: drawing(*arrays)),
    listed=st.none() | st.sets(st.sampled_from(["1000", "1003", "1007", "12", "x"])),
    configured=st.sampled_from([{}, CONFIGURED]),
)
def test_layout_printed_for_any_file_loads_as_the_same_layout(
    content: Json,
    listed: set[str] | None,
    configured: dict[InverterSerial, Inverter],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    arrays = {LabelText("South"): Array(azimuth=Azimuth(180.5)), LabelText("yes"): Array()}
    layout = combined(configured, arrays if configured else {}, listed, enlighten.read(content))
    read = loaded(config.layout_as_yaml(layout.inverters, layout.arrays), tmp_path_factory.getbasetemp())
    assert (read.inverters, read.arrays) == (layout.inverters, layout.arrays)


def test_layout_values_of_the_config_take_precedence() -> None:
    file = array(module("1000", 0, 0), module("1001", 100, 0), module("1004", 0, 170), tilt=35)
    drawn = enlighten.read(json.loads(json.dumps(drawing(file))))
    configured = {InverterSerial("1004"): Inverter(name=LabelText("P"), array=LabelText("roof"), row=Position("9"))}
    layout = combined(configured, {LabelText("roof"): Array(tilt=Tilt(10))}, ["1000", "1004"], drawn)
    assert layout.inverters == {
        "1000": Inverter(array=LabelText("South"), row=Position("1"), column=Position("1")),
        "1004": Inverter(name=LabelText("P"), array=LabelText("roof"), row=Position("9"), column=Position("1")),
    }
    assert layout.arrays == {"roof": Array(tilt=Tilt(10)), "South": Array(azimuth=Azimuth(180), tilt=Tilt(35))}
    assert layout.warnings == ("1001: in the file, but not listed by the gateway; omitted",)


def test_layout_position_used_in_the_config_is_not_used_again() -> None:
    drawn = enlighten.read(drawing(array(module("1003", 0, 0), module("1004", 100, 0))))
    layout = combined(CONFIGURED, {}, ["1000", "1003", "1004"], drawn)
    assert layout.inverters[InverterSerial("1003")] == Inverter(array=LabelText("South"))
    assert layout.inverters[InverterSerial("1004")].column == "2"
    assert "1003: its position is already used by 1000; row and column of the file omitted" in layout.warnings


def test_layout_array_of_the_file_that_makes_a_conflict_is_ignored() -> None:
    drawn = enlighten.read(drawing(array(module("1001", 0, 0))))
    assert combined(CONFIGURED, {}, [*CONFIGURED], drawn).inverters == CONFIGURED
