"""Chance as a pure function: the same key gives the same number for ever, so any instant can be computed again."""

from enum import IntEnum
from math import floor

_MASK = (1 << 64) - 1


class Purpose(IntEnum):
    """What a number is drawn for; the second part of every key, so that no two uses share their luck."""

    CLOUDY_DAY = 1
    CLOUD = 2
    GUST = 3
    HABIT = 4
    APPLIANCE = 5
    DEVICE = 6
    VOLTAGE = 7
    FREQUENCY = 8
    LATENCY = 9
    FAULT = 10


def chance(*key: int) -> float:
    """A number in [0, 1) that belongs to the key: the finaliser of splitmix64, once for each part."""
    mixed = 0
    for part in key:
        mixed = ((mixed ^ part) + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        mixed ^= mixed >> 31
    return (mixed >> 11) / 2**53


def drift(position: float, *key: int) -> float:
    """A number in [0, 1] that wanders smoothly with the position, by about one throw of the dice a whole number."""
    whole = floor(position)
    part = position - whole
    before = chance(*key, whole)
    return before + (chance(*key, whole + 1) - before) * part * part * (3.0 - 2.0 * part)


def around(middle: float, spread: float, *key: int) -> float:
    """The middle, give or take the spread."""
    return middle + spread * (2.0 * chance(*key) - 1.0)
