"""What `make pictures` draws: every panel, with what a Prometheus answers to it, or what it says when nothing does."""

import re
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
from dashboards.past import History
from dashboards.sites import SITES
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from support.dashboard_view import View
from support.dashboards import Json, dashboards, panels

from draw import picture

pytestmark = pytest.mark.integration

SHOWN = {"panels": "battery"}
"""The site that has most to show, where it is not `everything`."""
BEGAN = "3h"
"""Few points, as each takes its time to be drawn."""


@dataclass(frozen=True, slots=True)
class Drawn:
    view: View
    file: Path
    figure: Figure

    def of(self, panel: Json) -> list[Axes]:
        """From left to right, where the panel is repeated."""
        return [axes for axes in self.figure.axes if axes.get_label() == str(panel["id"])]


Draw = Callable[[str], Drawn]

every_dashboard = pytest.mark.parametrize("name", dashboards())


@pytest.fixture(scope="module")
def draw(history: History, tmp_path_factory: pytest.TempPathFactory) -> Draw:
    """Each dashboard, drawn but once."""
    folder = tmp_path_factory.mktemp("pictures")

    @cache
    def drawn(name: str) -> Drawn:
        (site,) = (each for each in SITES if each.instance == SHOWN.get(name, "everything"))
        chosen = {"job": history.job, "instance": site.instance, "meter": "net-consumption"}
        view = View(history.prometheus, name, history.end, site.zone, chosen, BEGAN)
        file = folder / f"{name}.png"
        return Drawn(view, file, picture(view, file))

    return drawn


def repeated(panel: Json, view: View) -> Iterator[View]:
    """Once, or for each side of the roof."""
    if variable := panel.get("repeat"):
        yield from (view.choosing(**{variable: value}) for value in view.options(variable))
    else:
        yield view


@every_dashboard
def test_a_picture_is_a_png_as_wide_as_a_page(name: str, draw: Draw) -> None:
    head = draw(name).file.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, _ = struct.unpack(">II", head[16:])
    assert width == 1440


@every_dashboard
def test_every_row_and_every_panel_stands_there_by_its_title(name: str, draw: Draw) -> None:
    drawn, dashboard = draw(name), dashboards()[name]
    rows = [each for each in dashboard["panels"] if each["type"] == "row"]
    titles = Counter(
        view.asked(panel["title"], panel)
        for panel in (*rows, *panels(dashboard))
        for view in repeated(panel, drawn.view)
    )
    assert Counter(title(text.get_text()) for text in drawn.figure.texts) == titles


def title(text: str) -> str:
    """Without the arrow of a row, and without the time that a panel has of its own."""
    return re.sub(r"^⌄ |   .+$", "", text)


@every_dashboard
def test_what_is_answered_is_drawn_and_where_nothing_is_the_panel_says_so(name: str, draw: Draw) -> None:
    drawn = draw(name)
    wrong = {}
    for panel in panels(dashboards()[name]):
        answered = [
            any(view.answer(panel, target) for target in panel["targets"]) for view in repeated(panel, drawn.view)
        ]
        if (shown := [shows(axes, panel) for axes in drawn.of(panel)]) != answered:
            wrong[panel["title"]] = (shown, answered)
    assert wrong == {}


def shows(axes: Axes, panel: Json) -> bool:
    """More than what the panel says when it is empty."""
    texts = [text.get_text() for text in axes.texts]
    empty = panel["fieldConfig"]["defaults"]["noValue"]
    return bool(axes.lines or axes.patches or axes.collections or texts != [empty])


def test_the_picture_of_home_says_what_the_plant_produced_until_now(draw: Draw, history: History) -> None:
    home = draw("home")
    (panel,) = (each for each in panels(dashboards()["home"]) if each["title"] == "Produced")
    ((text,),) = ([text.get_text() for text in axes.texts] for axes in home.of(panel))
    number, unit = text.split()
    today = datetime.fromtimestamp(history.end, home.view.zone).date()
    produced = history.truths["everything"].kilowatt_hours(today, "solar")
    assert float(number) == pytest.approx(produced, rel=0.05)  # the last minutes are in no mean of five yet
    assert unit == "kWh"


def test_bars_stand_in_the_order_of_their_queries(draw: Draw) -> None:
    energy = draw("energy")
    charts = [each for each in panels(dashboards()["energy"]) if each["type"] == "barchart"]
    for panel in charts:
        (axes,) = energy.of(panel)
        answered = [target["legendFormat"] for target in panel["targets"] if energy.view.answer(panel, target)]
        assert [bars.get_label() for bars in axes.containers] == answered, panel["title"]
