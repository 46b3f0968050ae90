"""Reads JSON without a specification: a usable value is returned, any other value is None and counted.

A `FieldReader` reads one object. It knows units and ranges, and collects what it rejects.
"""

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Fields = Mapping[str, object]

TYPE, RANGE, LABEL, DUPLICATE, LIMIT, CLOCK = GENERAL_RULES = ("type", "range", "label", "duplicate", "limit", "clock")

MISSING = "missing"
"""The rule for required content that a document lacks."""

WATT_HOUR = 3600.0
"""A watt-hour in joules, and a volt-ampere hour in volt-ampere seconds."""
PHASES = ("L1", "L2", "L3")
MAX_DEVICES = 1000
MAX_NUMBER = 1e12
"""In any unit of the gateway: a household neither produces a terawatt-hour nor draws a gigawatt (in mW)."""
EARLIEST, LATEST = 946_684_800, 4_102_444_800
"""The years 2000 to 2100, in seconds since 1970: any other date is wrong."""

MAX_WATTS = 100_000
"""More than any device of a household can have."""
MAX_JOULES = 1e9
"""More than any report can have: a kilowatt for eleven days."""
_SIGN, _UNSIGNED = 2**31, 2**32

CLOSED = ("closed", "close")
"""The texts for a closed switch, of which each document uses one."""

_SERIAL = re.compile(r"[0-9A-Za-z._:-]{1,32}")
_MAX_TEXT_LENGTH = 64
_DIGITS = re.compile(r"\d{1,12}")


class Rejection(NamedTuple):
    """A value that was not accepted: the endpoint, the rule, and the key ("" for an element of a list)."""

    endpoint: str
    rule: str
    key: str


def scaled(value: float | None, multiplied: float = 1, divided: float = 1) -> float | None:
    """The number in another unit. Divide by 1000 instead of multiplying by 0.001: 40352 mV are exactly 40.352 V."""
    return None if value is None else value * multiplied / divided


def clean(value: str) -> str:
    """The text without line breaks, control characters and lone surrogates, cut to 64 characters."""
    return "".join(character for character in value if character.isprintable())[:_MAX_TEXT_LENGTH].strip()


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads the fields of one JSON object of a document.

    Each method returns a usable value in base units. For any other value it returns None, and adds a rejection with the
    rule and the key to `rejections`, which all readers of a poll share. A missing key is not rejected, as firmware
    differs. `latest` is the latest possible time of a date in the document.
    """

    fields: Fields
    endpoint: str
    rejections: list[Rejection] = field(default_factory=list)
    latest: float = math.inf

    def __bool__(self) -> bool:
        return bool(self.fields)

    def __contains__(self, key: str) -> bool:
        return key in self.fields

    def reject(self, rule: str, key: str) -> None:
        self.rejections.append(Rejection(self.endpoint, rule, key))

    # --- parts

    def of(self, fields: Fields) -> "FieldReader":
        """A reader of another object of the same document."""
        return FieldReader(fields, self.endpoint, self.rejections, self.latest)

    def entry(self, *path: str) -> "FieldReader":
        """The object at the end of a path of keys; an empty one if there is no object."""
        content: object = self.fields
        for key in path:
            content = content.get(key) if isinstance(content, dict) else None
        return self.of(content if isinstance(content, dict) else {})

    def objects(self, key: str) -> Iterator["FieldReader"]:
        """The objects of a list, at most 1000; other elements, and anything but a list, are rejected."""
        return (reader for _, reader in self.numbered(self.fields.get(key)))

    def phases(self, key: str, count: int) -> Iterator[tuple[str, "FieldReader"]]:
        """The objects of a list as L1, L2 and L3, at most `count` of them."""
        for place, reader in self.numbered(self.fields.get(key)):
            if place < min(count, len(PHASES)):
                yield PHASES[place], reader

    def numbered(self, content: object) -> Iterator[tuple[int, "FieldReader"]]:
        """The objects of a list with their places in it."""
        if not isinstance(content, list):
            if content is not None:
                self.reject(TYPE, "")
            return
        if len(content) > MAX_DEVICES:
            self.reject(LIMIT, "")
        for place, element in enumerate(content[:MAX_DEVICES]):
            if isinstance(element, dict):
                yield place, self.of(element)
            else:
                self.reject(TYPE, "")

    # --- numbers

    def number(self, key: str, *, low: float = -MAX_NUMBER, high: float = MAX_NUMBER) -> float | None:
        """A finite number between the bounds. Minus zero is zero; true is not a number, nor is "1"."""
        if key not in self.fields:
            return None
        value = self.fields[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124  # NaN
            self.reject(TYPE, key)
            return None
        if not low <= value <= high:
            self.reject(RANGE, key)
            return None
        return float(value) + 0.0

    def raw_number(self, key: str) -> float | None:
        """A number for comparisons only: it is rejected where it is read."""
        return raw_number(self.fields, key)

    def integer(self, key: str, *, low: int, high: int) -> int | None:
        value = self.number(key, low=low, high=high)
        if value is not None and not value.is_integer():
            self.reject(TYPE, key)
            return None
        return None if value is None else int(value)

    def ratio(self, key: str) -> float | None:
        """A percentage from 0 to 100 as a ratio."""
        return scaled(self.number(key, low=0, high=100), divided=100)

    def thousandths(self, key: str, *, low: float = 0) -> float | None:
        """Volts from mV, amperes from mA, and so on."""
        return scaled(self.number(key, low=low), divided=1000)

    def watt_hours(self, key: str, *, low: float = 0) -> float | None:
        """Joules from Wh, and volt-ampere seconds from VAh."""
        return scaled(self.number(key, low=low), WATT_HOUR)

    def watts(self, key: str) -> float | None:
        """The power of one device."""
        return self.signed(key, MAX_WATTS)

    def joules(self, key: str) -> float | None:
        """The energy of one report of a device."""
        return self.signed(key, MAX_JOULES)

    def signed(self, key: str, most: float) -> float | None:
        """A number that may be sent as unsigned: 4294967292 is -4 (a meter in 8.3.5169_ACB_inventory)."""
        value = self.number(key)
        if value is not None and value.is_integer() and _SIGN <= value < _UNSIGNED:
            value -= _UNSIGNED
        if value is not None and abs(value) > most:
            self.reject(RANGE, key)
            return None
        return value

    def celsius(self, key: str) -> float | None:
        return self.number(key, low=-100, high=200)

    def fahrenheit(self, key: str) -> float | None:
        """Degrees Celsius from degrees Fahrenheit."""
        value = self.number(key, low=-148, high=392)
        return None if value is None else (value - 32) * 5 / 9

    def timestamp(self, key: str, *, latest: float | None = None) -> float | None:
        """Seconds since 1970, from 2000 to `latest`. Some documents send a text; 0 means never."""
        value = self.fields.get(key)
        is_text = isinstance(value, str) and _DIGITS.fullmatch(value)
        seconds = (self.of({key: int(str(value))}) if is_text else self).number(key)
        if not seconds:
            return None
        if not EARLIEST <= seconds <= LATEST:
            self.reject(CLOCK, key)
            return None
        return self.not_ahead(seconds, key, self.latest if latest is None else latest)

    def not_ahead(self, seconds: float | None, key: str, latest: float | None = None) -> float | None:
        """The time, unless it is later than the latest possible time of a date."""
        if seconds is not None and seconds > (self.latest if latest is None else latest):
            self.reject(CLOCK, key)
            return None
        return seconds

    # --- others

    def flag(self, key: str) -> bool | None:
        """A boolean; 0, 1 and texts are rejected."""
        if key not in self.fields:
            return None
        value = self.fields[key]
        if not isinstance(value, bool):
            self.reject(TYPE, key)
            return None
        return value

    def text(self, key: str) -> str | None:
        """A text for a label: no control characters, at most 64 characters. null is not rejected."""
        value = self.fields.get(key)
        if not isinstance(value, str):
            if value is not None:
                self.reject(TYPE, key)
            return None
        return clean(value)

    def is_one_of(self, key: str, texts: Collection[str]) -> bool | None:
        """Whether the text is one of these; None if it is missing, empty or "unknown"."""
        text = self.text(key)
        return text in texts if text and text != "unknown" else None

    def texts(self, key: str) -> frozenset[str] | None:
        """The texts of a list of flags; None if it is missing, or has an element that is not a text."""
        value = self.fields.get(key)
        if not isinstance(value, list):
            if value is not None:
                self.reject(TYPE, key)
            return None
        texts = frozenset(text for text in value if isinstance(text, str))
        if not all(isinstance(text, str) for text in value):
            self.reject(TYPE, key)
            return None
        return texts

    def serial(self, key: str) -> str | None:
        """The serial number of a device. A number becomes a text; an invalid one is rejected and never repaired."""
        value = self.fields.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_NUMBER:
            value = str(value)
        if not isinstance(value, str) or not _SERIAL.fullmatch(value):
            self.reject(LABEL, key)
            return None
        return value


def raw_number(fields: Fields, key: str) -> float | None:
    """A finite number, for comparisons only: it is rejected where it is read."""
    return FieldReader(fields, "").number(key)


def by_serial(readers: Iterable[FieldReader], key: str) -> Iterator[tuple[str, FieldReader]]:
    """The devices with their serial numbers; a second device with the same serial number is rejected."""
    found: set[str] = set()
    for reader in readers:
        name = reader.serial(key)
        if name is None:
            continue
        if name in found:
            reader.reject(DUPLICATE, key)
            continue
        found.add(name)
        yield name, reader
