"""The equipment that a controller switches: relays and a generator, as an installer set them up."""

from dataclasses import dataclass
from typing import Literal

Action = Literal["apply", "shed", "schedule", "none"]


@dataclass(frozen=True, slots=True)
class Relay:
    """A contact in use. `actions`: on the grid, off the grid, and on a generator.

    `cutoff`, `restore`: percent of charge at which the load is switched off and on again, in mode `soc` only.
    """

    contact: Literal["NC1", "NC2", "NO1", "NO2"]
    load: str
    mode: Literal["manual", "soc"]
    actions: tuple[Action, Action, Action]
    cutoff: int = 30
    restore: int = 70


@dataclass(frozen=True, slots=True)
class Generator:
    """A generator. `start`, `stop`: percent of charge at which it starts and stops.

    It exercises every week, on Sunday. `exercise`: when that begins, in minutes after midnight.
    """

    manufacturer: str
    model: str
    kilowatts: float
    amperes: float
    start: int = 30
    stop: int = 80
    exercise: int = 750
    exercise_minutes: int = 30


FRESNO_RELAYS = (
    Relay("NC1", "Pool pump", "soc", ("apply", "apply", "shed"), cutoff=55, restore=70),
    Relay("NO1", "Well", "manual", ("apply", "apply", "apply")),
)
FRESNO_GENERATOR = Generator("Kohler", "20RCAL-200SELS (18kW)", kilowatts=18.0, amperes=75.0)
