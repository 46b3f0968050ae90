"""The counts of a test run, for the summary at its end. They are summed over all processes of the run."""

from collections import Counter
from collections.abc import Iterator

import pytest

_TALLIES = pytest.StashKey[dict[str, Counter[str]]]()


def tally(config: pytest.Config, title: str) -> Counter[str]:
    """The counts of a title, which a test increases."""
    return config.stash.setdefault(_TALLIES, {}).setdefault(title, Counter())


def send_counts(config: pytest.Config) -> None:
    """Sends the counts of a worker process to the process that started it."""
    output: dict[str, object] | None = getattr(config, "workeroutput", None)
    if output is not None:
        output["tallies"] = {title: dict(counts) for title, counts in config.stash.get(_TALLIES, {}).items()}


def merge_counts(config: pytest.Config, output: dict[str, dict[str, dict[str, int]]]) -> None:
    """Adds the counts of a worker process; for those that begin with "maximum" takes the maximum."""
    for title, counts in output.get("tallies", {}).items():
        own = tally(config, title)
        for what, count in counts.items():
            own[what] = max(own[what], count) if what.startswith("maximum ") else own[what] + count


def summary_lines(config: pytest.Config) -> Iterator[str]:
    """The lines of the summary."""
    for title, counts in sorted(config.stash.get(_TALLIES, {}).items()):
        if counts and title == "captures":
            yield f"captures: {len(counts)} gateways, {counts.total():,} numbers checked"
        elif counts:
            yield f"{title}: {', '.join(f'{count:,} {what}' for what, count in sorted(counts.items()))}"
