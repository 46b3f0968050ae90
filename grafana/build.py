"""Writes grafana/dashboards/*.json: `python grafana/build.py`, or into the given folder."""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

import energy
import exporter
import grid
import home
import solar_panels

DASHBOARDS = {
    "home": home.dashboard(),
    "energy": energy.dashboard(),
    "panels": solar_panels.dashboard(),
    "grid-and-battery": grid.dashboard(),
    "exporter": exporter.dashboard(),
}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "dashboards"
    for name, dashboard in DASHBOARDS.items():
        (folder / f"{name}.json").write_text(
            json.dumps(dashboard, cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"
        )


if __name__ == "__main__":
    main()
