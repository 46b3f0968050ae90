"""What can be true of a plant, by the unit in which a panel shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, isfinite

from dashboards.sites import Site
from support.dashboards import Json

Bounds = tuple[float, float]
_YEAR = 365 * 86400


@dataclass(frozen=True)
class Plants:
    """All together. `now`: of whoever looks; `hours`: in which they were seen."""

    sites: tuple[Site, ...]
    now: float
    hours: float

    @property
    def watts(self) -> float:
        """More than these nothing in the houses can give or take."""
        peak = sum(inverter.peak_watts for site in self.sites for inverter in site.profile.design.inverters)
        return 3 * peak + 25_000 * len(self.sites)

    def bounds(self, unit: str) -> Bounds:
        """Raises KeyError where nobody has said what can be true."""
        energy = self.watts / 1000 * self.hours
        return {
            "watt": (-self.watts, self.watts),
            "kwatth": (0.0, energy),
            "percentunit": (0.0, 1.0),
            "volt": (0.0, 300.0),
            "amp": (0.0, self.watts / 100),
            "hertz": (45.0, 65.0),
            "celsius": (-40.0, 85.0),
            "degree": (0.0, 360.0),
            "s": (0.0, 86400.0),
            "dateTimeFromNow": (1000 * (self.now - 20 * _YEAR), 1000 * (self.now + 2 * _YEAR)),
            "reqpm": (0.0, 600.0),
            "cpm": (0.0, 600.0),
            "bytes": (1e6, 1e10),
            "none": (-energy, max(energy, 1000.0)),
        }[unit]


def unit(panel: Json, letter: str) -> str | None:
    """Of a query's values, None where a table does not show them."""
    config = panel["fieldConfig"]
    column = shown_as(panel, letter)
    if column is None:
        return None
    matching = {"byFrameRefID": letter, "byType": "number", "byName": column}
    found = config["defaults"].get("unit", "none")
    for override in config["overrides"]:  # the later counts
        if matching.get(override["matcher"]["id"]) == override["matcher"]["options"]:
            found = next((each["value"] for each in override["properties"] if each["id"] == "unit"), found)
    return str(found)


def shown_as(panel: Json, letter: str) -> str | None:
    """The heading of a table's column of a query's values; of other panels something that is no heading."""
    names = columns(panel)
    if names is None:
        return ""
    return names.get("Value" if len(panel["targets"]) == 1 else f"Value #{letter}")


def columns(panel: Json) -> dict[str, str] | None:
    """By the labels and values of a table's answers what they are called, None where nothing is chosen of them."""
    transformations = {each["id"]: each["options"] for each in panel.get("transformations", ())}
    if "filterFieldsByName" not in transformations:
        return None
    names, organize = transformations["filterFieldsByName"]["include"]["names"], transformations["organize"]
    return {name: organize["renameByName"][name] for name in names if not organize["excludeByName"].get(name)}


def drawn(panel: Json) -> Bounds:
    """Between which values a panel draws at all."""
    defaults = panel["fieldConfig"]["defaults"]
    return defaults.get("min", -inf), defaults.get("max", inf)


def named_values(panel: Json) -> set[float] | None:
    """Those that have a name and a colour, of a panel of bands that has no others."""
    if panel["type"] != "state-timeline" or not panel["fieldConfig"]["defaults"].get("mappings"):
        return None
    return {float(value) for each in panel["fieldConfig"]["defaults"]["mappings"] for value in each["options"]}


def beyond(values: Iterable[float], *limits: Bounds) -> list[float]:
    """Those that are outside, or no numbers; a millionth is rounding."""
    low, high = max(low for low, _ in limits), min(high for _, high in limits)
    return [value for value in values if not (isfinite(value) and low - 1e-6 <= value <= high + 1e-6)]
