"""Functions for the reports of devices: their age, and the mean power of an interval."""

import math
from collections.abc import Sequence

from envoy_exporter.documents import Documents
from envoy_exporter.fields import MAX_WATTS, FieldReader

from . import sanity_checks


def is_fresh(last_report: float | None, documents: Documents, maximum_age: float) -> bool:
    """Whether a report is new enough, by the gateway's clock, which dates the reports too.

    A report from the future is fresh; without a usable clock, every report is.
    """
    if last_report is None:
        return False
    clock = sanity_checks.gateway_clock(documents)
    return clock is None or clock - last_report <= maximum_age


def report_time(report: FieldReader, key: str, documents: Documents, maximum_age: float) -> tuple[float | None, bool]:
    """The time of a report, and whether it is fresh. A time too far in the future is rejected, but counts as fresh."""
    last_report = report.timestamp(key, latest=math.inf)
    return report.not_ahead(last_report, key), is_fresh(last_report, documents, maximum_age)


def mean_watts(energy: float | None, seconds: float | None) -> float | None:
    """The mean power of a report's interval; None if the interval is too short for the energy."""
    if energy is None or not seconds or seconds < 0 or abs(energy) > MAX_WATTS * seconds:
        return None
    return energy / seconds


def complete_sum(values: Sequence[float | None]) -> float | None:
    """The sum; None if a value is missing, as the sum of the others is another number."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
