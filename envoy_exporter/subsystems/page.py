"""The page of firmware below 3.9: three significant digits, so energy comes in steps of up to 1 MWh."""

import re

from envoy_exporter.documents import Json

POWER, TODAY, WEEK, LIFETIME = "Currently", "Today", "Past Week", "Since Installation"
_ROW = re.compile(
    r"(Currently|Today|Past Week|Since Installation)\s*(?:<[^<>]*>\s*)+(\d+(?:\.\d+)?)\s*([kMG]?)(?:Wh?)\b"
)
_PREFIX = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}


def rows(page: Json) -> tuple[dict[str, float], float]:
    """The rows of its table in W and Wh, none of another page; and the step of the lifetime's last digit."""
    found: dict[str, float] = {}
    step = 1.0
    for row, value, prefix in _ROW.findall(page if isinstance(page, str) else ""):
        found[row] = float(value) * _PREFIX[prefix]
        if row == LIFETIME:
            step = _PREFIX[prefix] / 10 ** len(value.partition(".")[2])
    return found, step
