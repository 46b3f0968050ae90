"""`--demo`: a simulated gateway and the config that scrapes it. A simulated day takes twenty minutes."""

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
"""Seconds. Production changes fast in the demo, and the simulated gateway can be polled as often."""
ARRAY_NAMES = (LabelText("south"), LabelText("west"))
MODULES_PER_ROW = 5


@contextlib.contextmanager
def running() -> Iterator[Config]:
    """Run the simulated gateway while the context lasts, and give the config for it."""
    with Simulator(PROFILE, tls=False, day=DAY, report_interval=REPORT_INTERVAL) as simulator:
        yield Config(gateways=(gateway(simulator),))


def gateway(simulator: Simulator) -> Gateway:
    address, _, port = simulator.address.rpartition(":")
    return Gateway(
        host=Host(simulator.address, address, int(port)),
        name="demo",
        scheme=Scheme("http"),
        serial=Serial(simulator.serial),
        token=Token(Secret(simulator.token)),
        inverter_max_age=Duration(4.0 * REPORT_INTERVAL),
        collectors={name: CollectorSettings(max_age=Duration(age)) for name, age in AGES.items()},
        inverters=dict(_inverters()),
        arrays={
            name: Array(azimuth=Azimuth(array.azimuth), tilt=Tilt(array.tilt))
            for name, array in zip(ARRAY_NAMES, PROFILES[PROFILE].design.arrays, strict=True)
        },
    )


def _inverters() -> Iterator[tuple[InverterSerial, Inverter]]:
    """The inverters of each array, row by row from the top left."""
    count: Counter[str] = Counter()
    for inverter in PROFILES[PROFILE].design.inverters:
        array = ARRAY_NAMES[inverter.array]
        row, column = divmod(count[array], MODULES_PER_ROW)
        count[array] += 1
        yield (
            InverterSerial(inverter.serial),
            Inverter(
                name=LabelText(f"{array[0].upper()}{count[array]}"),
                array=array,
                row=Position(str(row + 1)),
                column=Position(str(column + 1)),
                peak_power=PeakWatts(inverter.peak_watts),
            ),
        )
