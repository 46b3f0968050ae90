"""The log of the exporter in the soak test: the number of lines in an hour of its clock, by kind."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from envoy_exporter.gateway.log_throttle import LINES_BEFORE_SUMMARY

HOUR = 3600
_LINE = re.compile(
    r'(?P<second>\d+) ts=\S+ level=(?P<level>\w+) msg=(?P<message>"[^"]*"|\S+)(?: gateway=(?P<gateway>\S+))?.*'
)
_KINDS = {
    "summaries": r"hourly summary",
    "last before a summary": r"flapping",
    "there again": r"endpoint recovered|gateway reachable|credentials accepted",
    "credentials rejected": r"credentials rejected",
    "endpoint lost": r"endpoint failed",
    "gateway lost": r"gateway unreachable",
}
OTHER, BUG = "other", "please report this bug"
THINGS = ("gateway", "serial", "firmware", "credentials")
"""What a state changes of, besides endpoints."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Counts of lines. `hours`: by gateway and hour. `closest_summaries`: the fewest seconds between two summaries."""

    hours: Counter[tuple[str, int]]
    kinds: Counter[str]
    bugs: int
    closest_summaries: float

    @property
    def most(self) -> int:
        return max(self.hours.values(), default=0)


def most_an_hour(endpoints: int) -> int:
    """The most log lines in an hour: LINES_BEFORE_SUMMARY about each subject that changes, and one summary."""
    return LINES_BEFORE_SUMMARY * (endpoints + len(THINGS)) + 1


def read(path: Path) -> Lines:
    """The counts of a log file. Raises ValueError for an invalid line."""
    hours: Counter[tuple[str, int]] = Counter()
    kinds: Counter[str] = Counter()
    summarised_at: dict[str, float] = {}
    bugs, closest = 0, float("inf")
    with path.open() as lines:
        for line in lines:
            match = _LINE.match(line)
            if match is None:
                raise ValueError(f"invalid log line: {line!r}")
            gateway, second, kind = match["gateway"] or "", int(match["second"]), _kind(match["message"])
            hours[gateway, second // HOUR] += 1
            kinds[kind] += 1
            bugs += BUG in line
            if kind == "summaries":
                closest = min(closest, second - summarised_at.get(gateway, float("-inf")))
                summarised_at[gateway] = second
    return Lines(hours, kinds, bugs, closest)


def _kind(message: str) -> str:
    return next((kind for kind, pattern in _KINDS.items() if re.search(pattern, message)), OTHER)
