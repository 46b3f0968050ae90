"""Rows and columns from the drawing of a roof in Enlighten, whatever its modules measure and however they lie."""

import json
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


def places(roof: enlighten.Roof) -> dict[str, tuple[str | None, ...]]:
    return {serial: (each.array, each.row, each.column) for serial, each in roof.inverters.items()}


def test_a_drawing_is_arrays_rows_and_columns() -> None:
    south = array(
        module("122000000001", 0, 0),
        module("122000000002", 100, 0),
        module("122000000003", 0, 170),
        module(122000000004, 100, 170),
    )
    west = array(module("122000000005", 990, 400), label="West", azimuth=258, tilt=22.5)
    roof = enlighten.read(drawing(south, west))
    assert places(roof) == {
        "122000000001": ("South", "1", "1"),
        "122000000002": ("South", "1", "2"),
        "122000000003": ("South", "2", "1"),
        "122000000004": ("South", "2", "2"),
        "122000000005": ("West", "1", "1"),
    }
    assert roof.arrays == {
        "South": Array(azimuth=Azimuth(180), tilt=Tilt(25)),
        "West": Array(azimuth=Azimuth(258), tilt=Tilt(22.5)),
    }
    assert roof.odd == []


@st.composite
def grids(draw: st.DrawFn) -> dict[Cell, tuple[float, float]]:
    """A whole grid of modules, none of which lies where it should by more than an eighth of its shorter side."""
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
def test_any_grid_with_jitter_is_recovered(grid: dict[Cell, tuple[float, float]], random: object) -> None:
    cells = list(grid)
    random.shuffle(cells)  # type: ignore[attr-defined]
    found = enlighten.positions([grid[cell] for cell in cells])
    assert {cell: found[grid[cell]] for cell in cells} == {cell: cell for cell in cells}


@given(grids().filter(lambda grid: len(grid) > 4), st.data())
@settings(max_examples=200, deadline=None)
def test_modules_apart_never_share_a_place(grid: dict[Cell, tuple[float, float]], data: st.DataObject) -> None:
    """Also with holes: a row or a column may then be counted as another, but two modules are never one."""
    left = data.draw(st.lists(st.sampled_from(list(grid)), min_size=len(grid) // 2, unique=True))
    found = enlighten.positions([grid[cell] for cell in left])
    assert len(set(found.values())) == len(left)


def test_a_roof_with_a_chimney_keeps_its_rows_and_columns() -> None:
    cells = [(row, column) for row in (1, 2, 3) for column in (1, 2, 3, 4) if (row, column) not in {(2, 2), (2, 3)}]
    found = enlighten.positions([(column * 100.0, row * 170.0) for row, column in cells])
    assert found == {(column * 100.0, row * 170.0): (row, column) for row, column in cells}


def test_two_modules_that_lie_upon_each_other_do_not_tear_rows_apart() -> None:
    points = [(100.0 * column, 170.0 * row + column) for row in range(3) for column in range(4)]
    found = enlighten.positions([*points, (0.5, 0.5)])
    assert [found[point] for point in points] == [(row, column) for row in (1, 2, 3) for column in (1, 2, 3, 4)]


def test_rows_shifted_by_half_a_module_share_columns() -> None:
    points = [(x + shift, y) for y, shift in ((0.0, 0.0), (170.0, 50.0)) for x in (0.0, 100.0, 200.0)]
    found = enlighten.positions(points)
    assert [found[point] for point in points] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        ({"x": 1, "y": 1}, "South, module 2 has no inverter"),
        ({"inverter": None}, "South, module 2 has no inverter"),
        (module("12 34"), "South, module 2 has an inverter without a usable serial_num"),
        (module(None), "South, module 2 has an inverter without a usable serial_num"),
        (module("12"), "South, module 2 has an inverter without a usable serial_num"),
        (module("122000000001"), "South, module 2: 122000000001 stands in the file twice, the first counts"),
        (module("122000000002", x="left"), "122000000002 has no usable x and y: it gets no row and column"),
        (module("122000000002", x=10**400), "122000000002 has no usable x and y: it gets no row and column"),
        (module("122000000002"), "South: 122000000002 lies where another module does: it gets no row and column"),
    ],
)
def test_an_odd_module_is_told_and_spoils_nothing(odd: Json, told: str) -> None:
    roof = enlighten.read(drawing(array(module("122000000001"), odd, module("122000000003", 100, 0))))
    (line,) = roof.odd
    assert told in line
    assert places(roof)["122000000001"] == ("South", "1", "1")
    assert places(roof)["122000000003"] == ("South", "1", "2")


def test_angles_that_are_none_are_told_and_left_out() -> None:
    roof = enlighten.read(drawing(array(module("122000000001"), azimuth=-5, tilt="steep")))
    assert roof.arrays == {"South": Array()}
    assert [line.split(":")[1] for line in roof.odd] == [
        " its azimuth is no number of degrees from 0 to 360",
        " its tilt is no number of degrees from 0 to 90",
    ]


def test_a_number_written_as_text_is_a_number() -> None:
    roof = enlighten.read(
        drawing(array(module("122000000001", "0", "0"), module("122000000002", "98.5", 0), tilt="25.5"))
    )
    assert roof.arrays[LabelText("South")].tilt == Tilt(25.5)
    assert places(roof)["122000000002"] == ("South", "1", "2")


def test_arrays_of_one_label_or_of_none_are_told_apart() -> None:
    labels: list[Json] = ["A", "A", None, "", "\x00", "A (2)", "x" * 100, "x" * 100]
    arrays = [array(module(str(122000000000 + n)), label=label) for n, label in enumerate(labels)]
    names = list(enlighten.read(drawing(*arrays)).arrays)
    assert len(set(names)) == len(labels)
    assert names[:5] == ["A", "A (2)", "Array 3", "Array 4", "Array 5"]
    assert max(map(len, names)) <= 64


def test_a_label_that_looks_like_a_number_given_is_told_apart_too() -> None:
    arrays = [array(module(str(122000000000 + n)), label=label) for n, label in enumerate(["A", "A (3)", "A"])]
    assert len(enlighten.read(drawing(*arrays)).arrays) == 3


def test_an_inverter_that_is_drawn_in_two_arrays_is_in_the_first() -> None:
    roof = enlighten.read(drawing(array(module("122000000001")), array(module("122000000001"), label="West")))
    assert places(roof) == {"122000000001": ("South", "1", "1")}
    assert roof.odd == ["West, module 1: 122000000001 stands in the file twice, the first counts"]


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


KEPT = {
    InverterSerial("1000"): Inverter(array=LabelText("South"), row=Position("1"), column=Position("1")),
    InverterSerial("1001"): Inverter(row=Position("1"), column=Position("1"), peak_power=PeakWatts(370.25)),
    InverterSerial("1002"): Inverter(name=LabelText('ä "b": #c 😀'), array=LabelText("yes"), row=Position("01")),
}


@settings(max_examples=300, deadline=None)
@given(
    content=ANYTHING | st.lists(ARRAYS, max_size=3).map(lambda arrays: drawing(*arrays)),
    listed=st.none() | st.sets(st.sampled_from(["1000", "1003", "1007", "12", "x"])),
    kept=st.sampled_from([{}, KEPT]),
)
def test_whatever_the_file_says_what_is_printed_loads_and_says_the_same(
    content: Json,
    listed: set[str] | None,
    kept: dict[InverterSerial, Inverter],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    arrays = {LabelText("South"): Array(azimuth=Azimuth(180.5)), LabelText("yes"): Array()}
    made = combined(kept, arrays if kept else {}, listed, enlighten.read(content))
    read = loaded(config.layout_as_yaml(made.inverters, made.arrays), tmp_path_factory.getbasetemp())
    assert (read.inverters, read.arrays) == (made.inverters, made.arrays)


def test_what_the_config_says_goes_before_what_the_file_says() -> None:
    file = array(module("1000", 0, 0), module("1001", 100, 0), module("1004", 0, 170), tilt=35)
    roof = enlighten.read(json.loads(json.dumps(drawing(file))))
    kept = {InverterSerial("1004"): Inverter(name=LabelText("P"), array=LabelText("roof"), row=Position("9"))}
    made = combined(kept, {LabelText("roof"): Array(tilt=Tilt(10))}, ["1000", "1004"], roof)
    assert made.inverters == {
        "1000": Inverter(array=LabelText("South"), row=Position("1"), column=Position("1")),
        "1004": Inverter(name=LabelText("P"), array=LabelText("roof"), row=Position("9"), column=Position("1")),
    }
    assert made.arrays == {"roof": Array(tilt=Tilt(10)), "South": Array(azimuth=Azimuth(180), tilt=Tilt(35))}
    assert made.told == ("1001: the file has it and the gateway does not list it: left out",)


def test_a_place_that_the_config_gives_away_is_not_given_twice() -> None:
    roof = enlighten.read(drawing(array(module("1003", 0, 0), module("1004", 100, 0))))
    made = combined(KEPT, {}, ["1000", "1003", "1004"], roof)
    assert made.inverters[InverterSerial("1003")] == Inverter(array=LabelText("South"))
    assert made.inverters[InverterSerial("1004")].column == "2"
    assert "1003: 1000 is at its place: the file's row and column are left out" in made.told


def test_what_the_config_says_stays_as_it_is_where_the_array_of_the_file_would_put_it_upon_another() -> None:
    roof = enlighten.read(drawing(array(module("1001", 0, 0))))
    assert combined(KEPT, {}, [*KEPT], roof).inverters == KEPT
