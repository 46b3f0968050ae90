"""One name and one colour for each concept, on every dashboard; readable on white and on black."""

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
class NameAndColour:
    name: str
    colour: str


FLOWS = {
    "solar": NameAndColour("Production", SOLAR),
    "load": NameAndColour("Consumption", HOME),
    "import": NameAndColour("Grid import", IMPORT),
    "export": NameAndColour("Grid export", EXPORT),
    "charge": NameAndColour("Battery charging", CHARGE),
    "discharge": NameAndColour("Battery discharging", DISCHARGE),
    "solar_to_home": NameAndColour("Solar to home", SOLAR),
    "solar_to_battery": NameAndColour("Solar to battery", CHARGE),
    "solar_to_grid": NameAndColour("Solar to grid", EXPORT),
    "grid_to_home": NameAndColour("Grid to home", IMPORT),
    "grid_to_battery": NameAndColour("Grid to battery", "#8F3BB8"),
    "battery_to_home": NameAndColour("Battery to home", DISCHARGE),
    "battery_to_grid": NameAndColour("Battery to grid", "#2F8F83"),
}
"""By the label `flow` of the recorded series."""
