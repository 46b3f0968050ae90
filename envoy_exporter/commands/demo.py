"""`--demo`: a simulated gateway to look at, and the config that scrapes it. The sun's day takes twenty minutes."""

import contextlib
from collections import Counter
from collections.abc import Iterator

from envoy_exporter.config import Array, Config, Gateway, Host, Inverter
from envoy_exporter.config.model import (
    Azimuth,
    CollectorSettings,
    Duration,
    InverterSerial,
    LabelText,
    PeakWatts,
    Position,
    Scheme,
    Serial,
    Tilt,
    Token,
)
from envoy_exporter.secret import Secret
from envoy_simulator import PROFILES, Simulator

PROFILE = "8.3"
DAY = 1200.0
REPORT_INTERVAL = 30
AGES = {"production": 10.0, "batteries": 10.0, "inverters": 30.0}
"""Seconds: this gateway bears to be asked as often as its sun moves."""
SIDES = (LabelText("south"), LabelText("west"))
MODULES_A_ROW = 5


@contextlib.contextmanager
def running() -> Iterator[Config]:
    """The gateway answers as long as the context lasts."""
    with Simulator(PROFILE, tls=False, day=DAY, report_interval=REPORT_INTERVAL) as simulated:
        yield Config(gateways=(gateway(simulated),))


def gateway(simulated: Simulator) -> Gateway:
    address, _, port = simulated.address.rpartition(":")
    return Gateway(
        host=Host(simulated.address, address, int(port)),
        name="demo",
        scheme=Scheme("http"),
        serial=Serial(simulated.serial),
        token=Token(Secret(simulated.token)),
        inverter_max_age=Duration(4.0 * REPORT_INTERVAL),
        collectors={name: CollectorSettings(max_age=Duration(age)) for name, age in AGES.items()},
        inverters=dict(_inverters()),
        arrays={
            side: Array(azimuth=Azimuth(array.azimuth), tilt=Tilt(array.tilt))
            for side, array in zip(SIDES, PROFILES[PROFILE].design.arrays, strict=True)
        },
    )


def _inverters() -> Iterator[tuple[InverterSerial, Inverter]]:
    """Each side of the roof filled row by row, from the top left."""
    count: Counter[str] = Counter()
    for each in PROFILES[PROFILE].design.inverters:
        side = SIDES[each.array]
        row, column = divmod(count[side], MODULES_A_ROW)
        count[side] += 1
        yield (
            InverterSerial(each.serial),
            Inverter(
                name=LabelText(f"{side[0].upper()}{count[side]}"),
                array=side,
                row=Position(str(row + 1)),
                column=Position(str(column + 1)),
                peak_power=PeakWatts(each.peak_watts),
            ),
        )
