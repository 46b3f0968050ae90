"""What reports of devices have in common: how old they are, and the units they come in."""

from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents
from envoy_exporter.fields import Fields, Reject, number, peek, scaled

from . import sanity_checks

MOST_WATTS = 100_000
"""No inverter comes near it, by day or by night."""
MOST_JOULES = 1e9
"""Nor a report near so much: a kilowatt for eleven days."""
_SIGN, _UNSIGNED = 2**31, 2**32


def is_fresh(last_report: float | None, seen: Documents, maximum_age: float) -> bool:
    """By the gateway's clock, which dates the reports too. From the future is fresh; and so is all, without a clock."""
    if last_report is None:
        return False
    clock = sanity_checks.gateway_clock(seen)
    return clock is None or clock - last_report <= maximum_age


def thousandth(fields: Fields, key: str, reject: Reject) -> float | None:
    """Of mV, mA and mHz, none of which is below 0."""
    return scaled(number(fields, key, reject, low=0), divided=1000)


def celsius(fields: Fields, key: str, reject: Reject) -> float | None:
    return number(fields, key, reject, low=-100, high=200)


def signed(fields: Fields, key: str, reject: Reject, most: float) -> float | None:
    """Printed as if unsigned: 4294967292 is -4, of a meter in 8.3.5169_ACB_inventory. No other number is mended."""
    found = number(fields, key, reject)
    if found is not None and found.is_integer() and _SIGN <= found < _UNSIGNED:
        found -= _UNSIGNED
    if found is not None and abs(found) > most:
        reject(json_fields.RANGE, key)
        return None
    return found


def watts(fields: Fields, key: str, reject: Reject) -> float | None:
    return signed(fields, key, reject, MOST_WATTS)


def joules(fields: Fields, key: str, reject: Reject) -> float | None:
    """Of one report."""
    return signed(fields, key, reject, MOST_JOULES)


def mean_watts(energy: float | None, report: Fields) -> float | None:
    """Over the report's interval; None where that is too short for so much energy."""
    seconds = peek(report, "duration")
    if energy is None or not seconds or seconds < 0 or abs(energy) > MOST_WATTS * seconds:
        return None
    return energy / seconds
