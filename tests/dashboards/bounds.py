"""The plausible range of a panel's values, by its unit."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, isfinite

from dashboards.sites import Site
from support.dashboards import Json

Bounds = tuple[float, float]
_YEAR = 365 * 86400


@dataclass(frozen=True)
class Systems:
    """Several systems. `now`: the time of the query; `hours`: the length of their history."""

    sites: tuple[Site, ...]
    now: float
    hours: float

    @property
    def watts(self) -> float:
        """The highest power that anything in these systems can produce or consume."""
        peak = sum(inverter.peak_watts for site in self.sites for inverter in site.profile.design.inverters)
        return 3 * peak + 25_000 * len(self.sites)

    def bounds(self, unit: str) -> Bounds:
        """Raises KeyError for a unit without a range."""
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
    """The unit of a query's values, None if a table does not show them."""
    config = panel["fieldConfig"]
    column = shown_as(panel, letter)
    if column is None:
        return None
    matching = {"byFrameRefID": letter, "byType": "number", "byName": column}
    found = config["defaults"].get("unit", "none")
    for override in config["overrides"]:  # the last one counts
        if matching.get(override["matcher"]["id"]) == override["matcher"]["options"]:
            found = next((option["value"] for option in override["properties"] if option["id"] == "unit"), found)
    return str(found)


def shown_as(panel: Json, letter: str) -> str | None:
    """The heading of the table column with a query's values; "" for other panels."""
    names = columns(panel)
    if names is None:
        return ""
    return names.get("Value" if len(panel["targets"]) == 1 else f"Value #{letter}")


def columns(panel: Json) -> dict[str, str] | None:
    """The column names of a table by label or value, None if the table does not select columns."""
    transformations = {
        transformation["id"]: transformation["options"] for transformation in panel.get("transformations", ())
    }
    if "filterFieldsByName" not in transformations:
        return None
    names, organize = transformations["filterFieldsByName"]["include"]["names"], transformations["organize"]
    return {name: organize["renameByName"][name] for name in names if not organize["excludeByName"].get(name)}


def drawn(panel: Json) -> Bounds:
    """The range of values that a panel draws."""
    defaults = panel["fieldConfig"]["defaults"]
    return defaults.get("min", -inf), defaults.get("max", inf)


def named_values(panel: Json) -> set[float] | None:
    """The values with a name and a colour, of a state timeline."""
    if panel["type"] != "state-timeline" or not panel["fieldConfig"]["defaults"].get("mappings"):
        return None
    return {float(value) for mapping in panel["fieldConfig"]["defaults"]["mappings"] for value in mapping["options"]}


def beyond(values: Iterable[float], *limits: Bounds) -> list[float]:
    """The values outside the limits or not finite; a millionth is rounding."""
    low, high = max(low for low, _ in limits), min(high for _, high in limits)
    return [value for value in values if not (isfinite(value) and low - 1e-6 <= value <= high + 1e-6)]
