"""The pictures of `make pictures`: every panel is drawn, with its data or with its text for no data."""

import re
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest
from dashboards.site_history import History
from dashboards.sites import SITES
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from support.dashboard_view import View
from support.dashboards import Json, dashboards, panels

from draw import picture

pytestmark = pytest.mark.integration

SHOWN = {"panels": "battery"}
"""The site with the most data, if it is not `everything`."""
BEGAN = "3h"
"""A short time range, because drawing points is slow."""


@dataclass(frozen=True, slots=True)
class Drawn:
    view: View
    file: Path
    figure: Figure

    def of(self, panel: Json) -> list[Axes]:
        """The axes of a panel; from left to right if the panel is repeated."""
        return [axes for axes in self.figure.axes if axes.get_label() == str(panel["id"])]


Draw = Callable[[str], Drawn]

every_dashboard = pytest.mark.parametrize("name", dashboards())


@pytest.fixture(scope="module")
def draw(history: History, tmp_path_factory: pytest.TempPathFactory) -> Draw:
    """Draws each dashboard once."""
    folder = tmp_path_factory.mktemp("pictures")

    @cache
    def drawn(name: str) -> Drawn:
        (site,) = (site for site in SITES if site.instance == SHOWN.get(name, "everything"))
        selected = {"job": history.job, "instance": site.instance, "meter": "net-consumption"}
        view = View(history.prometheus, name, history.end, site.zone, selected, BEGAN)
        file = folder / f"{name}.png"
        return Drawn(view, file, picture(view, file))

    return drawn


def repeated(panel: Json, view: View) -> Iterator[View]:
    """Yield the view once, or for each value of the panel's variable."""
    if variable := panel.get("repeat"):
        yield from (view.choosing(**{variable: value}) for value in view.options(variable))
    else:
        yield view


@every_dashboard
def test_picture_is_a_png_of_1440_pixels(name: str, draw: Draw) -> None:
    head = draw(name).file.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, _ = struct.unpack(">II", head[16:])
    assert width == 1440


@every_dashboard
def test_picture_has_the_title_of_every_row_and_panel(name: str, draw: Draw) -> None:
    drawn, dashboard = draw(name), dashboards()[name]
    rows = [panel for panel in dashboard["panels"] if panel["type"] == "row"]
    titles = Counter(
        view.substitute(panel["title"], panel)
        for panel in (*rows, *panels(dashboard))
        for view in repeated(panel, drawn.view)
    )
    assert Counter(title(text.get_text()) for text in drawn.figure.texts) == titles


def title(text: str) -> str:
    """The title without the arrow of a row, and without a panel's own time range."""
    return re.sub(r"^⌄ |   .+$", "", text)


@every_dashboard
def test_picture_draws_data_or_the_text_for_no_data(name: str, draw: Draw) -> None:
    drawn = draw(name)
    wrong = {}
    for panel in panels(dashboards()[name]):
        answered = [
            any(view.result(panel, target) for target in panel["targets"]) for view in repeated(panel, drawn.view)
        ]
        if (shown := [shows(axes, panel) for axes in drawn.of(panel)]) != answered:
            wrong[panel["title"]] = (shown, answered)
    assert wrong == {}


def shows(axes: Axes, panel: Json) -> bool:
    """Whether the panel shows more than its text for no data."""
    texts = [text.get_text() for text in axes.texts]
    empty = panel["fieldConfig"]["defaults"]["noValue"]
    return bool(axes.lines or axes.patches or axes.collections or texts != [empty])


def test_picture_of_home_has_the_production_of_today(draw: Draw, history: History) -> None:
    home = draw("home")
    (panel,) = (panel for panel in panels(dashboards()["home"]) if panel["title"] == "Production today")
    ((text,),) = ([text.get_text() for text in axes.texts] for axes in home.of(panel))
    number, unit = text.split()
    today = datetime.fromtimestamp(history.end, home.view.zone).date()
    produced = history.truths["everything"].kilowatt_hours(today, "solar")
    assert float(number) == pytest.approx(produced, rel=0.05)  # the mean of five minutes lacks the last minutes
    assert unit == "kWh"


def test_picture_has_bars_in_the_order_of_their_queries(draw: Draw) -> None:
    energy = draw("energy")
    charts = [panel for panel in panels(dashboards()["energy"]) if panel["type"] == "barchart"]
    for panel in charts:
        (axes,) = energy.of(panel)
        answered = [target["legendFormat"] for target in panel["targets"] if energy.view.result(panel, target)]
        assert [bars.get_label() for bars in axes.containers] == answered, panel["title"]
