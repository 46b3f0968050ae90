"""Values of HTTP headers."""

from datetime import UTC
from email.utils import parsedate_to_datetime


def seconds_until(date: str, now: float) -> float | None:
    """Seconds from `now` (since 1970) to an HTTP date; None if the text is not a date."""
    try:
        moment = parsedate_to_datetime(date)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):  # OverflowError: for the year 99999999999
        return None
