"""`make pictures`: a simulated plant's past in a real Prometheus, and each dashboard drawn from it into docs/pictures/.

Takes some minutes for each month of the past: `make pictures MONTHS=1` for a first look.
"""

import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from dashboards.past import Window, pieces, when, write_all
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
"""By plant: its dashboards, and the time that each shows. Only the second tells voltages of inverters."""
A_WEEK_OF_INVERTERS = 9
SEEN = 240.0
"""Seconds after which a sample is still seen: so often is enough for what is on no chart of a week."""
METER = "net-consumption"
"""The grid's, which Grid and battery shows until somebody chooses another."""


def past(site: Site, days: int, data: Path) -> None:
    window = Window(site, LAST - timedelta(days), days + 1, until=NOW + 60)
    for piece in pieces(window, Truth(site)):
        write_blocks(piece.lines(inverters=piece.end > NOW - A_WEEK_OF_INVERTERS * DAY), data)
    write_all(site, max(window.start, NOW - (A_WEEK_OF_INVERTERS + 1) * DAY), NOW - DAY - SEEN, SEEN, data)
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
