"""What a subsystem is: the readings that it declares, and one pure function that reads them from documents."""

from dataclasses import dataclass
from typing import Protocol

from envoy_exporter.documents import Documents
from envoy_exporter.families import Reading
from envoy_exporter.fields import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedInverter:
    """Where an inverter is, and its module's peak power in watts."""

    serial: str
    name: str | None = None
    array: str | None = None
    row: str | None = None
    column: str | None = None
    peak_power: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedArray:
    """A side of the roof. Degrees: azimuth clockwise from north, tilt from lying flat."""

    name: str
    azimuth: float | None = None
    tilt: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the config says that changes a reading.

    `timezone`: an IANA name, instead of what the gateway says. `inverter_max_age`: seconds after which an
    inverter's last report says nothing of now. `inverters` and `arrays`: the layout of the roof.
    """

    timezone: str | None = None
    inverter_max_age: float = 90 * 60.0
    inverters: tuple[PlacedInverter, ...] = ()
    arrays: tuple[PlacedArray, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """What came of reading: readings, what was refused, and what to be given at the next reading."""

    readings: tuple[Reading, ...]
    refusals: tuple[Refusal, ...] = ()
    memory: object = None


class Subsystem(Protocol):
    """A module of this folder.

    `ON`: is it read unless the config says otherwise. `RULES` are those by which it may refuse a value.
    """

    @property
    def NAME(self) -> str: ...  # noqa: N802  # a constant of the module

    @property
    def ON(self) -> bool: ...  # noqa: N802

    @property
    def READINGS(self) -> tuple[type[Reading], ...]: ...  # noqa: N802

    @property
    def RULES(self) -> tuple[str, ...]: ...  # noqa: N802

    def read(self, seen: Documents, settings: Settings, memory: object, now: float, /) -> Read:
        """Pure and total: any JSON in, no exception out, finite numbers only.

        `memory` is what the last reading gave back, None at first; `now` is in seconds since 1970.
        """
