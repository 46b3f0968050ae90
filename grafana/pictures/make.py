"""`make pictures`: draws each dashboard into docs/pictures/, from a Prometheus with the history of simulated systems.

It takes some minutes for each month of history: `make pictures MONTHS=1` for a first look.
"""

import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from dashboards.site_history import Window, pieces, when, write_all
from dashboards.sites import JOB, SITES, Site, Truth
from support.dashboard_view import View
from support.rules import recording_rules
from support.tsdb import fill_in, serve, write_blocks

from draw import picture

ROOT = Path(__file__).parent.parent.parent
LAST = date(2025, 6, 14)
NOW = datetime(2025, 6, 14, 23, 30, tzinfo=UTC).timestamp()
"""Half past four in the afternoon in California, half past five in Colorado."""
DAY = 86400.0
SHOWN = {
    "everything": {"home": "24h", "energy": "2d", "grid-and-battery": "24h"},
    "battery": {"panels": "24h", "exporter": "12h"},
}
"""By system: its dashboards, and the time range of each. Only the second system reports voltages of inverters."""
A_WEEK_OF_INVERTERS = 9
SPARSE = 240.0
"""Seconds between samples that no chart shows; less than the five minutes for which Prometheus uses a sample."""
METER = "net-consumption"
"""The grid meter, which the dashboard Grid and battery selects by default."""


def past(site: Site, days: int, data: Path) -> None:
    window = Window(site, LAST - timedelta(days), days + 1, until=NOW + 60)
    for piece in pieces(window, Truth(site)):
        write_blocks(piece.lines(inverters=piece.end > NOW - A_WEEK_OF_INVERTERS * DAY), data)
    write_all(site, max(window.start, NOW - (A_WEEK_OF_INVERTERS + 1) * DAY), NOW - DAY - SPARSE, SPARSE, data)
    write_all(site, NOW - DAY, NOW, 60.0, data, gateways=1)
    fill_in(recording_rules(), data, when([window]))


def draw_all(site: Site, data: Path, into: Path) -> None:
    with serve(data) as prometheus:
        chosen = {"job": JOB, "instance": site.instance, "meter": METER}
        for name, began in SHOWN[site.instance].items():
            picture(View(prometheus, name, NOW, site.zone, chosen, began), into / f"{name}.png")


def main() -> None:
    months = int(sys.argv[1])
    into = ROOT / "docs" / "pictures"
    into.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for site in SITES:
            if site.instance in SHOWN:
                data = Path(folder) / site.instance
                days = round(30.4 * months) if "energy" in SHOWN[site.instance] else A_WEEK_OF_INVERTERS
                past(site, days, data)
                draw_all(site, data, into)


if __name__ == "__main__":
    main()
