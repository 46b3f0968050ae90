"""The history on which dashboards are tested: a Prometheus with eight simulated sites whose energy is known."""

import fcntl
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from dashboards.site_history import History, Window, when, write, write_all
from dashboards.sites import JOB, OTHERS, SITES, Truth
from support.prometheus import program
from support.rules import recording_rules
from support.tsdb import fill_in, serve

FIRST, COUNT = date(2025, 6, 12), 2
"""Whole local days; the history continues until `NOW` on the next day."""
NOW = datetime(2025, 6, 14, 18, tzinfo=UTC).timestamp()
"""Noon in America, a quarter past solar six in Ghent: it is daylight everywhere."""
DENSE = NOW - 6 * 3600
EVERY = 120.0
WINDOWS = [Window(site, FIRST, COUNT, until=NOW + 60) for site in (*SITES, *OTHERS)]


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Written once, by the first process; each process has its own Prometheus on a copy."""
    program("prometheus")
    root = tmp_path_factory.getbasetemp()
    shared = (root.parent if root.name.startswith("popen-") else root) / "history"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "truth.json").exists():
            shutil.rmtree(shared / "data", ignore_errors=True)
            _make(shared)
    data = tmp_path_factory.mktemp("prometheus") / "data"
    shutil.copytree(shared / "data", data)
    truths = {
        window.site.instance: Truth.of(window.site, joules)
        for window, joules in zip(WINDOWS, json.loads((shared / "truth.json").read_text()), strict=True)
    }
    start = max(window.start for window in WINDOWS)
    with serve(data) as prometheus:
        yield History(prometheus, JOB, SITES, OTHERS, start, DENSE, NOW, tuple(WINDOWS[0].days), truths)


def _make(folder: Path) -> None:
    """Write the data; truth.json comes last, because it marks the data as complete."""
    data = folder / "data"
    truths = write(WINDOWS, data, inverters=True)
    for window in WINDOWS:
        write_all(window.site, DENSE, NOW, EVERY, data, gateways=len(WINDOWS) if window == WINDOWS[-1] else 0)
    fill_in(recording_rules(), data, when(WINDOWS))
    (folder / "truth.json").write_text(json.dumps([truths[window.site.instance].to_dict() for window in WINDOWS]))
