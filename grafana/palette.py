"""One name and one colour a thing, on every dashboard; to be read on white and on black."""

from dataclasses import dataclass

SOLAR = "#EAB308"
HOME = "#5794F2"
IMPORT = "#B877D9"
EXPORT = "#DB8FD0"
DISCHARGE = "#73BF69"
CHARGE = "#A8D68A"

GOOD = "#37872D"
WARNING = "#FF9830"
BAD = "#F2495C"
NEUTRAL = "#9FA7B3"
NOTHING = "transparent"

SEVERITY = {"critical": BAD, "warning": WARNING, "info": NEUTRAL}


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    colour: str


FLOWS = {
    "solar": Thing("Solar", SOLAR),
    "load": Thing("Home", HOME),
    "import": Thing("From the grid", IMPORT),
    "export": Thing("To the grid", EXPORT),
    "charge": Thing("Into the battery", CHARGE),
    "discharge": Thing("Out of the battery", DISCHARGE),
    "solar_to_home": Thing("Solar to home", SOLAR),
    "solar_to_battery": Thing("Solar to battery", CHARGE),
    "solar_to_grid": Thing("Solar to grid", EXPORT),
    "grid_to_home": Thing("Grid to home", IMPORT),
    "grid_to_battery": Thing("Grid to battery", "#8F3BB8"),
    "battery_to_home": Thing("Battery to home", DISCHARGE),
    "battery_to_grid": Thing("Battery to grid", "#2F8F83"),
}
"""By the label `flow` of the recorded series."""
