"""Pseudorandom numbers as pure functions: a key always gives the same number, so any instant can be recomputed."""

from enum import IntEnum
from math import floor

_MASK = (1 << 64) - 1


class Purpose(IntEnum):
    """The purpose of a number: a part of every key, so that two uses are independent."""

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


def uniform(*key: int) -> float:
    """A number in [0, 1) for the key: the finaliser of splitmix64, once for each part."""
    mixed = 0
    for part in key:
        mixed = ((mixed ^ part) + 0x9E3779B97F4A7C15) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        mixed ^= mixed >> 31
    return (mixed >> 11) / 2**53


def drift(position: float, *key: int) -> float:
    """A number in [0, 1] that changes smoothly with the position; independent at whole numbers."""
    whole = floor(position)
    part = position - whole
    before = uniform(*key, whole)
    return before + (uniform(*key, whole + 1) - before) * part * part * (3.0 - 2.0 * part)


def around(middle: float, spread: float, *key: int) -> float:
    """A number within the spread around the middle."""
    return middle + spread * (2.0 * uniform(*key) - 1.0)
