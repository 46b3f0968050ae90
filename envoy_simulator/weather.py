"""Sun and clouds at a site: the position of the sun, and the light on a panel."""

from functools import lru_cache
from math import cos, exp, floor, pi, radians, sin, sqrt
from typing import NamedTuple

from envoy_simulator.prng import Purpose, drift, uniform

DAY = 86400.0
_AXIAL_TILT = radians(23.44)


class Direction(NamedTuple):
    """A unit vector in the frame of the site."""

    east: float
    north: float
    up: float


def sun(latitude: float, longitude: float, instant: float) -> Direction:
    """The direction of the sun, to about a degree: mean solar time, a circular orbit, no refraction."""
    days = instant / DAY
    declination = -_AXIAL_TILT * cos(2 * pi * (days + 10) / 365.2425)
    hour_angle = 2 * pi * (days + longitude / 360 - 0.5)
    latitude_angle = radians(latitude)
    level = cos(declination) * cos(hour_angle)
    return Direction(
        east=-cos(declination) * sin(hour_angle),
        north=cos(latitude_angle) * sin(declination) - sin(latitude_angle) * level,
        up=sin(latitude_angle) * sin(declination) + cos(latitude_angle) * level,
    )


def solar_hour(longitude: float, instant: float) -> float:
    """Hours since the mean solar midnight of the site, 0 to 24; the habits of a household follow it."""
    return (instant / 3600 + longitude / 15) % 24


@lru_cache(maxsize=64)
def facing(azimuth: float, tilt: float) -> Direction:
    """The direction of a panel: azimuth in degrees clockwise from north, tilt in degrees from horizontal."""
    azimuth_angle, slope = radians(azimuth), radians(tilt)
    return Direction(sin(azimuth_angle) * sin(slope), cos(azimuth_angle) * sin(slope), cos(slope))


def clearness(seed: int, instant: float) -> float:
    """The share of direct light that the clouds let through, 0.05 to 1: bright and dull days, clouds and gusts."""
    dullness = uniform(seed, Purpose.CLOUDY_DAY, floor(instant / DAY)) ** 2
    cloud = 0.6 * drift(instant / 1500, seed, Purpose.CLOUD) + 0.4 * drift(instant / 240, seed, Purpose.GUST)
    return max(0.05, 1.0 - (0.25 + 1.1 * dullness) * cloud * sqrt(cloud))


def irradiance(direction: Direction, normal: Direction, clear: float) -> float:
    """Light on a panel as a share of the 1000 W/m2 at which peak power is measured; 0 at night."""
    if direction.up <= 0:
        return 0.0
    beam = 1.1 * exp(-0.14 / max(direction.up, 0.03))
    cosine = sum(a * b for a, b in zip(direction, normal, strict=True))
    scattered = (0.12 + 0.22 * (1.0 - clear)) * direction.up
    return clear * beam * max(0.0, cosine) + scattered
