"""The dates in a gateway's responses, on all endpoints: seconds since 1970, as numbers or as text."""

import re
from collections.abc import Callable

_INFO_TIME = re.compile(rb"(<time>)(\d{9,10})(?=</time>)")
_DATES = re.compile(
    rb'("(?:lastReportDate|endDate|created|timestamp|readingTime|last_rpt_date|createdAt)"\s*:\s*"?)(\d{10})(?!\d)'
)


def moved(body: bytes, seconds: int) -> bytes:
    """The body with all dates moved."""
    return redated(body, lambda date: date + seconds)


def redated(body: bytes, change: Callable[[int], int]) -> bytes:
    def other(match: re.Match[bytes]) -> bytes:
        return match[1] + str(change(int(match[2]))).encode()

    return _DATES.sub(other, _INFO_TIME.sub(other, body))
