"""The dates in a gateway's responses, on all endpoints: seconds since 1970, as numbers or as text."""

import re
from collections.abc import Callable

_INFO_TIME = re.compile(rb"(<time>)(\d{9,10})(?=</time>)")
_DATES = re.compile(
    rb'("(?:lastReportDate|endDate|created|timestamp|readingTime|last_rpt_date|createdAt)"\s*:\s*"?)(\d{10})(?!\d)'
)


def shift_dates(body: bytes, seconds: int) -> bytes:
    """The body with all dates later by this many seconds."""
    return replace_dates(body, lambda date: date + seconds)


def replace_dates(body: bytes, change: Callable[[int], int]) -> bytes:
    """The body with every date replaced by what `change` returns for it."""

    def replacement(match: re.Match[bytes]) -> bytes:
        return match[1] + str(change(int(match[2]))).encode()

    return _DATES.sub(replacement, _INFO_TIME.sub(replacement, body))
