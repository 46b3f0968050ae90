"""A collector: the readings that it declares, and one pure function that reads them from documents."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from envoy_exporter.documents import Documents
from envoy_exporter.families import Reading
from envoy_exporter.fields import Rejection

Memory = TypeVar("Memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedInverter:
    """The position of an inverter in the layout, and the peak power of its module in watts."""

    serial: str
    name: str | None = None
    array: str | None = None
    row: str | None = None
    column: str | None = None
    peak_power: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedArray:
    """An array of modules. Degrees: azimuth clockwise from north, tilt from horizontal."""

    name: str
    azimuth: float | None = None
    tilt: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The part of the configuration that changes readings.

    `timezone`: an IANA name, used instead of the gateway's. `inverter_max_age`: seconds after which an inverter's last
    report is too old to show its present state. `inverters` and `arrays`: the layout.
    """

    timezone: str | None = None
    inverter_max_age: float = 90 * 60.0
    inverters: tuple[PlacedInverter, ...] = ()
    arrays: tuple[PlacedArray, ...] = ()


@dataclass(frozen=True, slots=True)
class Context(Generic[Memory]):
    """The input of a collector: the documents, the settings, its memory of earlier readings, and the time.

    `now` is in seconds since 1970.
    """

    documents: Documents
    settings: Settings
    memory: Memory
    now: float


@dataclass(frozen=True, slots=True)
class Result(Generic[Memory]):
    """The output of a collector: the readings, the rejected values, and the memory for the next reading.

    `undecided`: the endpoints that may be complete or incomplete, because other documents are missing.
    """

    readings: tuple[Reading, ...]
    rejections: tuple[Rejection, ...]
    memory: Memory
    undecided: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Collector(Generic[Memory]):
    """One group of metrics, which the configuration enables or disables as a whole.

    `readings` are the classes that declare its metrics, and `rules` those by which it may reject a value. `memory` is
    what it remembers before the first reading. `read` is pure and total: any JSON in, no exception out, finite numbers
    only.
    """

    name: str
    enabled_by_default: bool
    readings: tuple[type[Reading], ...]
    rules: tuple[str, ...]
    memory: Memory
    read: Callable[[Context[Memory]], Result[Memory]]
